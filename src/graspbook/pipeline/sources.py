"""`reports/sources.yaml`: a fingerprint of each notebook's code, on which its stage depends.

A fingerprint covers the code cells and every definition of graspbook that they reach, however indirectly, without
comments, docstrings and names (`graspbook.core.code_hash`). Prose is in none: a sentence makes no stage run again, and
neither does a function that moves or gets a better name.

A page is given objects, too: the sections of parameters that its stage depends on. Their classes count.
"""

from pathlib import Path

import nbformat
import yaml

from graspbook.core.atomic import write_text
from graspbook.core.canonical import field_classes
from graspbook.core.errors import InputError
from graspbook.core.fingerprint import code_hashes, page_fingerprint
from graspbook.core.modules import Definition, Package
from graspbook.pipeline.stages import Stage, notebook_stages

SOURCES = Path("reports/sources.yaml")
_HEADER = "# Written by the stage `sources`: a fingerprint of each notebook's code and of the code that it reaches.\n"


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


def notebook_fingerprints(root: Path) -> dict[str, str | dict[str, str]]:
    """The fingerprint of every notebook by its name, those of a paper below the paper's short name.

    Args:
        root: The repository.

    Raises:
        InputError: A file is no notebook, or a cell, or a module that it needs, is not Python.
    """
    hashes, stages = code_hashes(root / "src"), notebook_stages(root)
    found: dict[str, str | dict[str, str]] = {}
    for path in source_notebooks(root):
        *folder, _ = path.relative_to(root / "notebooks").parts
        place = found.setdefault(folder[0], {}) if folder else found
        given = given_classes(hashes.package, [one for one in stages if root / one.notebook == path])
        try:
            place[path.stem] = page_fingerprint(code_cells(read_notebook(path)), hashes, given)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
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
                found |= field_classes(package, schema, section.partition(".")[0])
    return frozenset(found)


def write_sources(root: Path) -> Path:
    """Write the fingerprints of all notebooks; returns the file.

    Args:
        root: The repository.
    """
    text = _HEADER + yaml.safe_dump(notebook_fingerprints(root), sort_keys=True)
    write_text(root / SOURCES, text)
    return root / SOURCES
