"""The reproduction certificate: a run of yours against the committed one, stage by stage.

Each output is `bit-equal` to the committed one, `in band` (a table whose numbers all lie in the committed
95 % intervals), or `out of band`. An output without intervals that is not bit-equal `differs`: on another
type of processor, training and ray casting round differently, so that is expected for weights, pictures and
notebooks.
"""

import dataclasses
import io
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.stages import slug_of


class Agreement(StrEnum):
    """How an output compares with the committed one, best first."""

    EQUAL = "bit-equal"
    IN_BAND = "in band"
    DIFFERS = "differs"
    OUT_OF_BAND = "out of band"
    MISSING = "missing"


@dataclass(frozen=True)
class Comparison:
    """One output of one stage.

    Attributes:
        stage: The name of the stage, after the short name of its paper.
        path: The path of the output.
        agreement: How the output compares with the committed one.
        detail: What differs, in words; may be empty.
    """

    stage: str
    path: str
    agreement: Agreement
    detail: str = ""


def compare_run(root: Path, run: Path, revision: str = "HEAD") -> list[Comparison]:
    """Compare every stage output of a run with the committed one.

    Args:
        root: The repository; its `revision` holds what is compared with.
        run: The folder of the run: the repository itself after `dvc repro`, or another checkout.
        revision: The git revision to compare with.

    Raises:
        InputError: There is no git repository, no such revision, or no `dvc.lock` in either.
    """
    committed = {
        lock: _yaml(committed_bytes(root, lock, revision) or b"", f"{lock} at {revision}")
        for lock in committed_files(root, revision)
        if Path(lock).name == "dvc.lock" and Path(lock).parts[0] not in ("runs", "tests")
    }
    if not committed:
        raise InputError(f"{revision}: no dvc.lock is committed; there is nothing to compare with")
    comparisons = []
    for lock, content in committed.items():
        if not (run / lock).exists():
            raise InputError(f"{run / lock}: missing; run `dvc repro` first")
        ours = _outputs(read_yaml(run / lock), str(run / lock))
        paper = f"{slug}: " if (slug := slug_of(Path(lock))) else ""
        for path, (stage, theirs_hash) in _outputs(content, f"{lock} at {revision}").items():
            files = committed_files(root, revision, path)
            if path not in ours:
                found = [Comparison(stage, path, Agreement.MISSING, "no such output in this run")]
            elif files:
                found = [_compare_committed(root, run, revision, stage, file) for file in files]
            else:  # not in git: its hash is all there is
                found = [
                    Comparison(stage, path, Agreement.EQUAL if ours[path][1] == theirs_hash else Agreement.DIFFERS)
                ]
            comparisons += [dataclasses.replace(one, stage=f"{paper}{stage}") for one in found]
    return comparisons


def _compare_committed(root: Path, run: Path, revision: str, stage: str, file: str) -> Comparison:
    if not (run / file).is_file():
        return Comparison(stage, file, Agreement.MISSING, "the file is not there")
    theirs = committed_bytes(root, file, revision) or b""
    agreement, detail = compare_file(file, (run / file).read_bytes(), theirs)
    return Comparison(stage, file, agreement, detail)


def compare_file(path: str, ours: bytes, theirs: bytes) -> tuple[Agreement, str]:
    """Compare one file; a CSV with `m_lo` and `m_hi` columns is compared within these intervals.

    Args:
        path: The path of the file, which tells its kind.
        ours: The bytes of this run.
        theirs: The committed bytes.

    Returns:
        The agreement, and what is wrong in words: each number that lies outside its interval; "" where nothing is.
    """
    if ours == theirs:
        return Agreement.EQUAL, ""
    if not path.endswith(".csv"):
        return Agreement.DIFFERS, ""
    try:
        mine, committed = pd.read_csv(io.BytesIO(ours)), pd.read_csv(io.BytesIO(theirs))
    except (ValueError, RecursionError):  # pandas' own errors are among them
        return Agreement.OUT_OF_BAND, "not a table"
    metrics = [name for name in committed.columns if {f"{name}_lo", f"{name}_hi"} <= set(committed.columns)]
    if not metrics:
        return Agreement.DIFFERS, ""
    label = committed.columns[0]
    if label not in mine or list(mine[label]) != list(committed[label]) or not set(metrics) <= set(mine.columns):
        return Agreement.OUT_OF_BAND, "other rows or columns"
    outside = []
    for metric in metrics:
        value, centre = _numbers(mine[metric]), _numbers(committed[metric])
        low, high = _numbers(committed[f"{metric}_lo"]), _numbers(committed[f"{metric}_hi"])
        inside = ((low <= value) & (value <= high)) | (value == centre) | (mine[metric].isna() & np.isnan(centre))
        outside += [
            f"{row}: {metric} {v:g} not in [{a:g}, {b:g}]"
            for row, v, a, b, ok in zip(committed[label], value, low, high, inside, strict=True)
            if not ok
        ]
    return (Agreement.OUT_OF_BAND, "; ".join(outside)) if outside else (Agreement.IN_BAND, "")


def certificate(comparisons: list[Comparison]) -> str:
    """The comparisons as text: one line per stage, and below it every output that is not bit-equal.

    Args:
        comparisons: The comparisons that `compare_run` made.
    """
    order = list(Agreement)
    lines = []
    for stage in dict.fromkeys(comparison.stage for comparison in comparisons):
        outputs = [comparison for comparison in comparisons if comparison.stage == stage]
        worst = max((output.agreement for output in outputs), key=order.index)
        lines.append(f"{stage:<40} {worst}")
        for output in outputs:
            if output.agreement is not Agreement.EQUAL:
                lines.append(f"    {output.agreement:<12} {output.path}  {output.detail}".rstrip())
    return "\n".join(lines)


def passed(comparisons: list[Comparison]) -> bool:
    """Whether nothing is missing or out of band.

    Args:
        comparisons: The comparisons that `compare_run` made.
    """
    return all(c.agreement not in (Agreement.MISSING, Agreement.OUT_OF_BAND) for c in comparisons)


def committed_bytes(root: Path, path: str, revision: str) -> bytes | None:
    """Content of a file at a git revision, or None where it is not in it.

    Args:
        root: The repository.
        path: The path of the file, relative to it.
        revision: The git revision.

    Raises:
        InputError: There is no git repository, or no such revision.
    """
    _check_revision(root, revision)
    shown = subprocess.run(["git", "show", f"{revision}:./{path}"], cwd=root, capture_output=True)
    return shown.stdout if shown.returncode == 0 else None


def committed_files(root: Path, revision: str, path: str = ".") -> list[str]:
    """The files at a path, itself or below it, at a git revision; none where it is not in git.

    Args:
        root: The repository.
        revision: The git revision.
        path: The file or folder, relative to the repository.

    Raises:
        InputError: There is no git repository, or no such revision.
    """
    _check_revision(root, revision)
    command = ["git", "ls-tree", "-r", "-z", "--name-only", revision, "--", path]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name]


def _check_revision(root: Path, revision: str) -> None:
    command = ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    if subprocess.run(command, cwd=root, capture_output=True).returncode != 0:
        raise InputError(f"{root}: git knows no revision '{revision}' here")


def _numbers(column: pd.Series) -> np.ndarray:
    """A column as numbers; NaN where it says something else."""
    return pd.to_numeric(column, errors="coerce").to_numpy(float)


def _yaml(content: bytes, source: str) -> dict[str, Any]:
    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InputError(f"{source}: not valid YAML") from None


def _outputs(lock: dict[str, Any], source: str) -> dict[str, tuple[str, str]]:
    """For each output path of a `dvc.lock`: its stage and its hash."""
    try:
        return {
            out["path"]: (stage, out["md5"])
            for stage, entry in lock.get("stages", {}).items()
            for out in entry.get("outs", [])
        }
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"{source}: expected stages, each with the paths and hashes of its outputs") from None
