"""The page of one paper, and the lists of a chapter's pages: made from what there is in `papers/` and `reports/`."""

from pathlib import Path

import pandas as pd

from graspbook.book.contents import Chapter, Contents, Page
from graspbook.book.ledger_page import FIRST_EDITION, SCOREBOARD, ledger_table
from graspbook.book.links import INDEX, LEDGER, Links, relative
from graspbook.papers import Paper
from graspbook.papers.about import About, load_about
from graspbook.papers.registration import load_registration
from graspbook.reporting.registered.ledger import REGISTERED, Standing, read_registered, standing
from graspbook.reporting.sentences import markdown_rows

THUMBNAILS = "pictures"
"""Folder of the generated sources that holds the thumbnails."""
_OWN_PAGES = {SCOREBOARD: "The scoreboard", FIRST_EDITION: "The first edition's claims"}
"""The book's own pages, with their titles in the sidebar."""


def standings(contents: Contents) -> dict[str, Standing]:
    """How each paper stands in the ledger."""
    ledger = read_registered(contents.root / REGISTERED)
    folder = contents.root / "src/graspbook/papers/registered"
    return {slug: standing(ledger, slug, load_registration(slug, folder)) for slug in contents.papers}


def thumbnail_name(page: Page) -> str:
    """The file of a page's thumbnail among the generated sources."""
    return f"{THUMBNAILS}/{page.docname.replace('/', '-')}.webp"


def paper_page(contents: Contents, links: Links, slug: str, pictures: set[str]) -> str:
    """The page of a paper as Markdown: its question, a picture, its headline, its pages, its scoreboard, substitutions.

    Args:
        contents: The contents of the book.
        links: The links of the book, which bring the paper's picture into the site.
        slug: The slug of the paper.
        pictures: The file names of the thumbnails that there are.
    """
    paper, found, docname = contents.papers[slug], standings(contents)[slug], f"{slug}/index"
    about = load_about(slug, contents.root / "src/graspbook/papers/about")
    found_at = ", ".join(f"[{name}]({address})" for name, address in about.links.items())
    picture = links.download(Path("reports") / slug / about.picture, docname)
    lines = [f"# {paper.title}", "", f"*{_people(paper)}* ({found_at})", "", f"**{paper.question}**", ""]
    lines += [f"![{about.caption}]({picture})", "", f"*{about.caption}*", ""]
    lines += [f"{found.headline}.", ""] if found.headline else []
    lines += [
        f"{found.share}. [From the paper to the code]({relative(docname, INDEX)}.md) finds the code of each equation."
    ]
    chapters = contents.chapters[slug]
    lines += ["", "## The pages, in reading order", "", "::::{grid} 1 1 2 2", ":gutter: 3", ""]
    for number, chapter in enumerate(chapters, 1):
        lines += _card(number, chapter, docname, pictures)
    lines += ["::::", "", "## What of it holds", ""]
    lines += ["*Found of it* is the share of what the paper says: the left line is nothing, the right line all of it. "]
    lines += [f"[The ledger]({relative(docname, LEDGER)}.md) has all papers, and says what each verdict means.", ""]
    ledger = read_registered(contents.root / REGISTERED)
    lines += ["```{raw} html", ledger_table(contents, ledger[ledger["paper"] == slug], docname), "```", ""]
    lines += ["## What is done otherwise here", "", _substitutions(about), ""]
    lines += ["```{toctree}", ":hidden:", ":maxdepth: 2", ""]
    lines += [_toctree_entry(number, chapter, slug) for number, chapter in enumerate(chapters, 1) if chapter.docname]
    return "\n".join([*lines, "```", ""])


def chapter_page(chapter: Chapter, pictures: set[str]) -> str:
    """The list of a chapter's pages as Markdown, for a notebook that runs once for each member of a family.

    Args:
        chapter: The chapter.
        pictures: The file names of the thumbnails that there are.
    """
    docname = chapter.docname
    assert docname is not None
    lines = [f"# {chapter.title}", ""]
    lines += [f"This notebook runs {len(chapter.pages)} times, each time for something else. "]
    lines += [f"You will learn {chapter.learned}", ""] if chapter.learned else [""]
    lines += ["::::{grid} 1 2 3 3", ":gutter: 2", ""]
    for page in chapter.pages:
        lines += [
            f":::{{grid-item-card}} {_code(page.key)}",
            f":link: {_document(docname, page.docname)}",
            ":link-type: doc",
        ]
        lines += [*_picture(page, docname, pictures, chapter.title), ":::", ""]
    lines += ["::::", "", "```{toctree}", ":hidden:", ""]
    lines += [f"{_code(page.key)} <{_document(docname, page.docname)}>" for page in chapter.pages]
    return "\n".join([*lines, "```", ""])


def papers_list(contents: Contents) -> str:
    """All papers, for the first page: a card for each, with its question and its headline."""
    found, lines = standings(contents), ["::::{grid} 1", ":gutter: 3", ""]
    for slug, paper in contents.papers.items():
        lines += [f":::{{grid-item-card}} {paper.title}", f":link: {slug}/index", ":link-type: doc", ""]
        lines += [f"**{paper.question}**", "", f"{found[slug].share}. {found[slug].headline}", ":::", ""]
    return "\n".join([*lines, "::::", ""])


def sidebar(contents: Contents) -> str:
    """The generated part of the sidebar: the papers, then where to look things up."""
    papers = "\n".join(f"{slug}/index" for slug in contents.papers)
    run = {page.docname for page in contents.pages()}
    own = "".join(f"{title} <{name}>\n" for name, title in _OWN_PAGES.items() if name in run)
    looked_up = f"{LEDGER}\n{own}{INDEX}\nbibliography"
    return _toctree("The papers", papers) + "\n" + _toctree("Look up", looked_up)


def _toctree(caption: str, entries: str) -> str:
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 2\n\n{entries}\n```\n"


def _people(paper: Paper) -> str:
    *others, last = paper.authors
    return f"{', '.join(others)} and {last}" if others else last


def _substitutions(about: About) -> str:
    rows = [
        {"the paper": one.paper, "here": one.here, "why, and what it may change": one.why}
        for one in about.substitutions
    ]
    return markdown_rows(pd.DataFrame(rows))


def _card(number: int, chapter: Chapter, docname: str, pictures: set[str]) -> list[str]:
    link = _document(docname, chapter.docname) if chapter.docname else ""
    lines = [f":::{{grid-item-card}} {number}. {chapter.title}"]
    lines += [f":link: {link}", ":link-type: doc"] if link else []
    if chapter.pages:
        with_picture = [page for page in chapter.pages if thumbnail_name(page) in pictures]
        lines += _picture(with_picture[0], docname, pictures, chapter.title) if with_picture else [""]
    else:
        lines += ["", "*Not run yet.*", ""]
    lines += [chapter.learned[:1].upper() + chapter.learned[1:]]
    lines += ["", f"*{len(chapter.pages)} pages*"] if len(chapter.pages) > 1 else []
    return [*lines, ":::", ""]


def _picture(page: Page, docname: str, pictures: set[str], title: str) -> list[str]:
    name = thumbnail_name(page)
    if name not in pictures:
        return [""]
    alt = f"The first picture of the page {title}" + (f", {page.key}" if page.key else "")
    return [f":img-top: {relative(docname, name)}", f":img-alt: {alt}", ""]


def _toctree_entry(number: int, chapter: Chapter, slug: str) -> str:
    assert chapter.docname is not None
    return f"{number}. {chapter.title} <{_document(f'{slug}/index', chapter.docname)}>"


def _document(docname: str, target: str) -> str:
    """How directives name another page: relative, without a suffix."""
    return relative(docname, target)


def _code(key: str) -> str:
    return key if key else "once"
