"""New prose in an executed notebook, without executing it again.

Where only Markdown cells of a notebook were edited, nothing that a stage computes can have changed. `carry_prose`
first proves that: the stage's lock entry holds the fingerprint that the notebook and its code have today and the
parameters that stand in params.yaml today, the executed copy is the one that was locked, and its code cells are those
of the source. Then it writes the new prose into the executed copy and its new hash into the lock. Otherwise it refuses.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from graspbook.data.atomic import new_file
from graspbook.errors import InputError
from graspbook.pipeline.clean import clean_notebook
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.links import link_to_executed
from graspbook.pipeline.locks import current_mentions, update_mentions
from graspbook.pipeline.run_notebook import EXECUTED, PARAMETERS_TAG
from graspbook.pipeline.sources import notebook_fingerprint, read_notebook
from graspbook.pipeline.stages import KEYED, Stage, notebook_stages
from graspbook.yaml_files import read_yaml

INJECTED_TAG = "injected-parameters"


@dataclass(frozen=True)
class Carried:
    """What became of one executed copy: its path, and whether it was changed."""

    path: Path
    changed: bool


def carry_prose(root: Path, source: Path) -> list[Carried]:
    """Carry the prose of a notebook into all of its executed copies.

    Args:
        root: The repository.
        source: The notebook, relative to `root`.

    Raises:
        InputError: No stage runs the notebook, or something else than prose has changed since a copy was executed;
            the message says what. Nothing has been written then.
    """
    stages = [stage for stage in notebook_stages(root) if stage.notebook == source]
    if not stages:
        raise InputError(f"{source}: no stage of any dvc.yaml runs this notebook")
    notebook = read_notebook(root / source)
    fingerprint = notebook_fingerprint(root / source, root / "src")
    parameters = read_yaml(root / "params.yaml")
    copies: dict[Path, nbformat.NotebookNode] = {}
    for stage in stages:
        for name, member, entry in _locked(root, stage):
            _prove_unchanged(root, name, member, entry, fingerprint, parameters)
            executed = member.reports / EXECUTED
            fresh = with_prose(notebook, read_notebook(root / executed), str(executed))
            copies[executed] = link_to_executed(clean_notebook(fresh, root), source, executed, root)
    return _write(root, copies)


def with_prose(source: nbformat.NotebookNode, executed: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The cells of `source` with the outputs of `executed`.

    Args:
        source: The notebook as it is written today.
        executed: An executed copy of an earlier one.
        name: Of the executed copy, for messages.

    Raises:
        InputError: Their code cells differ.
    """
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    injected = [cell for cell in ran if INJECTED_TAG in cell.metadata.get("tags", [])]
    ran = [cell for cell in ran if cell not in injected]
    written = [cell for cell in source.cells if cell.cell_type == "code"]
    if [cell.source for cell in ran] != [cell.source for cell in written]:
        raise InputError(f"{name}: its code cells are not those of the notebook; run the stage again")
    result = nbformat.from_dict(source)
    cells, outputs = [], iter(ran)
    for cell in result.cells:
        if cell.cell_type == "code":
            old = next(outputs)
            cell.outputs, cell.execution_count = old.outputs, old.execution_count
        cells.append(cell)
        if PARAMETERS_TAG in cell.metadata.get("tags", []):
            cells += injected
    result.cells = cells
    return result


def _locked(root: Path, stage: Stage) -> list[tuple[str, Stage, dict[str, Any]]]:
    """The lock entries of a stage or of all members of a family: name, member, entry."""
    lock = (root / "notebooks" / stage.slug if stage.slug else root) / "dvc.lock"
    entries = read_yaml(lock).get("stages", {}) if lock.exists() else {}
    found = []
    for name, entry in entries.items():
        family, _, key = name.partition("@")
        if family == stage.name and bool(key) == bool(KEYED.search(str(stage.reports))):
            found.append((name, stage.member(key) if key else stage, entry))
    if not found:
        raise InputError(f"{lock}: no entry for the stage '{stage.name}'; run it first")
    return found


def _prove_unchanged(
    root: Path, name: str, stage: Stage, entry: dict[str, Any], fingerprint: str, parameters: dict[str, Any]
) -> None:
    locked = entry.get("params", {})
    key = f"{stage.slug}.{stage.notebook.stem}" if stage.slug else stage.notebook.stem
    if locked.get("reports/sources.yaml", {}).get(key) != fingerprint:
        raise InputError(f"{name}: the code has changed since it ran; run the stage again")
    for dotted, value in locked.get("params.yaml", {}).items():
        if _look_up(parameters, dotted) != value:
            raise InputError(f"{name}: the parameter '{dotted}' has changed since it ran; run the stage again")
    reports = stage.reports.as_posix()
    hashes = {out["path"]: out["md5"] for out in entry.get("outs", [])}
    if hashes.get(reports) != summarise(root / reports).md5:
        raise InputError(f"{name}: {reports} is not what the lock file says; run the stage again, or check it out")


def _look_up(parameters: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        parameters = parameters.get(part) if isinstance(parameters, dict) else None
    return parameters


def _write(root: Path, notebooks: dict[Path, nbformat.NotebookNode]) -> list[Carried]:
    """Write executed copies where they differ, and bring the lock entries that name their folders up to date."""
    mentions = current_mentions(root, [path.parent for path in notebooks])
    done = []
    for path, notebook in notebooks.items():
        before = (root / path).read_bytes()
        with new_file(root / path) as temporary:
            nbformat.write(notebook, temporary)
        done.append(Carried(path, (root / path).read_bytes() != before))
    update_mentions(root, mentions)
    return done
