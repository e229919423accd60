"""Source notebooks, as they are stored."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from graspbook.pipeline.run_notebook import PARAMETERS_TAG, declared_parameters
from graspbook.pipeline.stages import notebook_stages

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
MOST_PARAMETER_LINES = 10
PURPOSES = ("Replicates", "Carries out", "Tests an explanation", "Illustrates", "Stands in for")
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def sections_used(code):
    """The sections of parameters that a page reads, as `page.config.<section>`; "?" for `page.config` as a whole."""
    nodes = list(ast.walk(ast.parse(code)))
    read_from = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return {read_from.get(id(node), "?") for node in nodes if ast.unparse(node) == "page.config"}


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


def test_its_parameters_are_the_profile_a_selector_where_it_writes_and_what_differs_from_the_profile(path):
    names = declared_parameters(read(path), path.name)
    assert {"profile", "out", "config"} <= set(names)
    assert len(names) <= 4


def test_its_parameter_cell_is_short_and_the_next_one_opens_the_page(path):
    parameters, opening = code_cells(path)[:2]
    assert PARAMETERS_TAG in parameters.metadata.tags
    assert len(parameters.source.splitlines()) <= MOST_PARAMETER_LINES
    slug = "" if path.parent == ROOT / "notebooks" else path.parent.name
    assert f'\npage = open_page("{slug}", profile, config, out)\n' in f"{opening.source}\n"


@pytest.mark.slow
def test_it_reads_exactly_those_sections_of_the_parameters_that_its_stage_depends_on(path):
    used = sections_used("\n".join(cell.source for cell in code_cells(path)))
    stages = [stage for stage in notebook_stages(ROOT) if ROOT / stage.notebook == path]
    assert stages
    for stage in stages:
        assert {section.split("/")[0] for section in stage.sections} == used


def test_its_links_lead_to_files_of_the_repository(path):
    for cell in read(path).cells:
        for target in re.findall(r"\]\(([^)\s#:]+)[#)]", cell.source if cell.cell_type == "markdown" else ""):
            found = (path.parent / target).resolve()
            assert found.exists() or found.is_relative_to(ROOT / "reports"), target


def test_it_opens_with_a_title_what_it_replicates_and_what_one_learns(path):
    opening = read(path).cells[0]
    assert opening.cell_type == "markdown"
    assert opening.source.startswith("# ")
    assert any(f"**{what}**" in opening.source for what in PURPOSES)
    assert "**You will learn**" in opening.source
    assert "| reads | writes |" in opening.source
    assert "§" in opening.source or path.stem in ("claims", "scoreboard")


def test_its_code_compiles(path):
    for number, cell in enumerate(read(path).cells):
        if cell.cell_type == "code":
            compile(cell.source, f"{path.name}[{number}]", "exec")
