"""Who may import whom: a paper's room builds on the shared rooms, never they on it, and nothing goes in circles."""

import ast
import functools
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from graspbook.papers import slugs

SRC = Path(__file__).parents[1] / "src"


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((SRC / "graspbook").rglob("*.py"))
    }


MODULES = _modules()


def _imports(code: str, everywhere: bool) -> set[str]:
    """Dotted names that code imports when it is executed (its classes and branches included), or everywhere."""
    found, waiting = set(), [ast.parse(code)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their modules in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse  # the rest is for readers and type checkers, and is never executed
        elif everywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


@functools.cache
def _graph(everywhere: bool) -> dict[str, set[str]]:
    """For each module of graspbook what it imports: modules of graspbook by name, other packages by their first."""
    graph = {}
    for module, path in MODULES.items():
        names = _imports(path.read_text(encoding="utf-8"), everywhere)
        own = {name if name in MODULES else name.rpartition(".")[0] for name in names if name.startswith("graspbook")}
        graph[module] = own | {name.split(".")[0] for name in names if not name.startswith("graspbook")}
    return graph


def _room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def _closure(graph: dict[str, set[str]], start: str) -> set[str]:
    seen, waiting = set(), [start]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph.get(module, ())
    return seen


@pytest.mark.slow
def test_every_import_of_our_own_names_a_module_that_is_there():
    for module, imported in _graph(everywhere=True).items():
        assert not {name for name in imported if name.startswith("graspbook")} - set(MODULES), module


def test_shared_rooms_import_no_papers_room():
    for module, imported in _graph(everywhere=True).items():
        if _room(module) not in slugs():
            assert not {name for name in imported if _room(name) in slugs()}, module


def test_no_papers_room_imports_anothers():
    for module, imported in _graph(everywhere=True).items():
        if _room(module) in slugs():
            others = set(slugs()) - {_room(module)}
            assert not {name for name in imported if _room(name) in others}, module


def test_imports_go_in_no_circle():
    try:
        TopologicalSorter(_graph(everywhere=True)).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' <- '.join(error.args[1])}")


def test_the_world_needs_no_torch():
    graph = _graph(everywhere=False)
    for module in MODULES:
        if _room(module) == "world":
            assert not _closure(graph, module) & {"torch", "torchvision", "transformers", "diffusers"}, module
