"""The bibliography: the papers that this book replicates and how to cite it, from `CITATION.cff`."""

from typing import Any

from graspbook.book.contents import Contents
from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml

CITATION = "CITATION.cff"


def bibliography_page(contents: Contents) -> str:
    """The page as Markdown.

    Args:
        contents: The contents of the book.

    Raises:
        InputError: `CITATION.cff` is missing or lacks a title or authors, or does not name a paper of the book.
    """
    path = contents.root / CITATION
    if not path.exists():
        raise InputError(f"{CITATION}: no such file; the bibliography is made of it")
    citation = read_yaml(path)
    references = citation.get("references") or []
    pages = {paper.title: slug for slug, paper in contents.papers.items()}
    titles = [reference.get("title") for reference in references]
    for title in pages:
        if title not in titles:
            raise InputError(f"{CITATION}: 'references' does not name the paper '{title}'")
    lines = ["# Bibliography", "", "## The papers", ""]
    for number, reference in enumerate(references):
        line = _reference(reference, f"references.{number}")
        slug = pages.get(reference["title"])
        lines.append(f"{number + 1}. {line}" + (f" Replicated in [this book]({slug}/index.md)." if slug else ""))
    lines += ["", "## This book", "", citation.get("message", ""), "", _reference(citation, CITATION), ""]
    return "\n".join(lines)


def _reference(entry: dict[str, Any], field: str) -> str:
    if not entry.get("title") or not entry.get("authors"):
        raise InputError(f"{CITATION}: '{field}' lacks a title or authors")
    names = [
        author.get("name") or f"{author.get('given-names')} {author.get('family-names')}" for author in entry["authors"]
    ]
    people = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    parts = [f"{people}: *{entry['title']}*"]
    parts += [str(entry[key]) for key in ("journal", "collection-title", "year", "version") if entry.get(key)]
    address = (entry.get("doi") and f"https://doi.org/{entry['doi']}") or entry.get("url")
    return ", ".join(parts) + "." + (f" [{entry.get('doi') or address}]({address})." if address else "")
