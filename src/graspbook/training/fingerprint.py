"""Names that change when a result would: fingerprints of settings, data and code.

What is trained, collected or cached is kept under a name that says what it came from. Code counts as what Python
makes of it: the syntax trees of a module and of all graspbook modules that it imports, and that those import, without
comments, docstrings and layout. So an edited sentence trains nothing again, and an edited loss never goes unnoticed.
"""

import ast
import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graspbook.errors import InputError

PACKAGE = "graspbook"
SRC = Path(__file__).parents[2]
"""The folder that holds the package."""
WITHOUT_EFFECT = tuple(
    f"{PACKAGE}.{name}"
    for name in (
        *("data.atomic", "data.locks", "data.manifest"),
        *("errors", "progress", "workers", "pipeline", "training.fingerprint"),
    )
)
"""Modules, and packages with all that is in them, that change no result: they are in no fingerprint."""


def code_fingerprint(*modules: str, src: Path = SRC) -> str:
    """Name of the code that modules run: 16 hexadecimal digits.

    Args:
        modules: Dotted names, such as "graspbook.nn.mask_loss". What they import counts too, however indirectly and
            also inside functions; what is looked up by a name made at run time (`importlib`) does not.
        src: The folder that holds the package.

    Raises:
        InputError: There is no such module, or one of those imported is no Python; the message names it.
    """
    for module in modules:
        if _file(module, src) is None:
            raise InputError(f"{module}: no such module below {src}")
    return _of_trees(_closure(set().union(*(_with_packages(module) for module in modules)), src))


def source_fingerprint(code: str, src: Path = SRC) -> str:
    """Name of the code on a page, such as that of a notebook, and of the modules that it imports.

    Args:
        code: Python, the cells one after another. A text that stands alone counts, since a page shows it.
        src: The folder that holds the package.

    Raises:
        InputError: The code, or that of a module it imports, is no Python.
    """
    tree, imported = _read("the page", code, texts=True)
    return _of_trees({"": tree} | _closure(_existing(imported, src), src))


def fingerprint(settings: object, *modules: str, arrays: Mapping[str, Any] | None = None) -> str:
    """Name of a result: 16 hexadecimal digits that change when its settings, its data or its code do.

    Args:
        settings: Anything that JSON can hold.
        modules: What makes the result; see `code_fingerprint`.
        arrays: What it is made from: arrays of NumPy, or tensors of PyTorch, such as a model's `state_dict()`.
    """
    sha = hashlib.sha256(json.dumps([settings, code_fingerprint(*modules)], sort_keys=True).encode())
    for name, value in (arrays or {}).items():
        array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
        sha.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return sha.hexdigest()[:16]


def modules_of(*things: object) -> list[str]:
    """The modules of graspbook that define the classes of things, and of what dataclasses among them hold."""
    found = {cls.__module__ for thing in things for cls in type(thing).__mro__}
    held = [getattr(thing, field.name) for thing in things if is_dataclass(thing) for field in fields(thing)]
    own = {module for module in found if module.split(".")[0] == PACKAGE}
    return sorted(own.union(modules_of(*held) if held else ()))


def _closure(modules: set[str], src: Path) -> dict[str, str]:
    """Syntax trees, by name, of modules and of all that they import."""
    trees: dict[str, str] = {}
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        if module in trees or _without_effect(module):
            continue
        path = _file(module, src)
        trees[module], imported = _read(module, path.read_text(encoding="utf-8"), path.name == "__init__.py")
        waiting |= _existing(imported, src)
    return trees


def _of_trees(trees: dict[str, str]) -> str:
    """A hash; packages that hold nothing but words are left out."""
    content = [[name, tree] for name, tree in sorted(trees.items()) if tree != "Module()"]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=1024)
def _read(name: str, code: str, package: bool = False, texts: bool = False) -> tuple[str, frozenset[str]]:
    """The syntax tree of some code, and the dotted names that it imports, which may be modules or what is in them.

    Args:
        name: Of the module.
        code: Of the module.
        package: Whether it is a package, from which relative imports start.
        texts: Whether texts that stand alone at the top of the code count.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise InputError(f"{name}: line {error.lineno}: not Python: {error.msg}") from None
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package_name = name if package else name.rpartition(".")[0]
                base = importlib.util.resolve_name("." * node.level + base, package_name)
            imported |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return _canonical(tree, texts), frozenset(imported)


def _canonical(node: object, texts: bool = False) -> str:
    """A syntax tree as text: without positions, lone texts (`texts`: but for the outermost) and what is not there.

    Fields that are None or empty are left out, since versions of Python differ in which there are.
    """
    if isinstance(node, ast.AST):
        parts = []
        for name, value in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody") and isinstance(value, list) and not texts:
                value = [statement for statement in value if not _is_text(statement)]
            if value is not None and value != []:
                parts.append(f"{name}={_canonical(value)}")
        return f"{type(node).__name__}({', '.join(parts)})"
    if isinstance(node, list):
        return f"[{', '.join(_canonical(element) for element in node)}]"
    return repr(node)


def _is_text(statement: ast.AST) -> bool:
    """Whether a statement is a text and no more: a docstring, or words below a constant."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _existing(names: frozenset[str], src: Path) -> set[str]:
    """The modules of the package among dotted names, with the packages that they lie in."""
    own = [name for name in names if name.split(".")[0] == PACKAGE]
    return {module for name in own for module in _with_packages(name) if _file(module, src) is not None}


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


@functools.cache
def _without_effect(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in WITHOUT_EFFECT)


def _file(module: str, src: Path) -> Path | None:
    stem = src.joinpath(*module.split("."))
    for path in (stem / "__init__.py", stem.with_suffix(".py")):
        if path.is_file():
            return path
    return None
