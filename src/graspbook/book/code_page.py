"""The page of one Python file: its definitions, each below a heading that a link can lead to, and its test.

The test of `src/graspbook/a/b.py` is `tests/a/test_b.py`, as `tests/` mirrors the package.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from graspbook.book.links import INDEX, plain, relative
from graspbook.core.errors import InputError

TEST = "its-test"
"""Ends the anchor of a module's test on its page."""


@dataclass(frozen=True)
class Block:
    """Some lines of a file: a definition with its name, or, without one, what stands between two definitions.

    Attributes:
        name: The name of the definition; "" without one.
        lines: The lines.
    """

    name: str
    lines: tuple[str, ...]


def own_test(root: Path, place: Path) -> Path | None:
    """The test file of a module, relative to the repository; None where there is none.

    It is the one of its name, in the folder that mirrors the module's or in one above (the configurations of a room
    are tested together); failing that, the first in the mirroring folder that speaks of the module.

    Args:
        root: The repository.
        place: The path of the module, relative to the repository.
    """
    folder = Path("tests") / place.relative_to("src/graspbook").parent
    for above in (folder, *folder.parents[:-2]):
        test = above / f"test_{place.stem}.py"
        if (root / test).exists():
            return test
    for path in sorted((root / folder).glob("test_*.py")):
        if re.search(rf"\b{place.stem}", path.read_text(encoding="utf-8")):
            return path.relative_to(root)
    return None


def blocks(code: str, name: str) -> list[Block]:
    """A file cut at its top-level functions and classes.

    Args:
        code: The text of the file.
        name: The name of the file, for the error message.

    Raises:
        InputError: The file is not Python.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise InputError(f"{name}: line {error.lineno} is not Python: {error.msg}") from None
    lines, found, done = code.splitlines(), [], 0
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        _add(found, "", lines[done:first])
        _add(found, node.name, lines[first : node.end_lineno])
        done = node.end_lineno
    _add(found, "", lines[done:])
    return found


def _add(found: list[Block], name: str, lines: list[str]) -> None:
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if lines:
        found.append(Block(name, tuple(lines)))


def anchor(docname: str, name: str) -> str:
    """The anchor of a definition: unique in the whole site, as labels have to be.

    Case does not count in a label, but in Python it does: `Grasp` and `grasp` are told apart by a word.
    """
    kind = "capital-" if name[:1].isupper() else ""
    return f"{docname.replace('/', '-')}-{kind}{name}".lower().replace("_", "-")


def code_page(root: Path, place: Path, docname: str, test: Path | None) -> str:
    """The page as Markdown.

    Args:
        root: The repository.
        place: The path of the file, relative to the repository.
        docname: The name of the file's page in the site.
        test: The path of the file's test, shown below it; None where it has none, or is one.

    Raises:
        InputError: A file is not Python.
    """
    title = place.as_posix().removeprefix("src/")
    index = relative(docname, INDEX, ".md")
    lines = [
        plain({"orphan": "true", "nosearch": "true"}),
        f"# `{title}`",
        "",
        f"Back to [From the paper to the code]({index}).",
        "",
    ]
    lines += _source(root, place, docname)
    if test is not None:
        lines += [
            f"({anchor(docname, TEST)})=",
            f"## Its test: `{test.as_posix()}`",
            "",
            "``````{dropdown} Show the test",
        ]
        lines += _fenced((root / test).read_text(encoding="utf-8").rstrip().splitlines())
        lines += ["``````", ""]
    return "\n".join(lines)


def _source(root: Path, place: Path, docname: str) -> list[str]:
    lines = []
    for block in blocks((root / place).read_text(encoding="utf-8"), place.as_posix()):
        if block.name:
            lines += [f"({anchor(docname, block.name)})=", f"## `{block.name}`", ""]
        lines += [*_fenced(block.lines), ""]
    return lines


def _fenced(lines: tuple[str, ...] | list[str]) -> list[str]:
    return ["`````{code-block} python", "", *lines, "`````"]
