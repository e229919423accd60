"""The index from the parts of a paper (equations, sections, tables, figures) to code, test and page.

It is read off the docstrings (`citations`) and the notebooks: nobody keeps it by hand, so it cannot fall behind.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graspbook.book.citations import SECTION, Citation, Key, citations, keys_in, sort_key
from graspbook.book.code_page import TEST, anchor, own_test
from graspbook.book.contents import Chapter, Contents
from graspbook.book.links import INDEX, code_docname, heading_anchor, html_link
from graspbook.core.errors import InputError
from graspbook.papers import Paper
from graspbook.pipeline.sources import read_notebook

TAG = re.compile(r"\\tag\{(\d+[a-z]?)\}")


@dataclass(frozen=True)
class Notebook:
    """What the index needs to know of a chapter.

    Attributes:
        chapter: The chapter.
        imports: The modules that its code imports, and `module:name` for each name imported from one.
        mentions: The parts of the paper that its prose speaks of, each with the heading where it first does.
    """

    chapter: Chapter
    imports: frozenset[str]
    mentions: dict[Key, str]


def read_chapters(contents: Contents, slug: str) -> list[Notebook]:
    """The chapters of a paper that have a page, as the index needs them."""
    return [_read(contents.root, chapter) for chapter in contents.chapters[slug] if chapter.docname]


def _read(root: Path, chapter: Chapter) -> Notebook:
    imports, mentions, heading = set(), {}, ""
    for cell in read_notebook(root / chapter.source).cells:
        if cell.cell_type == "code":
            imports |= imported(cell.source)
            continue
        for part in re.split(r"^(?=#{2,} )", cell.source, flags=re.MULTILINE):
            if found := re.match(r"#{2,} (.+)", part):
                heading = found[1].strip()
            for key in (*keys_in(part), *(Key("equation", number) for number in TAG.findall(part))):
                mentions.setdefault(key, heading)
    return Notebook(chapter, frozenset(imports), mentions)


def imported(code: str) -> set[str]:
    """What code imports from graspbook: `graspbook.a.b` for each module, `graspbook.a.b:name` for each name."""
    plain = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in code.splitlines())
    found = set()
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("graspbook"):
            found |= {node.module} | {f"{node.module}:{name.name}" for name in node.names}
            found |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("graspbook")}
    return found


def users(citation: Citation, notebooks: Sequence[Notebook]) -> list[Chapter]:
    """The chapters that import a cited function; where none does, those that import anything of its module.

    Args:
        citation: The citation, of a function, a class or a module.
        notebooks: The chapters of the paper.
    """
    module = ".".join(citation.path.relative_to("src").with_suffix("").parts)
    by_name = [book.chapter for book in notebooks if f"{module}:{citation.name}" in book.imports]
    return by_name or [book.chapter for book in notebooks if module in book.imports]


def index_page(contents: Contents, code: set[Path]) -> str:
    """The index as Markdown.

    Args:
        contents: The contents of the book.
        code: The set to which the files that need a page are added.

    Raises:
        InputError: A module whose docstring names its source has no test; the message names every such module.
    """
    found, untested = citations(contents.root, list(contents.papers)), set()
    lines = ["# From the paper to the code", "", INTRODUCTION, ""]
    for slug, paper in contents.papers.items():
        notebooks = read_chapters(contents, slug)
        by_key: dict[Key, list[Citation]] = defaultdict(list)
        for citation in found:
            for key in citation.keys if citation.paper == slug else ():
                if numbered_like(paper, key):
                    by_key[key].append(citation)
        lines += [f"## {paper.title}", ""]
        for key in sorted(by_key, key=sort_key):
            lines += [f"({key_anchor(slug, key)})=", f"### {key}", ""]
            if pages := _mentions(key, notebooks):
                lines += ["On the pages: " + ", ".join(pages) + ".", ""]
            lines += ["| code | what it is | test | used on |", "| --- | --- | --- | --- |"]
            for citation in _most_precise(by_key[key]):
                test = own_test(contents.root, citation.path)
                if test is None:
                    untested.add(citation.path)
                    continue
                code.add(citation.path)
                lines.append(_line(citation, test, users(citation, notebooks)))
            lines.append("")
    if untested:
        listed = ", ".join(path.as_posix() for path in sorted(untested))
        raise InputError(f"these modules name their source in a paper and have no test below tests/: {listed}")
    return "\n".join(lines)


INTRODUCTION = (
    "With the PDF open: the code of each equation, section, table and figure, its test, and the pages that use it. "
    "This index is made of the sources that the docstrings name and of the pages' own words; whatever has no test "
    "is refused when the book is built."
)


def key_anchor(slug: str, key: Key) -> str:
    """The anchor of a part of a paper in the index: `where-selfsup-section-iii-b-1`."""
    return f"{INDEX}-{slug}-{key.kind}-{key.number}".lower().replace(".", "-")


def numbered_like(paper: Paper, key: Key) -> bool:
    """Whether a key can be one of this paper: another's sections, such as §3.3, are numbered in another way."""
    if key.kind != "section":
        return True
    sections = " ".join([claim.section for claim in paper.claims] + [table.section for table in paper.tables.values()])
    known = {number[0].isdigit() for number in SECTION.findall(sections)}
    return not known or key.number[0].isdigit() in known


def _most_precise(found: list[Citation]) -> list[Citation]:
    """A module's own line is left out where functions of it name the same part."""
    named = {citation.path for citation in found if citation.name}
    return [citation for citation in found if citation.name or citation.path not in named]


def _mentions(key: Key, notebooks: list[Notebook]) -> list[str]:
    return [
        _page_link(book.chapter, book.mentions[key])
        for book in notebooks
        if key in book.mentions and book.chapter.docname
    ]


def _page_link(chapter: Chapter, heading: str = "") -> str:
    assert chapter.docname is not None
    # a list of pages has none of the headings
    return html_link(chapter.title, INDEX, chapter.docname, "" if chapter.is_family else heading_anchor(heading))


def _line(citation: Citation, test: Path, chapters: list[Chapter]) -> str:
    page = code_docname(citation.path)
    name = citation.name or citation.path.name
    code = html_link(name, INDEX, page, anchor(page, citation.name) if citation.name else "")
    pages = ", ".join(_page_link(chapter) for chapter in chapters) or "–"
    what = citation.summary.replace("|", "\\|")
    return f"| {code} | {what} | {html_link(test.name, INDEX, page, anchor(page, TEST))} | {pages} |"
