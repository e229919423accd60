"""What the book consists of: its papers, the chapters of each, and the executed pages of each chapter.

Nothing is listed by hand. A paper is in the book as soon as `papers/<slug>.yaml` and `reports/<slug>/` exist; its
chapters are its notebooks in reading order, and the pages of a chapter are the executed copies that its stages left.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from graspbook.core.errors import InputError
from graspbook.papers import Paper, load_paper
from graspbook.papers.order import in_reading_order
from graspbook.pipeline.run_notebook import EXECUTED
from graspbook.pipeline.sources import read_notebook, source_notebooks
from graspbook.pipeline.stages import Stage, notebook_stages


@dataclass(frozen=True)
class Page:
    """One executed notebook.

    Attributes:
        docname: The name of the page in the site, such as `selfsup/train/grasp-100`.
        executed: The executed notebook, relative to the repository, as all paths here.
        source: The notebook that was run.
        stage: The name of the stage, as `dvc repro` takes it: `notebooks/selfsup/dvc.yaml:train@grasp-100`.
        key: The name of the member of a family; "" where the stage runs once.
        reports: The folder of reports of the stage.
    """

    docname: str
    executed: Path
    source: Path
    stage: str
    key: str
    reports: Path


@dataclass(frozen=True)
class Chapter:
    """One source notebook and its executed copies.

    Attributes:
        source: The source notebook, relative to the repository.
        title: The heading of the notebook.
        learned: The sentence that says what one learns from it, in Markdown without links; "" where there is none.
        pages: The executed copies; none before the first run.
    """

    source: Path
    title: str
    learned: str
    pages: tuple[Page, ...]

    @property
    def docname(self) -> str | None:
        """Where a link to the chapter leads: to its page, or to the list of its pages; None where there is none."""
        if not self.pages:
            return None
        if not self.is_family:
            return self.pages[0].docname
        return self.source.relative_to("notebooks").with_suffix("").as_posix()

    @property
    def is_family(self) -> bool:
        """Whether the notebook is run once for each member of a family."""
        return len(self.pages) > 1 or any(page.key for page in self.pages)


@dataclass(frozen=True)
class Contents:
    """The whole book.

    Attributes:
        root: The repository.
        papers: The papers by slug, in reading order.
        chapters: The chapters of each paper by its slug, in reading order; those of the book itself under "".
    """

    root: Path
    papers: dict[str, Paper]
    chapters: dict[str, tuple[Chapter, ...]]

    def pages(self) -> list[Page]:
        """Every executed page, paper by paper in reading order."""
        return [page for chapters in self.chapters.values() for chapter in chapters for page in chapter.pages]


def read_contents(root: Path) -> Contents:
    """Find the papers, chapters and pages.

    Args:
        root: The repository, or the workspace of a profile with its sources.

    Raises:
        InputError: A paper's file, a pipeline file or a notebook cannot be read, or two pages would have one name.
    """
    described = root / "src/graspbook/papers"
    run = (path.stem for path in described.glob("*.yaml") if (root / "reports" / path.stem).is_dir())
    slugs = in_reading_order(run)
    stages = notebook_stages(root)
    chapters = {slug: _chapters(root, slug, stages) for slug in ("", *slugs)}
    contents = Contents(root, {slug: load_paper(slug, described) for slug in slugs}, chapters)
    names: dict[str, Path] = {}
    for page in contents.pages():
        if page.docname in names:
            raise InputError(f"{page.executed}: the book has a page of that name already, {names[page.docname]}")
        names[page.docname] = page.executed
    return contents


def _chapters(root: Path, slug: str, stages: list[Stage]) -> tuple[Chapter, ...]:
    folder = root / "notebooks" / slug
    return tuple(_chapter(root, path, stages) for path in source_notebooks(root) if path.parent == folder)


def _chapter(root: Path, path: Path, stages: list[Stage]) -> Chapter:
    source = path.relative_to(root)
    opening = opening_text(read_notebook(path), source)
    pages = [page for stage in stages if stage.notebook == source for page in _pages(root, stage)]
    return Chapter(source, opening.splitlines()[0].removeprefix("# ").strip(), learned(opening), tuple(pages))


def _pages(root: Path, stage: Stage) -> list[Page]:
    if stage.folder == stage.reports:
        executed = stage.reports / EXECUTED
        found = [Page(_docname(stage.reports), executed, stage.notebook, stage.address, "", stage.reports)]
        return found if (root / executed).exists() else []
    keys = sorted((copy.parent.name for copy in (root / stage.folder).glob(f"*/{EXECUTED}")), key=_in_order)
    return [
        Page(
            _docname(stage.folder / key),
            stage.folder / key / EXECUTED,
            stage.notebook,
            f"{stage.address}@{key}",
            key,
            stage.folder / key,
        )
        for key in keys
    ]


def _docname(reports: Path) -> str:
    name = reports.relative_to("reports").as_posix()
    return name if "/" in name else f"{name}/notebook"  # a page of the book itself, such as `claims`


def _in_order(key: str) -> tuple[int, str]:
    """Numbers by their value, before words in alphabetical order."""
    return (int(key), "") if key.isdigit() else (10**9, key)


def opening_text(notebook: nbformat.NotebookNode, name: Path) -> str:
    """The first cell of a notebook.

    Args:
        notebook: The notebook.
        name: The path of its file, for the error message.

    Raises:
        InputError: The cell is not Markdown, or does not begin with a heading.
    """
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        raise InputError(f"{name}: the first cell should be Markdown that begins with a heading '# ...'")
    return first.source


def learned(opening: str) -> str:
    """The sentence after "You will learn" in a notebook's first cell, on one line and without links."""
    found = re.search(r"\*\*You will learn\*\* (.*?)(?:\n\n|$)", opening, re.DOTALL)
    return " ".join(without_links(found[1]).split()) if found else ""


def without_links(markdown: str) -> str:
    """Markdown with each link replaced by its text."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
