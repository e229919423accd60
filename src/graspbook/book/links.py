"""Links of the book: written as paths in the repository, they lead to pages of the site, or the build fails.

A link to a notebook leads to its executed page, or to the list of them; a link to the claims, to the ledger; a link to
code, to the page that shows it. Any other file of the repository is copied into the site, to be downloaded.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from graspbook.book.contents import Contents
from graspbook.core.errors import InputError

WHOLE_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[ ]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LEDGER = "claims/ledger"
INDEX = "where"
"""The page that leads from the papers to the code."""
FILES = "files"
"""Folder of the site that holds copies of the repository's files."""

_FILE = re.compile(rf"(?:\.\./)*{FILES}/")


class Links:
    """Turns links of the repository into links of the site, and remembers what has to be there for them.

    Attributes:
        files: The files of the repository that have to be copied to `files/`.
        code: The Python files that need a page.
        dead: The links that lead nowhere: the file with the link, and its target.
    """

    def __init__(self, contents: Contents, written: Iterable[str] = ()):
        """Find the names of all pages.

        Args:
            contents: The contents of the book.
            written: The names of the hand-written pages, `reproduce` for `book/reproduce.md`.
        """
        self.root = contents.root
        self.files: set[Path] = set()
        self.code: set[Path] = set()
        self.dead: list[tuple[Path, str]] = []
        self._pages = {f"book/{name}.md": name for name in written}
        self._pages |= page_places(contents)

    def page_of(self, place: Path) -> str | None:
        """The page for a path of the repository; None where there is none.

        Args:
            place: The path, relative to the repository.
        """
        name = place.as_posix()
        if name in self._pages:
            return self._pages[name]
        if place.parts[:1] == ("reports",) and place.stem == "claims" and place.suffix != ".ipynb":
            return LEDGER
        if place.suffix == ".py" and (self.root / place).is_file() and place.parts[0] in ("src", "tests"):
            self.code.add(place)
            return code_docname(place)
        return None

    def rewrite(self, markdown: str, written_in: Path, docname: str) -> str:
        """Markdown whose links work in the site.

        Args:
            markdown: The text with links.
            written_in: The file that it stands in, relative to the repository.
            docname: The name of the page that it will stand on.
        """
        kept: list[str] = []

        def hide(match: re.Match[str]) -> str:
            kept.append(match[0])
            return f"\0{len(kept) - 1}\0"

        def moved(match: re.Match[str]) -> str:
            target = self.resolve(match[3], written_in, docname)
            if target is None:  # a folder, or nothing: the words stay
                return match[2]
            if not match[1] and _FILE.match(target):
                return f'<a href="{escape(target)}"{_download(target)}>{match[2]}</a>'
            return f"{match[1]}[{match[2]}]({target})"

        # code stays as it is, except that a link's own text may be code
        hidden = WHOLE_LINK.sub(moved, FENCE.sub(hide, markdown))
        return re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], hidden)

    def resolve(self, target: str, written_in: Path, docname: str) -> str | None:
        """Where a link has to lead, seen from a page; None where it leads to a folder or nowhere.

        Args:
            target: The target as written: an address, or a path relative to `written_in`, with or without `#part`.
            written_in: The file that the link stands in, relative to the repository.
            docname: The name of the page that it will stand on.
        """
        if _FILE.match(target) or re.match(r"[a-z]+:|#", target):
            return target
        path, _, part = target.partition("#")
        place = Path(os.path.normpath(written_in.parent / path))
        page = self.page_of(place)
        if page is not None:
            return relative(docname, page, ".md" if page not in self._executed() else ".ipynb") + (part and f"#{part}")
        if (self.root / place).is_dir() and place.parts[0] != "..":
            return None
        if place.parts[0] == ".." or not (self.root / place).is_file():
            self.dead.append((written_in, target))
            return None
        return self.download(place, docname)

    def download(self, place: Path, docname: str) -> str:
        """The path, seen from a page, of a copy of a file of the repository."""
        self.files.add(place)
        return relative(docname, f"{FILES}/{place.as_posix()}")

    def _executed(self) -> set[str]:
        return {page for place, page in self._pages.items() if place.endswith("/notebook.ipynb")}

    def check(self) -> None:
        """Refuse links that lead nowhere.

        Raises:
            InputError: A link leads nowhere; the message names each one and the file that it stands in.
        """
        if self.dead:
            lines = [f"{place}: a link to {target}, which does not exist" for place, target in sorted(set(self.dead))]
            raise InputError("the book has dead links:\n" + "\n".join(lines))


def _download(target: str) -> str:
    """Browsers would show a notebook as bare JSON."""
    return " download" if target.endswith(".ipynb") else ""


def page_places(contents: Contents) -> dict[str, str]:
    """For each path of the repository that stands for a page or a list of pages: its name in the site."""
    places: dict[str, str] = {"reports/README.md": "index", "CITATION.cff": "bibliography"}
    for chapters in contents.chapters.values():
        for chapter in chapters:
            if chapter.docname is None:
                continue
            places[chapter.source.as_posix()] = chapter.docname
            for page in chapter.pages:
                places[page.executed.as_posix()] = page.docname
                folder = page.reports.parent if page.key else page.reports
                places[folder.as_posix()] = chapter.docname
                places[page.reports.as_posix()] = page.docname
    places |= {f"reports/{slug}": f"{slug}/index" for slug in contents.papers}
    return places


def code_docname(place: Path) -> str:
    """The page that shows a Python file: `code/graspbook/nn/fpn` for `src/graspbook/nn/fpn.py`."""
    return "code/" + place.with_suffix("").as_posix().removeprefix("src/")


def relative(docname: str, target: str, suffix: str = "") -> str:
    """A path from one page to another page or file."""
    return Path(os.path.relpath(target + suffix, Path(docname).parent)).as_posix()


def html_link(text: str, docname: str, target: str, part: str = "") -> str:
    """A link to a part of a page, as HTML: Markdown's own cannot lead to an anchor that is HTML itself.

    Args:
        text: The words of the link.
        docname: The name of the page that the link stands on.
        target: The name of the page that it leads to.
        part: The anchor there; "" for the page itself.
    """
    address = relative(docname, target, ".html") + (f"#{part}" if part else "")
    return f'<a href="{escape(address)}">{escape(text, quote=False)}</a>'


def heading_anchor(heading: str) -> str:
    """The anchor that Sphinx gives to a heading: its letters and digits, in lower case, joined by hyphens."""
    plain_letters = (
        unicodedata.normalize("NFKD", re.sub(r"[*`$]", "", heading).lower()).encode("ascii", "ignore").decode()
    )
    return re.sub(r"^[-0-9]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", plain_letters))


def plain(mapping: Mapping[str, str]) -> str:
    """Front matter of a page, from plain words."""
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in mapping.items()) + "---\n"
