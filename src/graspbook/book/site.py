"""From the repository to the site: write the sources of every page, have Sphinx build them, check what it built.

Nothing is executed. The same repository gives the same bytes, so that a site can be compared, and kept in git or on a
server without changes that mean nothing.
"""

import shutil
import time
from pathlib import Path

import nbformat

from graspbook.book.bibliography import bibliography_page
from graspbook.book.checks import check_site
from graspbook.book.code_page import code_page, own_test
from graspbook.book.contents import Contents, Page, read_contents
from graspbook.book.equations import index_page
from graspbook.book.ledger_page import ledger_page
from graspbook.book.links import FILES, INDEX, LEDGER, Links, code_docname
from graspbook.book.notebook_page import notebook_page
from graspbook.book.paper_page import chapter_page, paper_page, papers_list, sidebar, thumbnail_name
from graspbook.book.pictures import pictures_of, thumbnail
from graspbook.book.places import figure_name
from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.pipeline.sources import read_notebook
from graspbook.reporting.registered.ledger import REGISTERED, read_registered

BUILD = Path("scratch/book")
SITE = Path("site")
PAPERS_MARK, SIDEBAR_MARK = "<!-- papers -->", "<!-- sidebar -->"


def build(root: Path, site: Path | None = None) -> Path:
    """Build the book.

    Args:
        root: The repository.
        site: The folder of the site; what was there is replaced. None takes `site/` in the repository.

    Returns:
        The path of the first page.

    Raises:
        InputError: A source is faulty, a link leads nowhere, a picture is missing, Sphinx warns of anything, or the
            folder holds something else than a site.
    """
    site, work = site or root / SITE, root / BUILD
    if site.exists() and not (site.is_dir() and (not any(site.iterdir()) or (site / "searchindex.js").exists())):
        raise InputError(f"{site}: is no site that this has built, and would be replaced; choose another folder")
    started = time.monotonic()
    contents = write_sources(root, work / "source")
    _run_sphinx(root, work, site)
    problems = check_site(site)
    if problems:
        raise InputError("the built book has faults:\n" + "\n".join(problems))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
    pages = len(contents.pages())
    print(f"[book] {pages} executed pages, {size:.1f} MB, {time.monotonic() - started:.0f} s: {site / 'index.html'}")
    return site / "index.html"


def write_sources(root: Path, source: Path) -> Contents:
    """Write what Sphinx will read.

    Args:
        root: The repository.
        source: The folder of the sources; emptied first.

    Returns:
        The contents of the book.

    Raises:
        InputError: A source is faulty, or a link leads nowhere.
    """
    shutil.rmtree(source, ignore_errors=True)
    contents = read_contents(root)
    written = {path.stem: path for path in sorted((root / "book").glob("*.md"))}
    links = Links(contents, written)
    pictures = set()
    for page in contents.pages():
        notebook = read_notebook(root / page.executed)
        small = thumbnail(notebook, page.executed.as_posix())
        if small is not None:
            pictures.add(thumbnail_name(page))
            _write_bytes(source / thumbnail_name(page), small)
        marked = mark_figures(notebook_page(notebook, page, links), page)
        write_text(source / f"{page.docname}.ipynb", nbformat.writes(marked, version=4) + "\n")
    for slug, chapters in contents.chapters.items():
        for chapter in chapters:
            if chapter.docname and chapter.is_family:
                write_text(source / f"{chapter.docname}.md", chapter_page(chapter, pictures))
        if slug:
            write_text(source / f"{slug}/index.md", paper_page(contents, links, slug, pictures))
    for name, path in written.items():
        text = links.rewrite(path.read_text(encoding="utf-8"), path.relative_to(root), name)
        text = text.replace(PAPERS_MARK, papers_list(contents)).replace(SIDEBAR_MARK, sidebar(contents))
        write_text(source / f"{name}.md", text)
    write_text(source / f"{LEDGER}.md", ledger_page(contents, read_registered(root / REGISTERED)))
    write_text(source / f"{INDEX}.md", index_page(contents, links.code))
    write_text(source / "bibliography.md", bibliography_page(contents))
    for place in sorted(links.code):
        test = own_test(root, place) if place.parts[0] == "src" else None
        name = code_docname(place)
        write_text(source / f"{name}.md", code_page(root, place, name, test))
    for place in sorted(links.files):
        # beside what Sphinx reads for the pictures among them, and to be copied into the site as they are
        _write_bytes(source / FILES / place, (root / place).read_bytes())
    links.check()
    return contents


def mark_figures(notebook: nbformat.NotebookNode, page: Page) -> nbformat.NotebookNode:
    """Put an anchor before each cell with a picture, so that the ledger can lead to it."""
    cells, number = [], 0
    for cell in notebook.cells:
        if pictures_of(cell):
            number += 1
            anchor = f'<span id="{figure_name(page, number)}"></span>'
            cells.append(nbformat.v4.new_markdown_cell(anchor, id=f"figure-{number:03d}"))
        cells.append(cell)
    notebook.cells = cells
    return notebook


def _write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _run_sphinx(root: Path, work: Path, site: Path) -> None:
    """Build the site from nothing; every warning is an error."""
    try:
        from sphinx.cmd.build import build_main
    except ImportError:
        raise InputError("Sphinx is not installed here: `make book` sets up what the book needs") from None
    for folder in (work / "doctrees", work / "html"):
        shutil.rmtree(folder, ignore_errors=True)
    where = ["-c", root / "book", "-d", work / "doctrees", work / "source", work / "html"]
    status = build_main([str(word) for word in ("-b", "html", "-q", "-j", "auto", "-W", "--keep-going", *where)])
    if status:
        raise InputError("Sphinx found faults: see above")
    shutil.rmtree(work / "html/_sources", ignore_errors=True)  # empty: the pages' sources are not copied
    (work / "html/.buildinfo").unlink(missing_ok=True)  # depends on where the repository lies
    if (work / "source" / FILES).exists():
        shutil.copytree(work / "source" / FILES, work / "html" / FILES)
    shutil.rmtree(site, ignore_errors=True)
    shutil.move(work / "html", site)
