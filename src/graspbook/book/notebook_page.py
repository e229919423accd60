"""An executed notebook as a page: what is not for readers is folded or stands at the end, the links work in the site.

The notebook in `reports/` is never changed: all this happens while it is copied among the sources of the site.
"""

import ast
import re

import nbformat

from graspbook.book.contents import Page, opening_text
from graspbook.book.links import Links
from graspbook.book.parameters import is_parameters, join_parameters
from graspbook.book.pictures import describe_pictures
from graspbook.core.errors import InputError

FILES_TABLE = re.compile(r"^\|\s*reads\s*\|.*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
"""The table of what a notebook reads, writes and costs, to the next empty line."""
RUN = "How to run this page"


def notebook_page(notebook: nbformat.NotebookNode, page: Page, links: Links) -> nbformat.NotebookNode:
    """Turn an executed notebook into a page of the site.

    Args:
        notebook: The executed notebook, changed in place.
        page: The page that it becomes.
        links: The links of the site, which resolve the notebook's and record what they need.

    Returns:
        The notebook: one folded cell of parameters, folded imports, pictures with alternative texts, tables whose
        colours suit a dark background, the table of files at the end beside how to run the page.

    Raises:
        InputError: A cell is not as the runner leaves it.
    """
    name = page.executed.as_posix()
    opening_text(notebook, page.executed)
    notebook.cells = [part for cell in join_parameters(notebook.cells, name) for part in _split(cell, name)]
    tables = _take_files_tables(notebook.cells)
    if page.key:
        title, _, rest = notebook.cells[0].source.partition("\n")
        notebook.cells[0].source = f"{title}: {page.key}\n{rest}"
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type != "markdown" or cell.source.strip()]
    notebook.cells.append(nbformat.v4.new_markdown_cell(_ending(page, tables, links)))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = links.rewrite(cell.source, page.executed, page.docname)
        else:
            _fold(cell, name)
            _outputs(cell, page, links)
    describe_pictures(notebook)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    return notebook


def import_lines(code: str, name: str) -> int:
    """How many lines at the top of a cell are imports, or stand between imports; 0 where it begins otherwise.

    Args:
        code: The Python code of the cell.
        name: The name of the file, for the error message.

    Raises:
        InputError: The code is not Python.
    """
    plain = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in code.splitlines())
    try:
        statements = ast.parse(plain).body
    except SyntaxError as error:
        raise InputError(f"{name}: line {error.lineno} of a code cell is not Python: {error.msg}") from None
    last = 0
    for statement in statements:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            break
        last = statement.end_lineno
    return last


def is_setup(code: str, name: str) -> bool:
    """Whether a cell only sets up: imports, then assignments that open the page, with no function to read."""
    if not import_lines(code, name):
        return False
    return "open_page(" in code and not re.search(r"^(?:def|class) ", code, re.MULTILINE)


def _split(cell: nbformat.NotebookNode, name: str) -> list[nbformat.NotebookNode]:
    """A code cell; where functions follow its imports, two: the imports will be folded, the functions will not."""
    if cell.cell_type != "code" or is_parameters(cell) or is_setup(cell.source, name):
        return [cell]
    imports, lines = import_lines(cell.source, name), cell.source.splitlines()
    if not imports or imports == len(lines):
        return [cell]
    top = nbformat.v4.new_code_cell("\n".join(lines[:imports]))
    cell.source = "\n".join(lines[imports:]).strip("\n")
    return [top, cell]


def _fold(cell: nbformat.NotebookNode, name: str) -> None:
    """Fold parameters and imports, each under words that say what is there."""
    if is_parameters(cell):
        what = "the parameters of this run"
    elif is_setup(cell.source, name) or import_lines(cell.source, name) == len(cell.source.splitlines()) > 0:
        what = "the imports"
    else:
        return
    cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "hide-input"})
    cell.metadata["mystnb"] = {"code_prompt_show": f"Show {what}", "code_prompt_hide": f"Hide {what}"}


def _outputs(cell: nbformat.NotebookNode, page: Page, links: Links) -> None:
    for output in cell.outputs:
        data = output.get("data", {})
        if "text/markdown" in data:
            data["text/markdown"] = links.rewrite(data["text/markdown"], page.executed, page.docname)
        if "text/html" in data:
            data["text/html"] = readable_colours(data["text/html"])


def readable_colours(html: str) -> str:
    """A table's HTML in which muted grey is the theme's own, readable on a light and on a dark background."""
    return re.sub(r"(?<![-\w])color:\s*#(?:777|888|999|666)\b", "color: var(--pst-color-text-muted)", html)


def _take_files_tables(cells: list[nbformat.NotebookNode]) -> list[str]:
    """Take the tables of files out of the prose; returns them."""
    taken = []
    for cell in cells:
        if cell.cell_type == "markdown":
            taken += [match[0] for match in FILES_TABLE.finditer(cell.source)]
            cell.source = FILES_TABLE.sub("", cell.source).strip("\n")
    return taken


def _ending(page: Page, tables: list[str], links: Links) -> str:
    """How to run the page, and what it reads, writes and costs."""
    lines = [
        f"## {RUN}",
        "",
        f"This page is [`{page.source.name}`]({links.download(page.source, page.docname)}) as the pipeline ran it.",
    ]
    lines += ["Run it again, with whatever it needs, from the top of the repository:", ""]
    lines += ["```sh", f"dvc repro {page.stage}", "```", ""]
    lines += [f"Or open it with `make notebooks`: `{page.source.relative_to('notebooks').as_posix()}`.", ""]
    for table in tables:
        lines += ["What it reads, writes and costs:", "", table.rstrip(), ""]
    return "\n".join(lines)
