"""What the package's docstrings say of their sources: which equation, section, table or figure of which paper.

Docstrings name a source in plain words: "(`slug` paper, §III-B.1)", "equation (3)", "eqs. 1 and 2", "Table II".
The paper is the one named in backticks, in the docstring or in that of its module; failing that, the one in whose room
the module lies.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from graspbook.core.errors import InputError

SECTION = re.compile(r"§§?\s*((?:[IVX]+|\d+|[A-Z])(?:[-.][A-Z0-9]+)*)")
EQUATION = re.compile(r"\b[Ee]q(?:uation)?s?\.?\s+((?:\(?\d+[a-z]?\)?(?:,\s*|\s+and\s+|\s+to\s+|[-–])?)+)")
TABLE = re.compile(r"\bTables?\s+((?:[IVX]+|\d+)\b)")
FIGURE = re.compile(r"\b(?:Figures?|Fig\.)\s+(\d+)")
ALGORITHM = re.compile(r"\bAlgorithm\s+(\d+)")
KINDS = ("equation", "section", "table", "figure", "algorithm")


@dataclass(frozen=True, order=True)
class Key:
    """A part of a paper: `Key("equation", "3")`, `Key("section", "III-B.1")`."""

    kind: str
    number: str

    def __str__(self) -> str:
        if self.kind == "section":
            return f"§{self.number}"
        return f"Equation ({self.number})" if self.kind == "equation" else f"{self.kind.capitalize()} {self.number}"


@dataclass(frozen=True)
class Citation:
    """A definition whose docstring names parts of a paper.

    Attributes:
        paper: The slug of the paper.
        keys: The parts of the paper.
        path: The file, relative to the repository.
        name: The name of the function or class; "" for the module itself.
        summary: The first sentence of the docstring.
    """

    paper: str
    keys: tuple[Key, ...]
    path: Path
    name: str
    summary: str


def keys_in(text: str) -> tuple[Key, ...]:
    """The parts of a paper that a text names, in order of kind and number, each once.

    Args:
        text: The text.
    """
    found = {Key("section", number.rstrip(".")) for number in SECTION.findall(text)}
    for numbers in EQUATION.findall(text):
        found |= {Key("equation", number) for number in _numbers(numbers)}
    found |= {Key("table", number) for number in TABLE.findall(text)}
    found |= {Key("figure", number) for number in FIGURE.findall(text)}
    found |= {Key("algorithm", number) for number in ALGORITHM.findall(text)}
    return tuple(sorted(found, key=sort_key))


def _numbers(text: str) -> list[str]:
    """The numbers in "(1)", "1 and 2", "3 to 5"."""
    if span := re.fullmatch(r"\(?(\d+)\)?\s*(?:to|-|–)\s*\(?(\d+)\)?\W*", text.strip()):
        return [str(number) for number in range(int(span[1]), int(span[2]) + 1)]
    return re.findall(r"\d+[a-z]?", text)


def sort_key(key: Key) -> tuple:
    """Equations first, then sections in the paper's order, tables, figures."""
    return KINDS.index(key.kind), tuple(_rank(part) for part in re.split(r"[-.]", key.number))


def _rank(part: str) -> tuple[int, str]:
    if re.fullmatch(r"[IVX]+", part):
        values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in part]
        return sum(-v if v < max([*values[n + 1 :], 0]) else v for n, v in enumerate(values)), ""
    digits = re.match(r"\d+", part)
    return (int(digits[0]) if digits else 0), part


def citations(root: Path, papers: list[str]) -> list[Citation]:
    """All citations in the package, by file and line.

    Args:
        root: The repository.
        papers: The slugs of the papers; citations of other papers are left out.

    Raises:
        InputError: A module is not Python.
    """
    found = []
    for path in sorted((root / "src/graspbook").rglob("*.py")):
        if path.name == "__init__.py":  # says what a room is about, and holds no code
            continue
        place = path.relative_to(root)
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            raise InputError(f"{place}: line {error.lineno} is not Python: {error.msg}") from None
        found += _of_module(tree, place, papers)
    return found


def _of_module(tree: ast.Module, place: Path, papers: list[str]) -> list[Citation]:
    room = place.parts[2] if place.parts[2] in papers else ""
    module_text = ast.get_docstring(tree) or ""
    of_module = _papers_named(module_text, papers) or ([room] if room else [])
    found = []
    for node in (tree, *definitions(tree)):
        text = ast.get_docstring(node) or ""
        keys = keys_in(text)
        named = _papers_named(text, papers) or of_module
        if not keys or not named:
            continue
        name = getattr(node, "name", "")
        found += [Citation(paper, keys, place, name, summary(text)) for paper in named]
    return found


def definitions(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def _papers_named(text: str, papers: list[str]) -> list[str]:
    return [slug for slug in papers if f"`{slug}`" in text]


def summary(docstring: str) -> str:
    """The first sentence of a docstring, without the source in brackets."""
    first = " ".join(docstring.split("\n\n")[0].split())
    # an abbreviation ends no sentence
    whole = re.match(r".+?(?<!\b[Ee]q)(?<!\b[Ee]qs)(?<!\bFig)(?<!\b\w\.\w)\.(?=\s+[A-Z\"`]|$)", first)
    text = whole[0] if whole else first
    text = re.sub(r"\s*\((?:`\w+`|§)[^()]*(?:\([^()]*\)[^()]*)*\)", "", text)
    return text.rstrip(" .:;") + "."
