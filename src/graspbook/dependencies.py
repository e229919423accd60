"""Which source files each stage of `dvc.yaml` depends on: those that its notebook imports, and theirs.

A stage that depended on all of `src` would run again after every edit; a list kept by hand goes stale. So the
list is computed, `graspbook stage-deps --write` puts it into `dvc.yaml`, and a test compares the two.
"""

import ast
import re
from pathlib import Path

import nbformat
import yaml

from graspbook.errors import InputError

WITHOUT_EFFECT = frozenset({"graspbook.errors", "graspbook.progress"})
"""Modules that change no result: editing them should not run a training again."""

_SOURCE_LINE = re.compile(r"^\s+- src/graspbook/\S+\.py$")
_NOTEBOOK_LINE = re.compile(r"^(\s+- )(notebooks/\S+\.ipynb)$")


def notebook_sources(notebook: Path, src: Path) -> list[str]:
    """Source files that a notebook uses, directly or through others, as `src/graspbook/...`, sorted.

    Args:
        notebook: Its path.
        src: The `src` folder.

    Raises:
        InputError: The notebook does not exist.
    """
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except FileNotFoundError:
        raise InputError(f"{notebook}: no such notebook") from None
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    plain = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
    found: set[str] = set()
    waiting = _imported_modules(plain, src)
    while waiting:
        module = waiting.pop()
        if module in found or module in WITHOUT_EFFECT:
            continue
        found.add(module)
        waiting |= _imported_modules(_module_file(module, src).read_text(encoding="utf-8"), src)
    files = {_module_file(module, src) for module in found}
    return sorted(f"src/{path.relative_to(src).as_posix()}" for path in files if not _is_empty(path))


def update_pipeline(text: str, root: Path) -> str:
    """The text of a `dvc.yaml` with the source dependencies of each notebook stage as they should be.

    In a stage's `deps`, the sources follow the notebook's own line.

    Args:
        text: Content of `dvc.yaml`.
        root: The repository.
    """
    lines = []
    for line in text.splitlines():
        if _SOURCE_LINE.match(line):
            continue
        lines.append(line)
        if found := _NOTEBOOK_LINE.match(line):
            lines += [f"{found[1]}{path}" for path in notebook_sources(root / found[2], root / "src")]
    updated = "\n".join(lines) + "\n"
    yaml.safe_load(updated)
    return updated


def _imported_modules(code: str, src: Path) -> set[str]:
    """Modules of graspbook that `code` imports, packages on the way included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names if name.split(".")[0] == "graspbook"]
    modules = {".".join(part[: end + 1]) for part in parts for end in range(len(part))}
    return {module for module in modules if _module_file(module, src) is not None}


def _module_file(module: str, src: Path) -> Path | None:
    stem = src.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _is_empty(path: Path) -> bool:
    """Whether a file holds nothing but a docstring."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
