"""Run a notebook with given parameters, and leave a file that depends on nothing but its inputs.

Papermill executes; this module decides what is passed in and what is kept. Two runs of the same notebook on
the same inputs give byte-identical files (`graspbook.pipeline.clean`). An exception is never hidden: it stops the
run, and the notebook with its traceback is kept under `scratch/`.
"""

import ast
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import nbformat

from graspbook.core.atomic import check_place, new_file
from graspbook.core.errors import InputError
from graspbook.core.yaml_files import parse_yaml
from graspbook.pipeline.links import link_to_executed
from graspbook.pipeline.machines import MACHINES, record_machine
from graspbook.pipeline.made import MADE, list_made
from graspbook.pipeline.params import load_params
from graspbook.pipeline.sources import read_notebook
from graspbook.pipeline.stages import Stage, find_stage, notebook_stages, stage_parameters
from graspbook.pipeline.timings import TIMINGS, record_timing

EXECUTED = "notebook.ipynb"
"""Name of the executed notebook in its stage's folder of reports."""
PARAMETERS_TAG = "parameters"


class NotebookError(InputError):
    """A notebook did not run to its end; the message names the cell and the file that was kept."""


def declared_parameters(notebook: nbformat.NotebookNode, source: str) -> list[str]:
    """Names assigned in the one cell tagged `parameters`.

    Args:
        notebook: The source notebook.
        source: The name of its file, for the error message.

    Raises:
        InputError: There is no such cell, or more than one, or it holds something else than assignments.
    """
    cells = [
        cell for cell in notebook.cells if cell.cell_type == "code" and PARAMETERS_TAG in cell.metadata.get("tags", [])
    ]
    if len(cells) != 1:
        raise InputError(f"{source}: expected one code cell tagged '{PARAMETERS_TAG}', found {len(cells)}")
    try:
        statements = ast.parse(cells[0].source).body
    except SyntaxError as error:
        raise InputError(
            f"{source}: line {error.lineno} of the '{PARAMETERS_TAG}' cell is not Python: {error.msg}"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:  # zero bytes, or brackets nested too deeply
        raise InputError(f"{source}: the '{PARAMETERS_TAG}' cell is not Python: {error}") from None
    names = []
    for statement in statements:
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, ast.AnnAssign)
            else []
        )
        if not targets or not all(isinstance(target, ast.Name) for target in targets):
            raise InputError(
                f"{source}: line {statement.lineno} of the '{PARAMETERS_TAG}' cell is not an assignment to a name"
            )
        names += [target.id for target in targets]
    return names


def run_stage(source: Path, out: Path, settings: dict[str, Any], root: Path = Path(".")) -> Path:
    """Execute a notebook as its stage of the pipeline does.

    The stage is the one whose reports go to `out`. The notebook is given `profile` (`standard` where it is `smoke`,
    `quick` where it is `deep`), `out`, and in `config` the sections of parameters that the stage depends on. What the
    stage has to leave beside its reports is checked afterwards, and listed in `made.csv`.

    Args:
        source: The notebook, relative to `root`.
        out: The stage's folder of reports, relative to `root`.
        settings: Further parameters, such as which member of a family to make.
        root: The repository, or the workspace of a profile.

    Returns:
        The path of the executed notebook.

    Raises:
        InputError: The notebook or a parameter is faulty (see `run_notebook`), a parameter file is, or something is not
            there that the stage should make.
        NotebookError: A cell raised, or the kernel died.
    """
    root = Path(root).resolve()
    stage = find_stage(notebook_stages(root), out)
    executed = run_notebook(source, Path(out) / EXECUTED, stage_arguments(root, stage, out, settings), root)
    if stage is not None and stage.makes:
        list_made(root, stage.makes, root / out / MADE)
    return executed


def stage_arguments(root: Path, stage: Stage | None, out: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The parameters that a stage gives its notebook; see `run_stage`.

    Args:
        root: The repository, or the workspace of a profile.
        stage: The stage; None where no stage's reports go to `out`.
        out: The stage's folder of reports, relative to `root`.
        settings: Further parameters.

    Raises:
        InputError: A parameter file is faulty.
    """
    params = load_params(root, only=stage.slug if stage else "")
    # pages take the same ways at `smoke` as at `standard`, and nobody reads what they would say of it
    # of `deep`, they show few rows, as at `quick`
    profile = {"smoke": "standard", "deep": "quick"}.get(params.profile, params.profile)
    parameters: dict[str, Any] = {"profile": profile, "out": Path(out).as_posix()} | settings
    if stage is not None and stage.slug:
        parameters["config"] = stage_parameters(stage, params.values[stage.slug])
    return parameters


def read_settings(assignments: list[str]) -> dict[str, Any]:
    """The further parameters of a command, given as name=value.

    Args:
        assignments: The assignments, each a name, "=" and a value in YAML.

    Raises:
        InputError: One is no assignment to a name, or its value is not YAML.
    """
    settings = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"--set {assignment}: expected name=value")
        try:
            settings[name] = parse_yaml(value, name)
        except InputError as error:
            raise InputError(f"--set {assignment[:80]}: the value is not YAML: {error}") from None
    return settings


def run_notebook(
    source: Path, out: Path, parameters: dict[str, Any], root: Path = Path("."), startup_timeout: int = 180
) -> Path:
    """Execute `source` with `parameters` and write the cleaned result to `out`.

    The notebook is executed to a file under `scratch/notebooks/`, cell by cell, so that what happened can be
    seen at any moment; `out` appears only when it is whole. A kernel that dies (out of memory, say) is
    noticed within seconds.

    Args:
        source: The notebook without outputs, with a cell tagged `parameters`, relative to `root`.
        out: The path of the executed notebook, relative to `root`.
        parameters: The values of names that the `parameters` cell declares, as JSON can hold them.
        root: The working directory of the notebook.
        startup_timeout: The time to wait for the kernel to start, in seconds.

    Returns:
        The path of the executed notebook.

    Raises:
        InputError: The notebook is missing, a parameter is not declared, or a value is none that JSON can hold.
        NotebookError: A cell raised an exception, or the kernel died.
    """
    root = Path(root).resolve()
    source_path, out_path = root / source, root / out
    _check_parameters(read_notebook(source_path), str(source), parameters)
    check_place(out_path)
    start = time.monotonic()
    name = "-".join(Path(out).with_suffix("").parts).lstrip("/")
    partial = root / "scratch" / "notebooks" / f"{name}.partial.ipynb"
    executed = _execute(source_path, partial, str(source), parameters, root, startup_timeout)
    seconds = time.monotonic() - start

    from graspbook.pipeline.clean import clean_notebook

    cleaned = link_to_executed(clean_notebook(executed, root), Path(source), Path(out), root)
    with new_file(out_path) as temporary:
        nbformat.write(cleaned, temporary)
    partial.unlink()
    ran = Path(out).parent.as_posix(), str(parameters.get("profile", ""))
    record_timing(root / TIMINGS, *ran, seconds)
    record_machine(root / MACHINES, *ran)
    return out_path


def _execute(
    source: Path, partial: Path, name: str, parameters: dict[str, Any], root: Path, startup_timeout: int
) -> nbformat.NotebookNode:
    # papermill takes a second and more to import: not before the notebook and its parameters are known to be sound
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from graspbook.pipeline.kernel import OwnKernelManager

    partial.parent.mkdir(parents=True, exist_ok=True)
    # Papermill warns about parameter lines that its own parser cannot read; `_check_parameters` has read them.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        return papermill.execute_notebook(
            str(source),
            str(partial),
            parameters=parameters,
            cwd=str(root),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            stderr_file=sys.stderr,
            start_timeout=startup_timeout,
            kernel_manager_class=OwnKernelManager,
        )
    except PapermillExecutionError as error:
        raise NotebookError(
            f"{name}: cell [{error.exec_count}] raised {error.ename}: {error.evalue}\n"
            f"the notebook as far as it got, with the traceback: {partial}"
        ) from None
    except DeadKernelError:
        raise NotebookError(
            f"{name}: the kernel died (out of memory?)\nthe notebook as far as it got: {partial}"
        ) from None


def _check_parameters(notebook: nbformat.NotebookNode, source: str, parameters: dict[str, Any]) -> None:
    declared = declared_parameters(notebook, source)
    unknown = sorted(set(parameters) - set(declared))
    if unknown:
        raise InputError(
            f"{source}: the '{PARAMETERS_TAG}' cell does not declare {', '.join(unknown)} "
            f"(it declares {', '.join(declared)})"
        )
    for name, value in parameters.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(f"{source}: parameter '{name}' cannot be passed to a notebook: {error}") from None
