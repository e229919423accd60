"""Which names are a function's, a class's or a page's own, and which it takes from outside."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from graspbook.core.syntax import Imported, imports_of, names_stored

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Scope:
    """A function, class or comprehension: the names that are its own, those that it imports, those that are global."""

    own: set[str]
    imports: dict[str, Imported] = field(default_factory=dict)
    global_names: set[str] = field(default_factory=set)
    is_class: bool = False


def type_names(node: ast.AST) -> list[str]:
    """The names of a definition's type parameters, which it binds."""
    return [parameter.name for parameter in getattr(node, "type_params", [])]


def scope_of(body: list[ast.AST], home: str, own: Iterable[str] = ()) -> Scope:
    """The scope of a function's or a class's body, or of a page."""
    imports: dict[str, Imported] = {}
    again: set[str] = set()
    global_names: set[str] = set()
    for node in _without_inner_scopes(body):
        for name, imported in imports_of(node, home):
            if imports.setdefault(name, imported) != imported:
                again.add(name)
        if isinstance(node, ast.Global):
            global_names |= set(node.names)
    stored = {name for part in body for name in names_stored(part)} | again | set(own)
    nonlocal_names = {name for n in _without_inner_scopes(body) if isinstance(n, ast.Nonlocal) for name in n.names}
    return Scope(stored - global_names - nonlocal_names, imports, global_names)


def _without_inner_scopes(body: list[ast.AST]) -> Iterable[ast.AST]:
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, FUNCTIONS | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
