"""Executed notebooks with the text of today and the outputs that they have: nothing is executed."""

import ast
import shlex
from pathlib import Path

import nbformat

from graspbook.core.errors import InputError
from graspbook.pipeline.clean import clean_notebook
from graspbook.pipeline.links import link_to_executed
from graspbook.pipeline.run_notebook import EXECUTED, read_settings, stage_arguments
from graspbook.pipeline.sources import python_of, read_notebook
from graspbook.pipeline.stages import Stage, find_stage, notebook_stages


def executed_by(root: Path, reports: dict[str, str]) -> dict[str, Stage]:
    """The stages that have an executed notebook.

    Args:
        root: The repository.
        reports: The folder of reports of each stage, by any key.

    Returns:
        The stages that have an executed notebook, by the same keys.
    """
    stages = notebook_stages(root)
    found = {key: find_stage(stages, Path(folder)) for key, folder in reports.items()}
    return {key: one for key, one in found.items() if one is not None and (root / one.reports / EXECUTED).is_file()}


def renewed(root: Path, stage: Stage, command: str, shown: list[bool] | None = None) -> nbformat.NotebookNode:
    """The executed notebook of a stage as it would be, had it run with the text of today and the same outputs.

    Args:
        root: The repository.
        stage: The stage, or a member of a family.
        command: The command that the stage runs today.
        shown: Whether each code cell of today's notebook that does more than to import has outputs, where that is known
            from a run; else None.

    Raises:
        InputError: The cells of the executed notebook are not those of today's, and it is not known which outputs
            belong to which.
    """
    place = stage.reports / EXECUTED
    options = shlex.split(command)[4:]
    settings = read_settings(options[1::2])
    fresh = _with_parameters(root / stage.notebook, stage_arguments(root, stage, stage.reports, settings))
    _give_outputs(fresh, read_notebook(root / place), shown, str(place))
    return link_to_executed(clean_notebook(fresh, root), stage.notebook, place, root)


def code_cells_with_outputs(notebook: nbformat.NotebookNode) -> list[bool]:
    """Of each code cell that does more than to import, whether it has outputs.

    Args:
        notebook: The executed notebook.
    """
    return [bool(cell.outputs) for cell in _working_cells(notebook)]


def _with_parameters(path: Path, arguments: dict) -> nbformat.NotebookNode:
    """A notebook with the cell of parameters that papermill adds when it executes it."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    return parameterize_notebook(load_notebook_node(str(path)), arguments, kernel_name="python3", language="python")


def _give_outputs(
    fresh: nbformat.NotebookNode, executed: nbformat.NotebookNode, shown: list[bool] | None, name: str
) -> None:
    """Give the cells of a notebook the outputs of an executed copy, in their order."""
    there, here = _working_cells(executed), _working_cells(fresh)
    if shown is None or shown == code_cells_with_outputs(executed):
        pairs = (there, here)
    else:
        pairs = ([cell for cell in there if cell.outputs], [c for c, has in zip(here, shown, strict=True) if has])
    if len(pairs[0]) != len(pairs[1]):
        raise InputError(f"{name}: its cells are not those of the notebook; run the stage again")
    for old, new in zip(*pairs, strict=True):
        new.outputs = old.outputs
    for number, cell in enumerate((cell for cell in fresh.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number


def _working_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Code cells that do more than to import: only they can have outputs."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and _works(cell.source)]


def _works(code: str) -> bool:
    return any(not isinstance(part, ast.Import | ast.ImportFrom) for part in ast.parse(python_of(code)).body)
