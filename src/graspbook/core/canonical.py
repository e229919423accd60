"""Code as text in which nothing is left that changes no result, and every reference to other code can be followed.

A piece of code becomes a list of tokens: its syntax tree without layout, comments, docstrings and annotations that
nobody reads, with a token of its own for each reference to a definition of the package. What a definition is called,
and in which module it stands, is in no token.
"""

from __future__ import annotations

import ast
import copy
import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graspbook.core.modules import (
    MUTATORS,
    WHOLE,
    Definition,
    Foreign,
    Module,
    Package,
    Target,
    Unseen,
)
from graspbook.core.scopes import FUNCTIONS, Scope, scope_of, type_names
from graspbook.core.syntax import imports_of, is_text, names_stored

READS_NO_ANNOTATIONS = frozenset(
    "abc.abstractmethod classmethod contextlib.contextmanager functools.cache functools.cached_property "
    "functools.lru_cache functools.wraps numba.njit property staticmethod torch.inference_mode torch.no_grad "
    "typing.overload".split()
)
"""Decorators that do not look at the annotations of what they decorate; any other may."""
SEES_ITS_MODULE = frozenset(("eval", "exec", "globals"))
"""Built-in functions through which code may read anything of its own module."""
IMPORTERS = frozenset(("importlib.import_module", "__import__"))
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass
class Piece:
    """A piece of code.

    Attributes:
        tokens: The tokens of the code: texts, and definitions of the package that are referred to.
        classes: The definitions that are named in annotations alone: their methods may run.
        changes: The definitions whose values functions in the piece change.
    """

    tokens: list[str | Definition] = field(default_factory=list)
    classes: set[Definition] = field(default_factory=set)
    changes: set[Definition] = field(default_factory=set)

    def references(self) -> set[Definition]:
        """All definitions that the piece refers to."""
        return {token for token in self.tokens if isinstance(token, Definition)} | self.classes


def definition_piece(package: Package, definition: Definition) -> Piece:
    """A definition as a piece of code: the statements that bind its name or change its value.

    Args:
        package: The package.
        definition: The definition.
    """
    table = package.table(definition.module)
    if definition.name == WHOLE:
        return _whole_module(package, definition.module)
    writer = _Writer(package, definition.module)
    for statement in table.code[definition.name]:
        bound = names_stored(statement)
        bound += [name for node in ast.walk(statement) for name, _ in imports_of(node, writer.home)]
        writer.bound = {name: place for place, name in enumerate(dict.fromkeys(bound))}
        writer.text(f"@{writer.bound.get(definition.name, 0)}")
        writer.statement(statement)
    return writer.piece


def statements_piece(package: Package, module: str, statements: Iterable[ast.stmt]) -> Piece:
    """Statements at the top level of a module as a piece of code.

    Args:
        package: The package.
        module: The dotted name of the module.
        statements: The syntax trees of the statements.
    """
    writer = _Writer(package, module)
    for statement in statements:
        writer.statement(statement)
    return writer.piece


def page_piece(package: Package, cells: Sequence[ast.Module]) -> Piece:
    """The code cells of a page, one after another, as a piece of code.

    Where a cell ends counts: what it ends with is shown below it, also a text that stands alone. A cell that only
    imports counts for nothing.

    Args:
        package: The package.
        cells: The syntax trees of the cells, in the order in which they run.
    """
    writer = _Writer(package, None)
    writer.scopes.append(scope_of([statement for cell in cells for statement in cell.body], ""))
    for cell in cells:
        before = len(writer.piece.tokens)
        for statement in cell.body:
            if is_text(statement) and statement is cell.body[-1]:
                writer.text(repr(statement.value.value))
            writer.statement(statement)
        if len(writer.piece.tokens) > before:
            writer.text("end of cell")
    return writer.piece


def field_classes(package: Package, owner: Definition, field_name: str) -> set[Definition]:
    """The classes in the annotation of a class's field, which may be that of a class it is derived from.

    Args:
        package: The package that defines the class.
        owner: The class that has the field.
        field_name: The name of the field.

    Returns:
        The classes; empty where none of the classes has the field.
    """
    for statement in package.table(owner.module).code[owner.name]:
        if not isinstance(statement, ast.ClassDef):
            continue
        writer = _Writer(package, owner.module)
        for part in statement.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.target.id == field_name:
                writer.note_classes(part.annotation)
                return writer.piece.classes
        for base in map(writer.resolved, statement.bases):
            if isinstance(base, Definition) and (found := field_classes(package, base, field_name)):
                return found
    return set()


def _whole_module(package: Package, module: str) -> Piece:
    """Everything that a module binds, by its names, since nobody knows by which it will be asked for."""
    piece, table = Piece(), package.table(module)
    for name in sorted({*table.code, *table.imports}):
        piece.tokens += [name, *_tokens(package.resolve(module, name))]
    return piece


def _tokens(target: Target) -> list[str | Definition]:
    match target:
        case Definition():
            return [target]
        case Module(name=name):
            return [Definition(name, WHOLE)]
        case Unseen(module=module, name=name):
            return [Definition(module, WHOLE), f".{name}"]
        case Foreign(dotted=dotted):
            return [f"<{dotted}>"]
    return ["<outside>"]


class _Writer:
    """Writes code as tokens.

    Args:
        package: The package.
        module: In which the code stands; None for a page.
    """

    def __init__(self, package: Package, module: str | None):
        self.package, self.module = package, module
        self.home = _home(package, module)
        self.piece = Piece()
        self.bound: dict[str, int] = {}
        self.scopes: list[Scope] = []

    def text(self, text: str) -> None:
        self.piece.tokens.append(text)

    def lookup(self, name: str) -> Target | str:
        """What a name means here; text where it is local, built in, or bound by the statement that is written."""
        for scope in reversed(self.scopes):
            if scope.is_class and scope is not self.scopes[-1]:
                continue
            if name in scope.global_names and scope is not self.scopes[0]:
                return self._outermost(name)
            if name in scope.own:
                return name
            if name in scope.imports:
                return self.package.target(scope.imports[name])
        return self._outermost(name)

    def _outermost(self, name: str) -> Target | str:
        """What a name means at the top level of the module, or of the page."""
        if self.module is None:
            imports = self.scopes[0].imports if name not in self.scopes[0].own else {}
            return self.package.target(imports[name]) if name in imports else name
        if name in self.bound:
            return f"@{self.bound[name]}"
        return self.package.resolve(self.module, name) or name

    def refer(self, target: Target | str) -> None:
        self.piece.tokens += [target] if isinstance(target, str) else _tokens(target)

    def statement(self, node: ast.stmt) -> None:
        if is_text(node):
            return
        self.write(node)

    def write(self, node: object) -> None:
        """Write a node of a syntax tree, or a list of them, or a plain value."""
        if isinstance(node, list):
            self.text("[")
            for element in node:
                self.write(element)
            self.text("]")
        elif isinstance(node, ast.AST):
            method = getattr(self, f"write_{type(node).__name__}", None)
            (method or self.write_fields)(node)
        else:
            self.text(repr(node))

    def write_fields(self, node: ast.AST, leave_out: Iterable[str] = ()) -> None:
        """A node by its fields; those that are None or empty are left out: versions of Python differ in them."""
        self.text(f"{type(node).__name__}(")
        for name, value in ast.iter_fields(node):
            if name in leave_out or value is None or value == []:
                continue
            if name in ("body", "orelse", "finalbody") and isinstance(value, list):
                value = [part for part in value if not is_text(part)]
            self.text(f"{name}=")
            self.write(value)
        self.text(")")

    # names and what they lead to

    def write_Name(self, node: ast.Name) -> None:
        self.text(f"{type(node.ctx).__name__}:")
        if isinstance(node.ctx, ast.Load) and node.id in SEES_ITS_MODULE and self.lookup(node.id) == node.id:
            self._own_module()
        if self.scopes and self.scopes[-1].is_class and node.id in self.scopes[-1].own:
            self._also_global(node.id)
        target = self.lookup(node.id)
        if not isinstance(node.ctx, ast.Load):
            self._changed(target)
        self.refer(target)

    def write_Attribute(self, node: ast.Attribute) -> None:
        names, base = [], node
        while isinstance(base, ast.Attribute):
            names.append(base.attr)
            base = base.value
        names.reverse()
        self.text(f"{type(node.ctx).__name__}:")
        target = self.lookup(base.id) if isinstance(base, ast.Name) else None
        if target is None or isinstance(target, str):
            self.write(base)
        else:
            while names and (found := self.package.attribute(target, names[0])) is not None:
                target = found
                names.pop(0)
            if isinstance(target, Foreign) and target.dotted == "sys.modules":
                self._own_module()
            if not isinstance(node.ctx, ast.Load):
                self._changed(target)
            self.refer(target)
        for name in names:
            self.text(f".{name}")

    def write_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._changed(self.resolved(node.value))
        self.write_fields(node)

    def write_Call(self, node: ast.Call) -> None:
        called = self.resolved(node.func)
        name = called.dotted if isinstance(called, Foreign) else called
        if name in IMPORTERS:
            for module in self._named_by(node.args[0] if node.args else None):
                self.refer(Module(module))
        if isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            self._changed(self.resolved(node.func.value))
        self.write_fields(node)

    def resolved(self, node: ast.AST) -> Target | str | None:
        """What a name, or a chain of attributes, leads to, where it leads to something as a whole."""
        if isinstance(node, ast.Name):
            return self.lookup(node.id)
        if isinstance(node, ast.Attribute):
            base = self.resolved(node.value)
            if isinstance(base, Definition):
                return base
            return None if base is None or isinstance(base, str) else self.package.attribute(base, node.attr)
        return None

    def _changed(self, target: Target | str | None) -> None:
        """Note what a function changes; what the top level of a module changes is told apart by `read_table`."""
        if self.scopes and isinstance(target, Definition):
            self.piece.changes.add(target)

    def _own_module(self) -> None:
        if self.module is not None:
            self.refer(Definition(self.module, WHOLE))

    def _also_global(self, name: str) -> None:
        """In a class, a name may mean the module's until the class has bound it."""
        found = self.package.resolve(self.module, name) if self.module else None
        if found is not None and name not in self.bound:
            self.refer(found)

    def _named_by(self, node: ast.AST | None) -> list[str]:
        """The modules of the package that a name made at run time may mean."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            pattern = node.value
        elif isinstance(node, ast.JoinedStr):
            pattern = "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)
        else:
            pattern = "*"
        if pattern.startswith("."):
            pattern = f"*{pattern}"
        return [name for name in self.package.modules() if fnmatch.fnmatchcase(name, pattern)]

    # scopes

    def write_Global(self, node: ast.Global) -> None:
        """Nothing: where its names are used, they lead to what they mean."""

    def write_FunctionDef(self, node: FUNCTIONS) -> None:
        self.text(f"{type(node).__name__} {self._own_name(node.name)}")
        self.write(node.decorator_list)
        self._write_function(node.args, node.body, node.returns, self._annotations_count(node), type_names(node))

    write_AsyncFunctionDef = write_FunctionDef

    def write_Lambda(self, node: ast.Lambda) -> None:
        self.text("Lambda")
        self._write_function(node.args, [node.body], None, False, [])

    def _write_function(
        self, args: ast.arguments, body: list, returns: ast.expr | None, annotated: bool, further: list[str]
    ) -> None:
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        every += [arg for arg in (args.vararg, args.kwarg) if arg is not None]
        for annotation in [*(arg.annotation for arg in every), returns]:
            if annotation is not None:
                self.write_annotation(annotation) if annotated else self.note_classes(annotation)
        self.write_fields(args)
        self.scopes.append(scope_of(body, self.home, [*(arg.arg for arg in every), *further]))
        self.write([part for part in body if not is_text(part)])
        self.scopes.pop()

    def write_arg(self, node: ast.arg) -> None:
        self.text(node.arg)

    def write_ClassDef(self, node: ast.ClassDef) -> None:
        self.text(f"ClassDef {self._own_name(node.name)}")
        self.write(node.decorator_list)
        self.write(node.bases)
        self.write(node.keywords)
        scope = scope_of(node.body, self.home, type_names(node))
        scope.is_class = True
        self.scopes.append(scope)
        self.write([part for part in node.body if not is_text(part)])
        self.scopes.pop()

    def _write_comprehension(self, node: COMPREHENSIONS) -> None:
        self.text(type(node).__name__)
        self.write(node.generators[0].iter)
        targets = {n.id for part in node.generators for n in ast.walk(part.target) if isinstance(n, ast.Name)}
        self.scopes.append(Scope(targets))
        for place, part in enumerate(node.generators):
            self.write_fields(part, () if place else ("iter",))
        self.write([getattr(node, name) for name in ("key", "value", "elt") if hasattr(node, name)])
        self.scopes.pop()

    write_ListComp = write_SetComp = write_DictComp = write_GeneratorExp = _write_comprehension

    def _own_name(self, name: str) -> str:
        """The name of a function or class; at the top level of a module, its place alone."""
        return name if self.scopes else str(self.lookup(name))

    # imports, annotations

    def write_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Written where a name may be bound otherwise, too; elsewhere the uses of the name say it all."""
        scope = self.scopes[-1] if self.scopes else None
        for name, imported in imports_of(node, self.home):
            if scope is None or name in scope.own:
                self.text(f"import {name if scope else self.bound.get(name)}")
                self.refer(self.package.target(imported))

    write_ImportFrom = write_Import

    def write_Try(self, node: ast.Try) -> None:
        for part in node.body:
            for _, imported in imports_of(part, self.home):
                self.text("try to import")
                self.refer(self.package.target(imported))
        self.write_fields(node)

    def write_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self.scopes and self.scopes[-1].is_class:
            self.text("field")
            self.write(node.target)
            self.write_annotation(node.annotation)
            self.write(node.value)
            return
        self.note_classes(node.annotation)
        if node.value is not None:
            self.write_fields(ast.Assign(targets=[node.target], value=node.value))

    def write_annotation(self, node: ast.AST) -> None:
        """An annotation that somebody reads; texts in it that are types count as such."""
        self.write(_with_types(node))

    def note_classes(self, node: ast.AST) -> None:
        """The classes in an annotation that nobody reads: what has them as its type may run their methods."""
        for part in ast.walk(_with_types(node)):
            found = self.resolved(part)
            if isinstance(found, Definition):
                self.piece.classes |= _classes(self.package, found)

    def _annotations_count(self, node: FUNCTIONS) -> bool:
        return not all(self._reads_no_annotations(decorator) for decorator in node.decorator_list)

    def _reads_no_annotations(self, decorator: ast.expr) -> bool:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(node, ast.Attribute) and node.attr in ("getter", "setter", "deleter"):
            return True
        found = self.resolved(node)
        return (found.dotted if isinstance(found, Foreign) else found) in READS_NO_ANNOTATIONS


def _home(package: Package, module: str | None) -> str:
    """The package in which a module's relative imports start."""
    file = package.file(module) if module else None
    if module is None or file is None:
        return ""
    return module if file.name == "__init__.py" else module.rpartition(".")[0]


class _TypesInText(ast.NodeTransformer):
    """Puts the types that stand in an annotation as text into it."""

    def visit_Constant(self, constant: ast.Constant) -> ast.AST:
        if not isinstance(constant.value, str):
            return constant
        try:
            return ast.parse(constant.value, mode="eval").body
        except SyntaxError:  # the axes of an array, say
            return constant


def _with_types(node: ast.expr) -> ast.AST:
    """An annotation with the types that stand in it as text."""
    if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node)):
        return _TypesInText().visit(copy.deepcopy(node))
    return node


def _classes(package: Package, definition: Definition) -> set[Definition]:
    """The classes that a name in an annotation stands for; one given by assignment may name several."""
    found: set[Definition] = set()
    seen: set[Definition] = set()
    waiting = [definition]
    while waiting:
        one = waiting.pop()
        if one in seen or one.name == WHOLE:
            continue
        seen.add(one)
        for statement in package.table(one.module).code[one.name]:
            if isinstance(statement, ast.ClassDef):
                found.add(one)
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                writer = _Writer(package, one.module)
                reached = (writer.resolved(part) for part in ast.walk(statement))
                waiting += [target for target in reached if isinstance(target, Definition)]
    return found
