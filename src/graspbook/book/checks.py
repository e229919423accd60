"""Faults of a built site, found in its files: dead links, missing pictures, absent alternative texts, outside hosts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

RESOURCES = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src"), ("iframe", "src")}
"""What a browser fetches by itself."""
TAG = re.compile(r"<(a|img|script|link|source|iframe)\b([^>]*)>")
ATTRIBUTE = re.compile(r'\s(href|src|alt)="([^"]*)"')
ANCHOR = re.compile(r'<[^>]*?\s(?:id|name)="([^"]+)"')


@dataclass
class _Seen:
    """What one page holds."""

    anchors: set[str] = field(default_factory=set)
    targets: list[tuple[str, str, str]] = field(default_factory=list)
    undescribed: list[str] = field(default_factory=list)


def check_site(site: Path) -> list[str]:
    """What is wrong with a site, one line each; empty where nothing is.

    Args:
        site: The folder of the site.
    """
    pages = {path: _read(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}
    return [problem for path, seen in pages.items() for problem in _problems(path, seen, pages, site)]


def _read(path: Path) -> _Seen:
    """Anchors, links and pictures of a page; Sphinx writes well-formed HTML with double quotes, which is all read."""
    html, seen = path.read_text(encoding="utf-8"), _Seen()
    seen.anchors.update(ANCHOR.findall(html))
    for match in TAG.finditer(html):
        given = {name: unescape(value) for name, value in ATTRIBUTE.findall(match[2])}
        seen.targets += [(match[1], key, given[key]) for key in ("href", "src") if key in given]
        if match[1] == "img" and not given.get("alt", "").strip():
            seen.undescribed.append(given.get("src", ""))
    return seen


def _problems(path: Path, seen: _Seen, pages: dict[Path, _Seen], site: Path) -> Iterator[str]:
    name = path.relative_to(site).as_posix()
    for source in seen.undescribed:
        yield f"{name}: a picture without an alternative text: {source[:80]}"
    for tag, key, target in seen.targets:
        address = urlsplit(target)
        if address.scheme in ("data", "mailto", "javascript"):
            continue
        if address.scheme or address.netloc:
            if (tag, key) in RESOURCES:
                yield f"{name}: fetches {target} from outside the folder"
            continue
        if address.path.startswith("/"):
            yield f"{name}: a link to {target}, which is not relative"
            continue
        place = (path.parent / unquote(address.path)).resolve() if address.path else path.resolve()
        if place.is_dir():
            place /= "index.html"
        if not place.is_file() or not place.is_relative_to(site.resolve()):
            yield f"{name}: a dead link to {target}"
        elif address.fragment and not _has_anchor(place, unquote(address.fragment), pages, site):
            yield f"{name}: a link to {target}, where there is no such part"


def _has_anchor(place: Path, part: str, pages: dict[Path, _Seen], site: Path) -> bool:
    page = pages.get(site / place.relative_to(site.resolve()))
    return page is None or part in page.anchors or bool(re.match(r"top$|:~:", part))
