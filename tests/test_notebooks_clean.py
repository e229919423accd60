"""Source notebooks, as they are stored."""

from pathlib import Path

import nbformat
import pytest

from graspbook.pipeline.run_notebook import declared_parameters

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
PURPOSES = ("Replicates", "Carries out", "Tests an explanation", "Illustrates", "Stands in for")
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def test_it_carries_no_outputs_and_no_run_metadata(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
        assert set(cell.metadata) <= {"tags"}


def test_it_is_a_valid_notebook_for_any_python_3(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.get("language_info", {})


def test_it_declares_its_profile_among_its_parameters(path):
    assert "profile" in declared_parameters(read(path), path.name)


def test_it_opens_with_a_title_what_it_replicates_and_what_one_learns(path):
    opening = read(path).cells[0]
    assert opening.cell_type == "markdown"
    assert opening.source.startswith("# ")
    assert any(f"**{what}**" in opening.source for what in PURPOSES)
    assert "**You will learn**" in opening.source
    assert "| reads | writes |" in opening.source
    assert "§" in opening.source or path.stem == "claims"


def test_its_code_compiles(path):
    for number, cell in enumerate(read(path).cells):
        if cell.cell_type == "code":
            compile(cell.source, f"{path.name}[{number}]", "exec")
