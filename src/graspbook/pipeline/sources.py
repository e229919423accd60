"""`reports/sources.yaml`: a fingerprint of each notebook's code, on which its stage depends.

A fingerprint covers the code cells and every module of graspbook that they import, however indirectly, without
comments and docstrings (`graspbook.training.fingerprint`). Prose is in none: a sentence makes no stage run again.
"""

from pathlib import Path

import nbformat
import yaml

from graspbook.data.atomic import write_text
from graspbook.errors import InputError
from graspbook.training.fingerprint import source_fingerprint

SOURCES = Path("reports/sources.yaml")
_HEADER = "# Written by the stage `sources`: a fingerprint of each notebook's code and of the code that it imports.\n"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook.

    Raises:
        InputError: It is missing, or no notebook.
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


def notebook_fingerprint(path: Path, src: Path) -> str:
    """Fingerprint of a notebook's code cells and of the modules that they import.

    Args:
        path: The notebook.
        src: The folder with the package.

    Raises:
        InputError: It is missing or no notebook, or a cell is not Python.
    """
    code = "\n".join(cell.source for cell in read_notebook(path).cells if cell.cell_type == "code")
    plain = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        return source_fingerprint(plain, src)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def source_notebooks(root: Path) -> list[Path]:
    """Every notebook of the book, in reading order within a paper."""
    return sorted(p for p in (root / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def notebook_fingerprints(root: Path) -> dict[str, str | dict[str, str]]:
    """The fingerprint of every notebook by its name, those of a paper below the paper's short name."""
    found: dict[str, str | dict[str, str]] = {}
    for path in source_notebooks(root):
        *folder, _ = path.relative_to(root / "notebooks").parts
        place = found.setdefault(folder[0], {}) if folder else found
        place[path.stem] = notebook_fingerprint(path, root / "src")
    return found


def write_sources(root: Path) -> Path:
    """Write the fingerprints of all notebooks; returns the file."""
    text = _HEADER + yaml.safe_dump(notebook_fingerprints(root), sort_keys=True)
    write_text(root / SOURCES, text)
    return root / SOURCES
