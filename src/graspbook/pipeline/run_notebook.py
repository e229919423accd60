"""Run a notebook with given parameters, and leave a file that depends on nothing but its inputs.

Papermill executes; this module decides what is passed in and what is kept. Two runs of the same notebook on
the same inputs give byte-identical files: run times, random cell ids, object addresses, machine paths, and
anything written to standard error (warnings, progress bars; shown in the terminal instead) do not reach the
result. An exception is never hidden: it stops the run, and the notebook with its traceback is kept under
`scratch/`.
"""

import ast
import json
import logging
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from graspbook.errors import InputError
from graspbook.progress import TERMINAL_VARIABLE, terminal_path

PARAMETERS_TAG = "parameters"
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,16}")
_STYLER_ID = re.compile(r"\bT_([0-9a-f]{5})(?=\b|_)")
_TQDM_WARNING = "ignore:IProgress not found"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class NotebookError(RuntimeError):
    """A notebook did not run to its end; the message names the cell and the file that was kept."""


def declared_parameters(notebook: nbformat.NotebookNode, source: str) -> list[str]:
    """Names assigned in the one cell tagged `parameters`.

    Args:
        notebook: The source notebook.
        source: File name for the error message.

    Raises:
        InputError: There is no such cell, or more than one, or it holds something else than assignments.
    """
    cells = [
        cell for cell in notebook.cells if cell.cell_type == "code" and PARAMETERS_TAG in cell.metadata.get("tags", [])
    ]
    if len(cells) != 1:
        raise InputError(f"{source}: expected one code cell tagged '{PARAMETERS_TAG}', found {len(cells)}")
    names = []
    for statement in ast.parse(cells[0].source).body:
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


def run_notebook(
    source: Path,
    out: Path,
    parameters: dict[str, Any],
    root: Path = Path("."),
    timings: Path | None = Path("reports/timings.csv"),
    startup_timeout: int = 180,
) -> Path:
    """Execute `source` with `parameters` and write the cleaned result to `out`.

    The notebook is executed to a file under `scratch/notebooks/`, cell by cell, so that what happened can be
    seen at any moment; `out` appears only when it is whole. A kernel that dies (out of memory, say) is
    noticed within seconds.

    Args:
        source: Notebook without outputs, with a cell tagged `parameters`.
        out: Where the executed notebook goes.
        parameters: JSON-able values for names that the `parameters` cell declares.
        root: Working directory of the notebook; relative paths above are relative to it.
        timings: CSV with one row per executed notebook (`notebook`, `profile`, `seconds`), or None.
        startup_timeout: Seconds to wait for the kernel to start.

    Returns:
        The path of the executed notebook.

    Raises:
        InputError: Missing notebook, undeclared parameter, or a value that JSON cannot hold.
        NotebookError: A cell raised, or the kernel died.
    """
    root = Path(root).resolve()
    source_path, out_path = root / source, root / out
    try:
        notebook = nbformat.read(source_path, as_version=4)
    except FileNotFoundError:
        raise InputError(f"{source}: no such notebook") from None
    except nbformat.reader.NotJSONError:
        raise InputError(f"{source}: not a notebook (no valid JSON)") from None
    _check_parameters(notebook, str(source), parameters)

    partial = root / "scratch" / "notebooks" / f"{out_path.stem}.partial.ipynb"
    partial.parent.mkdir(parents=True, exist_ok=True)
    # Papermill warns about parameter lines that its own parser cannot read; `_check_parameters` has read them.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    start = time.monotonic()
    try:
        executed = papermill.execute_notebook(
            str(source_path),
            str(partial),
            parameters=parameters,
            cwd=str(root),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            stderr_file=sys.stderr,
            start_timeout=startup_timeout,
            kernel_manager_class=_OwnKernelManager,
        )
    except PapermillExecutionError as error:
        raise NotebookError(
            f"{source}: cell [{error.exec_count}] raised {error.ename}: {error.evalue}\n"
            f"the notebook as far as it got, with the traceback: {partial}"
        ) from None
    except DeadKernelError:
        raise NotebookError(
            f"{source}: the kernel died (out of memory?)\nthe notebook as far as it got: {partial}"
        ) from None
    seconds = time.monotonic() - start

    cleaned = clean_notebook(executed, root)
    out_path.parent.mkdir(parents=True, exist_ok=True)
    temporary = out_path.with_suffix(".ipynb.tmp")
    nbformat.write(cleaned, temporary)
    os.replace(temporary, out_path)
    partial.unlink()
    if timings is not None:
        _record_timing(root / timings, out_path.stem, str(parameters.get("profile", "")), seconds)
    return out_path


def clean_notebook(notebook: nbformat.NotebookNode, root: Path) -> nbformat.NotebookNode:
    """The executed notebook without anything that differs from run to run or from machine to machine.

    Args:
        notebook: As papermill leaves it; changed in place.
        root: Directory whose absolute path is replaced by "." in outputs.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs, str(root.resolve()))
    return notebook


def _clean_outputs(outputs: list[Any], root: str) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            output.text = _scrub(output.text, root)
            # Where a stream is cut into messages depends on timing.
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif "data" in output:
            if _WIDGET_VIEW in output.data:
                continue
            output.metadata = nbformat.from_dict({})
            for kind, content in output.data.items():
                if kind.startswith("text/"):
                    output.data[kind] = _scrub(content, root)
            if "text/html" in output.data:
                output.data["text/html"] = _number_styler_ids(output.data["text/html"])
        kept.append(output)
    return kept


def _scrub(text: str, root: str) -> str:
    text = _ADDRESS.sub("at 0x…", text)
    for path, shown in ((root, "."), (sys.prefix, "<environment>"), (str(Path.home()), "~")):
        if len(path) > 1:
            text = re.sub(re.escape(path) + r"(?![\w.-])", shown, text)
    return text


def _number_styler_ids(html: str) -> str:
    """Pandas draws a random id for every styled table; number them instead."""
    numbers: dict[str, str] = {}
    return _STYLER_ID.sub(lambda match: f"T_{numbers.setdefault(match[1], f'{len(numbers):05d}')}", html)


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


def _record_timing(path: Path, notebook: str, profile: str, seconds: float) -> None:
    row = pd.DataFrame({"notebook": [notebook], "profile": [profile], "seconds": [round(seconds, 1)]})
    if path.exists():
        old = pd.read_csv(path, keep_default_na=False)
        same = (old["notebook"] == notebook) & (old["profile"] == profile)
        row = pd.concat([old[~same], row], ignore_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".csv.tmp")
    row.sort_values(["profile", "notebook"]).to_csv(temporary, index=False)
    os.replace(temporary, path)


class _OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this very Python, whatever kernels the machine has installed.

    The kernel takes graspbook from the `src` folder of its working directory, where there is one: the code
    that the pipeline has recorded, not another checkout's.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        environment = {
            TERMINAL_VARIABLE: terminal_path(),
            "PYTHONHASHSEED": "0",
            # tqdm, imported by other packages, misses a widget that our bars do not use.
            "PYTHONWARNINGS": ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), _TQDM_WARNING])),
        }
        if Path("src/graspbook").is_dir():
            inherited = os.environ.get("PYTHONPATH")
            environment["PYTHONPATH"] = os.pathsep.join(
                [str(Path("src").resolve())] + ([inherited] if inherited else [])
            )
        return KernelSpec(
            # The kernel's own log (50: fatal errors only) is about its transport, not about the notebook.
            argv=[sys.executable, "-m", "ipykernel_launcher", "--log-level=50", "-f", "{connection_file}"],
            env=environment,
            display_name="Python 3",
            language="python",
        )
