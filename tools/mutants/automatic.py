"""Small wrong changes of the kinds that wiring suffers, made from a module's syntax tree.

A change is one of: a keyword argument dropped, two arguments swapped, an element dropped from what a name is made of, a
condition negated, the name of another split, the other of two extremes, a statement dropped, another argument of the
same type.
"""

import ast
import itertools
import random
from collections.abc import Iterator

EXTREMES = {"min": "max", "argmin": "argmax", "minimum": "maximum", "any": "all", "amin": "amax"}
EXTREMES |= {other: one for one, other in EXTREMES.items()}
SPLITS = {"train": "validation", "validation": "test", "test": "train", "best": "last", "last": "best"}
NEVER_RESULTS = ("strict", "title", "total", "encoding")
"""Keyword arguments that change no result."""
NAMING = ("fingerprint", "key")
"""How the names of functions end that make the name of a result."""

Change = tuple[str, ast.AST, str]
"""What is wrong, the node that changes, and its new source."""


def automatic_changes(text: str) -> list[tuple[str, str, str]]:
    """All changes of the functions of a module.

    Args:
        text: The module's source.

    Returns:
        For each change its kind, what is wrong in words that no other change of the module has, and the module's
        new source.
    """
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found, seen = [], {}
    for scope, (word, node, new) in _functions(ast.parse(text)):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        word = " ".join(f"{scope}: {word}".split())
        seen[word] = seen.get(word, 0) + 1
        name = word if seen[word] == 1 else f"{word} ({seen[word]})"
        raw = text.encode()
        found.append((word.split(": ")[1], name, (raw[:begin] + new.encode() + raw[end:]).decode()))
    return found


def sampled(changes: list[tuple[str, str, str]], count: int, seed: int) -> list[tuple[str, str, str]]:
    """Some of the changes of a module, each kind as likely as the next.

    Args:
        changes: All of them, as `automatic_changes` gives them.
        count: Largest number of changes.
        seed: Seed of the draw.
    """
    rng, kinds = random.Random(seed), {}
    for change in changes:
        kinds.setdefault(change[0], []).append(change)
    chosen = []
    while kinds and len(chosen) < count:
        kind = rng.choice(sorted(kinds))
        chosen.append(kinds[kind].pop(rng.randrange(len(kinds[kind]))))
        if not kinds[kind]:
            del kinds[kind]
    return chosen


def _functions(node: ast.AST, scope: str = "") -> Iterator[tuple[str, Change]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{scope}{child.name}.")
        elif isinstance(child, ast.FunctionDef):
            names = [child.name, *(_callee(call) for call in ast.walk(child) if isinstance(call, ast.Call))]
            naming = any(name.split(".")[-1].endswith(NAMING) for name in names)
            for statement in child.body:
                for change in _changes(statement, _siblings(child.args), naming):
                    yield f"{scope}{child.name}", change


def _siblings(arguments: ast.arguments) -> dict[str, str]:
    """For each argument the next one of the same type, if any."""
    types: dict[str, list[str]] = {}
    for argument in arguments.posonlyargs + arguments.args + arguments.kwonlyargs:
        if argument.annotation is not None:
            types.setdefault(ast.unparse(argument.annotation), []).append(argument.arg)
    return {name: same[k - 1] for same in types.values() if len(same) > 1 for k, name in enumerate(same)}


def _changes(node: ast.AST, siblings: dict[str, str], naming: bool) -> Iterator[Change]:
    """The changes in a statement or expression and all that it holds."""
    guard = isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)
    if isinstance(node, (ast.JoinedStr, ast.Raise)) or guard or _is_super(node):
        return  # messages, what is refused, what Python asks for: no wiring
    yield from _own_changes(node, siblings, naming)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child, siblings, naming)


def _own_changes(node: ast.AST, siblings: dict[str, str], naming: bool) -> Iterator[Change]:
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            for k, keyword in enumerate(keywords):
                if keyword.arg not in (None, *NEVER_RESULTS):
                    rest = ast.Call(func, args, keywords[:k] + keywords[k + 1 :])
                    yield f"keyword dropped: {keyword.arg} of {_callee(node)}", node, ast.unparse(rest)
            for k, (one, other) in enumerate(itertools.pairwise(args)):
                if ast.dump(one) != ast.dump(other) and not isinstance(one, ast.Starred):
                    swapped = ast.Call(func, [*args[:k], other, one, *args[k + 2 :]], keywords)
                    yield f"swapped: {_short(one)} and {_short(other)} of {_callee(node)}", node, ast.unparse(swapped)
        case ast.List(elts=elements) | ast.Tuple(elts=elements, ctx=ast.Load()) if naming and len(elements) > 1:
            for k, element in enumerate(elements):
                rest = type(node)(elements[:k] + elements[k + 1 :], ast.Load())
                yield f"element dropped: {_short(element)}", node, ast.unparse(rest)
        case ast.Dict(keys=keys, values=values) if naming:
            for k, value in enumerate(values):
                rest = ast.Dict(keys[:k] + keys[k + 1 :], values[:k] + values[k + 1 :])
                yield f"element dropped: {_short(value)}", node, ast.unparse(rest)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield f"negated: {_short(test)}", test, f"(not ({ast.unparse(test)}))"
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield f"negated: {_short(test)}", test, f"(not ({ast.unparse(test)}))"
        case ast.Constant(value=str(value)) if value in SPLITS:
            yield f"split: {SPLITS[value]} for {value}", node, repr(SPLITS[value])
        case ast.Name(id=name, ctx=ast.Load()) if name in EXTREMES:
            yield f"extreme: {EXTREMES[name]} for {name}", node, EXTREMES[name]
        case ast.Name(id=name, ctx=ast.Load()) if name in siblings:
            yield f"argument: {siblings[name]} for {name}", node, siblings[name]
        case ast.Attribute(value=value, attr=name) if name in EXTREMES:
            yield f"extreme: {EXTREMES[name]} for {name}", node, f"{ast.unparse(value)}.{EXTREMES[name]}"
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Continue():
            yield f"statement dropped: {_short(node)}", node, "pass"
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield f"statement dropped: {_short(node)}", node, "pass"


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("super().__init__")


def _callee(call: ast.Call) -> str:
    return _short(call.func)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
