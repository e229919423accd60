"""The hash of a definition: of its code, in which each reference stands for the hash of what it refers to.

So it changes when anything changes that the definition reaches, however indirectly, and only then. Definitions that
refer to each other in a circle are hashed together.
"""

import ast
import hashlib
import json
from collections.abc import Iterable

from graspbook.core.canonical import Piece, definition_piece, statements_piece
from graspbook.core.modules import EFFECTS, Definition, Module, Package, Target
from graspbook.core.syntax import base_name


class CodeHashes:
    """Hashes of the definitions of a package, each computed once.

    Args:
        package: The package whose definitions are hashed.
    """

    def __init__(self, package: Package):
        self.package = package
        self._pieces: dict[Definition, Piece] = {}
        self._hashes: dict[Definition, str] = {}

    def of_piece(self, piece: Piece, modules: set[str]) -> str:
        """The hash of a piece of code: 16 hexadecimal digits.

        Args:
            piece: The piece of code.
            modules: The dotted names that the code imports; statements with effects in these modules, and in all that
                they import, count, since they run when the code does.

        Raises:
            InputError: A module that is needed is not Python.
        """
        effects = [Definition(module, EFFECTS) for module in self.package.imported_by(modules)]
        effects = [one for one in effects if self.piece(one).tokens]
        self._hash(piece.references() | set(effects))
        return digest([self._written(piece), sorted(self._hashes[one] for one in effects)])

    def of_definition(self, definition: Definition) -> str:
        """The hash of a definition."""
        piece = Piece([definition])
        return self.of_piece(piece, {definition.module})

    def piece(self, definition: Definition) -> Piece:
        """The code of a definition."""
        if definition not in self._pieces:
            if definition.name == EFFECTS:
                self._pieces[definition] = self._effects(definition.module)
            else:
                self._pieces[definition] = definition_piece(self.package, definition)
        return self._pieces[definition]

    def reached(self, starts: Iterable[Definition]) -> set[Definition]:
        """Definitions, and all that they refer to, however indirectly."""
        found: set[Definition] = set()
        waiting = set(starts)
        while waiting:
            one = waiting.pop()
            found.add(one)
            waiting |= self.piece(one).references() - found
        return found

    def _hash(self, starts: set[Definition]) -> None:
        """Hash definitions and all that they reach: what is referred to first."""
        import networkx  # not in the environment that only builds the book

        graph = networkx.DiGraph()
        waiting = starts - set(self._hashes)
        while waiting:
            one = waiting.pop()
            needed = self.piece(one).references() - set(self._hashes)
            waiting |= needed - set(graph)
            graph.add_node(one)
            graph.add_edges_from((one, other) for other in needed)
        circles = networkx.condensation(graph)
        for number in reversed(list(networkx.topological_sort(circles))):
            self._hashes |= self._of_circle(circles.nodes[number]["members"])

    def _of_circle(self, members: set[Definition]) -> dict[Definition, str]:
        """The hashes of definitions that refer to each other, or of a single one.

        Each is hashed anew as often as there are members, with the hashes of the round before in place of the
        others, so that a change of one reaches all, and no name is needed to tell them apart.
        """
        hashes = dict.fromkeys(members, "")
        for _ in range(len(members) + (len(members) > 1)):
            hashes = {one: digest(self._written(self.piece(one), hashes)) for one in members}
        return hashes

    def _written(self, piece: Piece, circle: dict[Definition, str] | None = None) -> list:
        """Tokens with hashes in place of references, then the hashes of classes named in annotations."""
        known = self._hashes if not circle else {**{one: self._hashes.get(one) for one in piece.references()}, **circle}
        tokens = [f"#{known[token]}" if isinstance(token, Definition) else token for token in piece.tokens]
        return [tokens, sorted({known[one] for one in piece.classes})]

    # statements with effects

    def _effects(self, module: str) -> Piece:
        """The statements of a module that do more than to bind names."""
        table = self.package.table(module)
        piece = statements_piece(self.package, module, table.effects)
        for name, statements in table.code.items():
            if any(self._registers(module, statement) for statement in statements):
                piece.tokens.append(Definition(module, name))
        return piece

    def _registers(self, module: str, statement: ast.stmt) -> bool:
        """Whether a statement that binds a name changes the value of another one, as `@register` may."""
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            calls = [node.func for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
            return any(self._changes_another(module, function) for function in calls)
        if isinstance(statement, ast.ClassDef) and self._prepares_subclasses(module, statement.bases):
            return True
        decorators = getattr(statement, "decorator_list", [])
        return any(self._is_method(module, one) or self._changes_another(module, one) for one in decorators)

    def _changes_another(self, module: str, called: ast.expr) -> bool:
        """Whether calling something changes the value of a definition of the package, as far as we can see."""
        piece = statements_piece(self.package, module, [ast.Expr(called)])
        return any(self.piece(one).changes for one in self.reached(piece.references()))

    def _is_method(self, module: str, decorator: ast.expr) -> bool:
        """Whether a decorator is a method of a definition of the package, which may keep what it decorates."""
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return isinstance(called, ast.Attribute) and isinstance(self._base(module, called), Definition)

    def _prepares_subclasses(self, module: str, bases: list[ast.expr]) -> bool:
        """Whether a class with these bases is known to one of them (`__init_subclass__`)."""
        for found in (self._base(module, base) for base in bases):
            statements = self.package.table(found.module).code[found.name] if isinstance(found, Definition) else []
            for statement in statements:
                if isinstance(statement, ast.ClassDef):
                    own = any(getattr(part, "name", "") == "__init_subclass__" for part in statement.body)
                    if own or self._prepares_subclasses(found.module, statement.bases):
                        return True
        return False

    def _base(self, module: str, node: ast.expr) -> Target | None:
        """What the name that a chain of attributes and calls starts from means."""
        name = base_name(node)
        found = self.package.resolve(module, name) if name else None
        while isinstance(found, Module) and isinstance(node, ast.Attribute):
            found = self.package.attribute(found, node.attr)
        return found


def digest(content: object) -> str:
    """The first 16 hexadecimal digits of a hash of what JSON can hold.

    Args:
        content: Anything that JSON can hold.
    """
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
