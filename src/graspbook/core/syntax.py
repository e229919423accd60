"""What can be read off a syntax tree without knowing the package: imports, names, texts."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

from graspbook.core.errors import InputError


@dataclass(frozen=True)
class Imported:
    """What an import binds a name to: a module, or, with `name`, something in it."""

    module: str
    name: str | None = None


def parse(code: str, name: str) -> ast.Module:
    """The syntax tree of some code.

    Args:
        code: The code.
        name: The name of the code, with which the error message begins.

    Raises:
        InputError: It is not Python.
    """
    try:
        return ast.parse(code)
    except SyntaxError as error:
        raise InputError(f"{name}: line {error.lineno}: not Python: {error.msg}") from None


def imports_of(node: ast.AST, home: str) -> Iterator[tuple[str, Imported]]:
    """The names that an import statement binds, and to what; none for other statements.

    Args:
        node: The syntax tree of a statement.
        home: The dotted name of the package in which relative imports start.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.split(".")[0]
            yield (alias.asname, Imported(alias.name)) if alias.asname else (first, Imported(first))
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, Imported(from_module(node, home), alias.name)


def dotted_imports(tree: ast.AST, home: str) -> set[str]:
    """The dotted names in the imports anywhere in some code: modules, and what may be modules.

    Args:
        tree: The syntax tree of the code.
        home: The dotted name of the package in which relative imports start.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = from_module(node, home)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def from_module(node: ast.ImportFrom, home: str) -> str:
    """The module that a `from` import reads."""
    base = node.module or ""
    return importlib.util.resolve_name("." * node.level + base, home) if node.level else base


def is_text(statement: ast.AST) -> bool:
    """Whether a statement is a text and no more: a docstring, or words below a constant."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def base_name(node: ast.AST) -> str | None:
    """The name that a chain of attributes, indices and calls starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def names_stored(node: ast.AST) -> list[str]:
    """The names that a statement binds in its own scope, in the order in which they stand, without those of imports."""
    return list(dict.fromkeys(_names_stored(node)))


def _names_stored(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Lambda():
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from (part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
            return
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
    for part in ast.iter_child_nodes(node):
        yield from _names_stored(part)
