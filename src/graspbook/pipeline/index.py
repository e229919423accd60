"""`reports/README.md`: the papers with their headlines, and the pages of each in reading order.

The table of papers stands in the repository's README too, between two marks; `graspbook readme` copies it there.
"""

import re
from pathlib import Path

from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.papers import load_paper
from graspbook.papers.about import load_about
from graspbook.papers.order import in_reading_order
from graspbook.papers.registration import load_registration
from graspbook.pipeline.run_notebook import EXECUTED
from graspbook.pipeline.sources import read_notebook, source_notebooks
from graspbook.pipeline.stages import Stage, notebook_stages, pipeline_files, slug_of
from graspbook.reporting.registered.ledger import REGISTERED, read_registered, standing

INDEX = Path("reports/README.md")
NOT_RUN = "not run yet"
"""Of a page, or of a paper whose claims have not been judged."""
BEGIN, END = "<!-- papers: copied from reports/README.md by `graspbook readme` -->", "<!-- end of papers -->"


def write_index(root: Path) -> Path:
    """Write the index; returns the file.

    Args:
        root: The repository, or a workspace.
    """
    write_text(root / INDEX, index_text(root))
    return root / INDEX


def index_text(root: Path) -> str:
    """The index as Markdown: the papers, then for each its notebooks, what one learns, links to the executed copies.

    Args:
        root: The repository, or a workspace.
    """
    stages = {stage.notebook: stage for stage in notebook_stages(root)}
    lines = ["# The pages of this book", ""]
    lines += ["Each page is a notebook that the pipeline executed, with its results. This list is written by it, too."]
    lines += ["", papers_table(root)]
    lines += ["", *(f"- {_entry(root, path, stages)}" for path in _pages(root, root / "notebooks"))]
    for slug in _slugs(root):
        lines += ["", f"## {load_paper(slug).title}", "", "| page | you will learn |", "| --- | --- |"]
        for path in _pages(root, root / "notebooks" / slug):
            lines.append(f"| {_entry(root, path, stages)} | {_learned(path)} |")
    return "\n".join(lines) + "\n"


def papers_table(root: Path) -> str:
    """A Markdown table with a line per paper: its links, its question, its headline, how many of its claims hold.

    Args:
        root: The repository, or a workspace.
    """
    ledger = read_registered(root / REGISTERED)
    lines = ["| paper | it asks | found here | claims |", "| --- | --- | --- | --- |"]
    for slug in _slugs(root):
        paper, found = load_paper(slug), standing(ledger, slug, load_registration(slug))
        links = ", ".join(f"[{name}]({address})" for name, address in load_about(slug).links.items())
        share = found.share if sum(found.counts.values()) else NOT_RUN
        lines.append(f"| {paper.title} ({links}) | {paper.question} | {found.headline} | {share} |")
    return "\n".join(lines)


def with_papers(readme: str, table: str) -> str:
    """The text of a README with the table of papers between its marks.

    Args:
        readme: The text of the README.
        table: The table of papers as Markdown.

    Raises:
        InputError: A mark is missing.
    """
    if BEGIN not in readme or END not in readme:
        raise InputError(f"README.md: expected the lines '{BEGIN}' and '{END}'")
    before, rest = readme.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END, 1)[1]}"


def _slugs(root: Path) -> list[str]:
    return in_reading_order({slug_of(path.relative_to(root)) for path in pipeline_files(root)} - {""})


def _pages(root: Path, folder: Path) -> list[Path]:
    return [path for path in source_notebooks(root) if path.parent == folder]


def _entry(root: Path, path: Path, stages: dict[Path, Stage]) -> str:
    """The title of a page, linked to its executed copies."""
    title = _opening(path).splitlines()[0].removeprefix("# ")
    stage = stages.get(path.relative_to(root))
    if stage is None:
        return title
    if stage.folder == stage.reports:
        copy = stage.reports / EXECUTED
        return f"[{title}]({_link(copy)})" if (root / copy).exists() else f"{title} ({NOT_RUN})"
    copies = sorted(copy.relative_to(root) for copy in (root / stage.folder).glob(f"*/{EXECUTED}"))
    if not copies:
        return f"{title} ({NOT_RUN})"
    return f"{title}: " + ", ".join(f"[{copy.parent.name}]({_link(copy)})" for copy in copies)


def _link(path: Path) -> str:
    return path.relative_to("reports").as_posix()


def _learned(path: Path) -> str:
    found = re.search(r"\*\*You will learn\*\* (.*?)(?:\n\n|$)", _opening(path), re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[1]) if found else ""
    return " ".join(text.split()).replace("|", "\\|")


def _opening(path: Path) -> str:
    return read_notebook(path).cells[0].source
