"""Names that change when a result would: fingerprints of settings, data and code.

What is trained, collected or cached is kept under a name that says what it came from. Code counts as the definitions
(functions, classes, constants) that make the result, and all that they reach (`graspbook.core.code_hash`): an edited
loss never goes unnoticed, and nothing is made again where code is explained better, moved, renamed, split or merged.
So no result may depend on what a definition is called, or on the module in which it stands.
"""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graspbook.core.canonical import Piece, page_piece
from graspbook.core.code_hash import CodeHashes, digest
from graspbook.core.errors import InputError
from graspbook.core.modules import Definition, Package
from graspbook.core.syntax import dotted_imports, parse

PACKAGE = "graspbook"
SRC = Path(__file__).parents[2]
"""The folder that holds the package."""
WITHOUT_EFFECT = (
    f"{PACKAGE}.pipeline",
    *(
        f"{PACKAGE}.core.{name}"
        for name in (
            *("atomic", "canonical", "cluster", "code_hash", "errors", "fingerprint", "locks", "manifest", "memory"),
            *("modules", "notices", "outputs", "parallel", "progress", "scopes", "syntax", "workers"),
        )
    ),
)
"""Modules, and packages with all that is in them, that change no result: they are in no fingerprint."""
WITH_EFFECT = (f"{PACKAGE}.pipeline.page",)
"""The exceptions among them: opening a page sets the look of figures, and how numbers near zero are rounded."""
NAME = re.compile(r"\b([0-9a-f]{16})-([0-9a-f]{16})\b")
"""A fingerprint: of settings and data, and of code."""


def code_hashes(src: Path = SRC) -> CodeHashes:
    """The hashes of the definitions of the package as it stands now below a folder.

    Args:
        src: The folder that holds the package.
    """
    return CodeHashes(Package(src, PACKAGE, WITHOUT_EFFECT, WITH_EFFECT))


_loaded = functools.cache(code_hashes)
"""Of the code that this process runs: read once, whatever becomes of the files."""


def code_fingerprint(*makers: Callable | type, src: Path | None = None) -> str:
    """The name of code: 16 hexadecimal digits that change when a definition that it reaches does.

    Args:
        makers: The functions and classes of the package that make the result; what they refer to counts, too.
        src: The folder that holds the package; None takes that of the code which runs.

    Raises:
        InputError: A maker is not defined at the top level of a module of the package.
    """
    hashes = _loaded() if src is None else code_hashes(src)
    return digest(sorted({hashes.of_definition(_definition(maker, hashes.package)) for maker in makers}))


def page_fingerprint(cells: Sequence[str], hashes: CodeHashes, further: frozenset[Definition] = frozenset()) -> str:
    """The name of the code on a page, such as a notebook, and of the definitions that it reaches.

    Args:
        cells: The Python code of the page's cells, in the order in which they run.
        hashes: The hashes of the package's definitions.
        further: The classes of the objects that the page is given.

    Raises:
        InputError: The code, or that of a module that it needs, is not Python.
    """
    return hashes.of_piece(*_page(cells, hashes, further))


def page_reaches(
    cells: Sequence[str], hashes: CodeHashes, further: frozenset[Definition] = frozenset()
) -> set[Definition]:
    """The definitions that a page depends on; see `page_fingerprint`.

    Args:
        cells: The Python code of the page's cells, in the order in which they run.
        hashes: The hashes of the package's definitions.
        further: The classes of the objects that the page is given.
    """
    piece, _ = _page(cells, hashes, further)
    return hashes.reached(piece.references())


def _page(cells: Sequence[str], hashes: CodeHashes, further: frozenset[Definition]) -> tuple[Piece, set[str]]:
    trees = [parse(cell, "the page") for cell in cells]
    piece = page_piece(hashes.package, trees)
    piece.classes |= further
    return piece, set().union(*(dotted_imports(tree, "") for tree in trees))


def fingerprint(settings: object, *makers: Callable | type, arrays: Mapping[str, Any] | None = None) -> str:
    """Name of a result: it changes when its settings, its data or its code do.

    Its first half stands for settings and data, its second for code. Where settings hold such a name, each of its
    halves counts in the half where it belongs, so that the same result of changed code can be told by its first half.

    Args:
        settings: The settings, anything that JSON can hold.
        makers: The functions and classes that make the result; see `code_fingerprint`.
        arrays: The data that it is made from, by name: arrays of NumPy, or tensors of PyTorch, such as a model's
            `state_dict()`.

    Returns:
        Two times 16 hexadecimal digits, with a hyphen between them.
    """
    text = json.dumps(settings, sort_keys=True)
    sha = hashlib.sha256(NAME.sub(r"\1", text).encode())
    for name, value in (arrays or {}).items():
        array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
        sha.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    code = digest([code_fingerprint(*makers), [code for _, code in NAME.findall(text)]])
    return f"{sha.hexdigest()[:16]}-{code}"


def classes_of(*things: object) -> list[type]:
    """The package's classes that things are of, and those of what dataclasses and networks among them hold.

    Args:
        things: The objects.
    """
    found: dict[type, None] = {}
    for thing in things:
        parts = thing.modules() if hasattr(thing, "named_modules") else ()  # of a network
        found |= dict.fromkeys(cls for part in parts for cls in type(part).__mro__ if _is_own(cls))
        found |= dict.fromkeys(cls for cls in type(thing).__mro__ if _is_own(cls))
        if is_dataclass(thing):
            found |= dict.fromkeys(classes_of(*(getattr(thing, field.name) for field in fields(thing))))
    return list(found)


def _is_own(cls: type) -> bool:
    return cls.__module__.split(".")[0] == PACKAGE


def _definition(maker: Callable | type, package: Package) -> Definition:
    """Where a function or class is defined; what is defined inside another definition counts as that one."""
    module, name = maker.__module__, maker.__qualname__.split(".")[0]
    if not package.has(module) or name not in package.table(module).code:
        raise InputError(f"{module}.{name}: not defined at the top level of a module below {package.src / PACKAGE}")
    return Definition(module, name)
