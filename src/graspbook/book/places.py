"""Where a claim is shown: the page, the section and the figure with the table that it is about."""

import re
from dataclasses import dataclass

import nbformat

from graspbook.book.contents import Contents, Page
from graspbook.book.pictures import pictures_of
from graspbook.pipeline.sources import read_notebook


@dataclass(frozen=True)
class Place:
    """Where a claim's numbers are shown: a page, the heading there, and the picture of it, if it has one.

    Attributes:
        docname: The name of the page.
        heading: The heading of the section, in words.
        figure: The anchor of the picture; "" where there is none.
    """

    docname: str
    heading: str
    figure: str


def shown_at(contents: Contents, slug: str, table: str) -> Place | None:
    """Where a table of a paper is shown; None before the table was written.

    The page is that of the stage that wrote the table; the heading and the figure are those of the first section whose
    code names the table, or that is called as the paper calls it.

    Args:
        contents: The contents of the book.
        slug: The slug of the paper.
        table: The name of the table, such as `table_1`.
    """
    for page in (page for chapter in contents.chapters[slug] for page in chapter.pages):
        if (contents.root / page.reports / f"{table}.csv").exists():
            heading, picture = _section(read_notebook(contents.root / page.executed), page, table)
            return Place(page.docname, heading, picture)
    return None


def figure_name(page: Page, number: int) -> str:
    """The anchor of the picture of the n-th cell with a picture on a page."""
    return f"figure-{page.docname.replace('/', '-')}-{number}"


def _section(notebook: nbformat.NotebookNode, page: Page, table: str) -> tuple[str, str]:
    """The heading of the section that writes a table, and the anchor of the first picture from there on."""
    heading, found, pictures = "", "", 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (headings := re.findall(r"^#{2,} (.+)$", cell.source, re.MULTILINE)):
            heading = headings[-1]
        elif cell.cell_type == "code":
            # the cell that writes the table names it as a file, and has it as its output
            if not found and cell.outputs and re.search(rf"write_table\(.*[\"']{table}[\"']", cell.source, re.DOTALL):
                found = heading
            if pictures_of(cell):
                pictures += 1
                if found:
                    return found, figure_name(page, pictures)
    return found, ""
