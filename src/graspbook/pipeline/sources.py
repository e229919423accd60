"""`reports/sources/`: what stages are made from, as hashes on which they depend.

There is a file for each paper, and `book.yaml`. It holds the profile, a fingerprint of each notebook, and a digest of
each section of parameters that a stage names: so a changed number makes those stages run again that are given it.

A fingerprint covers the code cells and every definition of graspbook that they reach, however indirectly, without
comments, docstrings and names (`graspbook.core.code_hash`). Prose is in none: a sentence makes no stage run again, and
neither does a function that moves or gets a better name. A page is given objects, too: the sections of parameters that
its stage depends on. Their classes count.
"""

from pathlib import Path
from typing import Any

import nbformat

from graspbook.core.atomic import write_text
from graspbook.core.canonical import field_classes
from graspbook.core.code_hash import digest
from graspbook.core.errors import InputError
from graspbook.core.fingerprint import code_hashes, page_fingerprint
from graspbook.core.modules import Definition, Package
from graspbook.pipeline.params import profile_values
from graspbook.pipeline.stages import KEYED, PROFILE, SOURCES, Stage, notebook_stages, section_value, sources_file

_HEADER = "# Written by the stage `sources`: the profile, hashes of notebooks with their code, and of parameters.\n"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook.

    Args:
        path: The notebook's file.

    Raises:
        InputError: It is missing or cannot be read, or is no notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InputError(f"{path}: no such notebook") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception as error:  # nbformat does not say what it raises on what is no notebook
        raise InputError(f"{path}: not a notebook ({type(error).__name__})") from None
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[str]:
    """The code cells of a notebook, without lines that are none of Python's.

    Args:
        notebook: The notebook.
    """
    return [python_of(cell.source) for cell in notebook.cells if cell.cell_type == "code"]


def python_of(code: str) -> str:
    """The code of a cell without its magics.

    Args:
        code: The code of the cell.
    """
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))


def source_notebooks(root: Path) -> list[Path]:
    """Every notebook of the book, in reading order within a paper.

    Args:
        root: The repository.
    """
    return sorted(p for p in (root / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def notebook_fingerprints(root: Path) -> dict[str, dict[str, str]]:
    """The fingerprint of every notebook by its name, for each paper by its short name; "" is the book itself.

    Args:
        root: The repository.

    Raises:
        InputError: A file is no notebook, or a cell, or a module that it needs, is not Python.
    """
    hashes, stages = code_hashes(root / "src"), notebook_stages(root)
    found: dict[str, dict[str, str]] = {}
    for path in source_notebooks(root):
        *folder, _ = path.relative_to(root / "notebooks").parts
        given = given_classes(hashes.package, [one for one in stages if root / one.notebook == path])
        try:
            one = page_fingerprint(code_cells(read_notebook(path)), hashes, given)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        found.setdefault(folder[0] if folder else "", {})[path.stem] = one
    return found


def section_digests(stages: list[Stage], values: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The digest of every section of parameters that a stage names, for each paper by its short name.

    The order of a section's keys counts: a page may go through them in this order.

    Args:
        stages: All stages; a family stands for each of its members.
        values: The parameters of each paper, as plain values.

    Raises:
        InputError: A section does not exist.
    """
    found: dict[str, dict[str, str]] = {}
    for stage in stages:
        for pattern in stage.sections:
            outer, _, last = pattern.rpartition("/")
            keys = section_value(stage, outer, values.get(stage.slug, {})) if KEYED.fullmatch(last) else [last]
            for section in (f"{outer}/{key}" if outer else key for key in keys):
                value = section_value(stage, section, values.get(stage.slug, {}))
                found.setdefault(stage.slug, {})[section] = digest(value)
    return found


def given_classes(package: Package, stages: list[Stage]) -> frozenset[Definition]:
    """The classes of the sections of parameters that stages are given.

    Args:
        package: The package that defines them.
        stages: All stages that run one notebook.
    """
    found: set[Definition] = set()
    for stage in stages:
        schemas = (f"{package.name}.{stage.slug}.{module}" for module in ("schema", "config"))
        schema = next((Definition(module, stage.slug.capitalize()) for module in schemas if package.has(module)), None)
        if stage.slug and schema is not None:
            for section in stage.sections:
                found |= field_classes(package, schema, section.partition("/")[0])
    return frozenset(found)


def write_sources(root: Path) -> Path:
    """Write what the stages of each paper are made from; returns the folder.

    Args:
        root: The repository, or the workspace of a profile.
    """
    values = profile_values(root)
    digests = section_digests(notebook_stages(root), values)
    pages = notebook_fingerprints(root)
    for path in {*(root / SOURCES).glob("*")} - {root / sources_file(slug) for slug in pages}:
        path.unlink()  # of a paper that is gone
    for slug, hashes in pages.items():
        content = {PROFILE: values[PROFILE]} | hashes | digests.get(slug, {})
        lines = [f'{name}: "{value}"\n' for name, value in sorted(content.items())]  # 12e45 would be a number
        write_text(root / sources_file(slug), _HEADER + "".join(lines))
    return root / SOURCES
