"""The page of one paper, and the lists of a chapter's pages: made from what there is in `papers/` and `reports/`."""

from graspbook.book.contents import Chapter, Contents, Page
from graspbook.book.ledger_page import JUDGED
from graspbook.book.links import INDEX, LEDGER, html_link, relative
from graspbook.papers import Paper
from graspbook.reporting.ledger import CLAIMS, Standing, claims_summary
from graspbook.reporting.sentences import number_text
from graspbook.reporting.verdicts import Verdict

THUMBNAILS = "pictures"
"""Folder of the generated sources that holds the thumbnails."""


def standings(contents: Contents) -> dict[str, Standing]:
    """How each paper stands in the ledger."""
    return claims_summary(contents.root / CLAIMS, {slug: paper.headlines for slug, paper in contents.papers.items()})


def thumbnail_name(page: Page) -> str:
    """The file of a page's thumbnail among the generated sources."""
    return f"{THUMBNAILS}/{page.docname.replace('/', '-')}.webp"


def paper_page(contents: Contents, slug: str, pictures: set[str]) -> str:
    """The page of a paper as Markdown: its question, its headlines, its claims, its chapters.

    Args:
        contents: The contents of the book.
        slug: The slug of the paper.
        pictures: The file names of the thumbnails that there are.
    """
    paper, standing, docname = contents.papers[slug], standings(contents)[slug], f"{slug}/index"
    lines = [f"# {paper.title}", "", f"*{_people(paper)}*", "", f"**{paper.question}**", ""]
    lines += _headlines(standing, docname)
    lines += [f"{_share(standing)}."]
    lines += [f"Each is judged in [the ledger]({relative(docname, LEDGER)}.md)."]
    lines += [f"[From the paper to the code]({relative(docname, INDEX)}.md) finds the code of each equation.", ""]
    chapters = contents.chapters[slug]
    lines += ["## The pages, in reading order", "", "::::{grid} 1 1 2 2", ":gutter: 3", ""]
    for number, chapter in enumerate(chapters, 1):
        lines += _card(number, chapter, docname, pictures)
    lines += ["::::", "", "```{toctree}", ":hidden:", ":maxdepth: 2", ""]
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
    """All papers, for the first page: a card for each, with its question and its headlines."""
    found, lines = standings(contents), ["::::{grid} 1", ":gutter: 3", ""]
    for slug, paper in contents.papers.items():
        lines += [f":::{{grid-item-card}} {paper.title}", f":link: {slug}/index", ":link-type: doc", ""]
        lines += [f"**{paper.question}**", "", f"{_share(found[slug])}.", ":::", ""]
    return "\n".join([*lines, "::::", ""])


def sidebar(contents: Contents) -> str:
    """The generated part of the sidebar: the papers, then where to look things up."""
    papers = "\n".join(f"{slug}/index" for slug in contents.papers)
    judged = f"How a claim is judged <{JUDGED}>\n" if any(page.docname == JUDGED for page in contents.pages()) else ""
    looked_up = f"{LEDGER}\n{judged}{INDEX}\nbibliography"
    return _toctree("The papers", papers) + "\n" + _toctree("Look up", looked_up)


def _toctree(caption: str, entries: str) -> str:
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 2\n\n{entries}\n```\n"


def _people(paper: Paper) -> str:
    *others, last = paper.authors
    return f"{', '.join(others)} and {last}" if others else last


def _headlines(standing: Standing, docname: str) -> list[str]:
    if not standing.headlines:
        return []
    lines = ["| headline | the paper | ours [95 %] |", "| --- | ---: | ---: |"]
    for entry in standing.headlines:
        first = entry.measures[0]
        ours = f"**{number_text(first.estimate)}** [{number_text(first.low)}, {number_text(first.high)}]"
        verdict = html_link(entry.verdict, docname, LEDGER, entry.claim)
        lines.append(
            f"| {entry.statement} <br> *{first.name}* <br> "
            f'<span class="verdict {entry.verdict.replace(" ", "-")}">{verdict}</span> '
            f"| {number_text(first.paper)} | {ours if first.estimate is not None else '–'} |"
        )
    return [*lines, ""]


def _share(standing: Standing) -> str:
    """How many claims are reproduced, and what became of the others."""
    others = [
        f"{count} {verdict}" for verdict, count in standing.counts.items() if verdict != Verdict.REPRODUCED and count
    ]
    return f"**{standing.share}** claims reproduced" + (f" ({', '.join(others)})" if others else "")


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
