"""What the modules of the package define, read from their text: nothing is imported, nothing is run.

A module's top level binds names: to definitions (functions, classes, constants), or, by imports, to what other modules
define. `Package.resolve` follows imports to the place where a name is defined.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.core.syntax import Imported, base_name, dotted_imports, imports_of, is_text, names_stored, parse

MUTATORS = frozenset("add append clear discard extend insert pop popitem register remove setdefault update".split())
"""Methods that change the object that they are called on."""


@dataclass(frozen=True, order=True)
class Definition:
    """A function, class or constant at the top level of a module of the package.

    Attributes:
        module: The dotted name of the module.
        name: The name of the definition; `WHOLE` or `EFFECTS` for what is no single one.
    """

    module: str
    name: str


WHOLE, EFFECTS = "*", "!"
"""In place of a definition's name: all that the module defines; its statements with effects."""


@dataclass(frozen=True)
class Module:
    """A module of the package, as a value."""

    name: str


@dataclass(frozen=True)
class Foreign:
    """Something that the package imports from elsewhere, by its dotted name."""

    dotted: str


@dataclass(frozen=True)
class Outside:
    """Something of the package that changes no result."""


@dataclass(frozen=True)
class Unseen:
    """A name that a module is asked for and does not define in a way that can be seen."""

    module: str
    name: str


Target = Definition | Module | Foreign | Outside | Unseen


@dataclass
class Table:
    """The top level of a module.

    Attributes:
        imports: The imported things, by the names that they are bound to.
        code: The statements that bind a name, or change what it is bound to, in their order, by the name.
        effects: The statements that do something else.
        imported: The dotted names that occur in imports anywhere in the module, also inside functions.
    """

    imports: dict[str, Imported] = field(default_factory=dict)
    code: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)


class Package:
    """The modules of a package, read when they are asked for.

    Args:
        src: The folder that holds the package.
        name: The name of the package.
        outside: The dotted names of modules, and of packages with all that is in them, that change no result.
        inside: The dotted names of modules among those that do change results.
    """

    def __init__(self, src: Path, name: str, outside: Sequence[str] = (), inside: Sequence[str] = ()):
        self.src, self.name, self._outside, self._inside = src, name, tuple(outside), frozenset(inside)
        self._tables: dict[str, Table] = {}
        self._files: dict[str, Path | None] = {}

    def file(self, module: str) -> Path | None:
        """The file of a module; None where there is no such module."""
        if module not in self._files:
            stem = self.src.joinpath(*module.split("."))
            places = (stem / "__init__.py", stem.with_suffix(".py"))
            self._files[module] = next((path for path in places if path.is_file()), None)
        return self._files[module]

    def has(self, module: str) -> bool:
        """Whether a dotted name is a module of the package."""
        return module.split(".")[0] == self.name and self.file(module) is not None

    def is_outside(self, module: str) -> bool:
        """Whether a module changes no result."""
        named = any(module == name or module.startswith(f"{name}.") for name in self._outside)
        return named and module not in self._inside

    def modules(self) -> list[str]:
        """The dotted names of all modules that may change a result."""
        names = (path.relative_to(self.src).with_suffix("").parts for path in (self.src / self.name).rglob("*.py"))
        dotted = (".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in names)
        return sorted(name for name in dotted if not self.is_outside(name))

    def table(self, module: str) -> Table:
        """The top level of a module.

        Args:
            module: The dotted name of the module.

        Raises:
            InputError: There is no such module, or it is not Python.
        """
        if module not in self._tables:
            path = self.file(module)
            if path is None:
                raise InputError(f"{module}: no such module below {self.src}")
            tree = parse(path.read_text(encoding="utf-8"), module)
            self._tables[module] = read_table(tree, module, path.name == "__init__.py")
        return self._tables[module]

    def imported_by(self, names: set[str]) -> list[str]:
        """The modules of the package among dotted names, and all that those import, however indirectly."""
        found: set[str] = set()
        waiting = self._existing(names)
        while waiting:
            module = waiting.pop()
            if module not in found and not self.is_outside(module):
                found.add(module)
                waiting |= self._existing(self.table(module).imported)
        return sorted(found)

    def _existing(self, names: set[str]) -> set[str]:
        """The modules among dotted names, with the packages that they lie in."""
        parts = (name.split(".") for name in names if name.split(".")[0] == self.name)
        every = {".".join(part[:end]) for part in parts for end in range(1, len(part) + 1)}
        return {module for module in every if self.has(module)}

    def resolve(self, module: str, name: str) -> Target | None:
        """What a name means at the top level of a module; None where the module does not bind it."""
        table = self.table(module)
        if name in table.code:
            return Outside() if self.is_outside(module) else Definition(module, name)
        return self.target(table.imports[name]) if name in table.imports else None

    def target(self, imported: Imported) -> Target:
        """What an import leads to."""
        module = self._module(imported.module)
        if imported.name is None:
            return module
        return self.attribute(module, imported.name) or Unseen(imported.module, imported.name)

    def attribute(self, target: Target, name: str) -> Target | None:
        """What an attribute of a module means; None where `target` is no module, or does not define it."""
        if isinstance(target, Foreign):
            return Foreign(f"{target.dotted}.{name}")
        if isinstance(target, Outside):
            return target
        if not isinstance(target, Module):
            return None
        found = self.resolve(target.name, name)
        return found or (self._module(f"{target.name}.{name}") if self.has(f"{target.name}.{name}") else None)

    def _module(self, dotted: str) -> Target:
        if not self.has(dotted):
            return Foreign(dotted)
        return Outside() if self.is_outside(dotted) else Module(dotted)


def read_table(tree: ast.Module, name: str, package: bool = False) -> Table:
    """The top level of a module.

    Args:
        tree: The syntax tree of the module.
        name: The dotted name of the module.
        package: Whether the module is a package, from which relative imports start.
    """
    table = Table()
    home = name if package else name.rpartition(".")[0]
    table.imported = dotted_imports(tree, home)
    for statement in tree.body:
        _bind(table, statement, home)
    for bound in set(table.imports) & set(table.code):  # an import that may fail, and what stands in for it
        del table.imports[bound]
    return table


def _bind(table: Table, statement: ast.stmt, home: str) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        if any(alias.name == "*" for alias in statement.names):
            table.effects.append(statement)
            return
        table.imports |= dict(imports_of(statement, home))
        return
    if is_text(statement) or isinstance(statement, ast.Pass) or _is_main(statement):
        return
    if _is_type_checking(statement):
        for inner in statement.body:
            _bind(table, inner, home)
        return
    bound = names_stored(statement)
    simple = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign)
    if not simple:  # what it imports is known by the statement alone
        bound += [name for node in ast.walk(statement) for name, _ in imports_of(node, home)]
    if not bound and (changed := _changed(statement)) in table.code:
        bound = [changed]
    if not bound or (not simple and not _only_binds(statement, bound)):
        table.effects.append(statement)
    for name in bound:
        table.code.setdefault(name, []).append(statement)


def _changed(statement: ast.stmt) -> str | None:
    """The name whose value a statement changes, where that is all it does: `X[0] = 1`, `X.y = 1`, `X.append(1)`."""
    match statement:
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute() as target]):
            return base_name(target)
        case ast.AugAssign(target=ast.Subscript() | ast.Attribute() as target):
            return base_name(target)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))) if method in MUTATORS:
            return name
    return None


def _only_binds(statement: ast.stmt, bound: list[str]) -> bool:
    """Whether a statement does no more than to give names a value, or to change the value of one, as far as we see."""
    if _changed(statement) in bound or isinstance(statement, ast.AugAssign | ast.Delete):
        return True
    return isinstance(statement, ast.If | ast.Try | ast.With) and all(map(_may_bind, _inner(statement)))


def _may_bind(statement: ast.stmt) -> bool:
    kinds = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return is_text(statement) or isinstance(statement, (*kinds, ast.If, ast.Try, ast.With, ast.Pass, ast.Raise))


def _inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements that a statement is made of, without those of functions and classes in it."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.ExceptHandler):
            yield from _inner(part)
        elif isinstance(part, ast.stmt):
            yield part
            if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _inner(part)


def _is_main(statement: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__": ...`, which an import does not run."""
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.left, ast.Name)
        and statement.test.left.id == "__name__"
    )


def _is_type_checking(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and ast.unparse(statement.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        and not statement.orelse
    )
