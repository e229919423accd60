"""Results that contradict the tables beside them: somebody, or a disk, has changed one and not the other.

On another type of processor a run's numbers are slightly others than the committed ones, and rightly so. But metrics,
replicates and the ledger of claims follow from the run's own tables, whatever the processor.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError

REPLICATES = ".replicates.parquet"


def find_contradiction(reports: Path, file: Path) -> str:
    """What is wrong with a file, in a sentence, or "".

    Args:
        reports: The folder of reports of the run.
        file: The file with metrics, replicates or claims; others are not looked at.
    """
    check = _check_of(file)
    if check is None:
        return ""
    try:
        return check(reports, file)
    except InputError as error:
        return str(error)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return f"cannot be read ({type(error).__name__})"  # empty, truncated, or of another kind


def _check_of(file: Path) -> Callable[[Path, Path], str] | None:
    if file.name in ("claims.csv", "claims.md"):
        return _check_claims
    if file.name == "metrics.json":
        return _check_metrics
    return _check_replicates if file.name.endswith(REPLICATES) else None


def _check_claims(reports: Path, file: Path) -> str:
    """Is the ledger what judging the run's tables gives?"""
    from graspbook.reporting.claims import claims_csv, claims_markdown
    from graspbook.reporting.ledger import judge_all

    profile = str(pd.read_csv(file.with_name("claims.csv"))["profile"].iat[0])
    text = (claims_csv if file.suffix == ".csv" else claims_markdown)(judge_all(reports), profile)
    return "" if file.read_text(encoding="utf-8") == text else "not what the claims come to on the tables of this run"


def _check_metrics(_: Path, file: Path) -> str:
    """Does each metric stand, but for rounding, in its row of a table beside it?"""
    rows: dict[str, list[float]] = {}
    for table in sorted(file.parent.glob("*.csv")):
        frame = pd.read_csv(table)
        for label, values in zip(frame.iloc[:, 0], frame.select_dtypes("number").to_numpy(float), strict=True):
            rows.setdefault(str(label), []).extend(values)
    for row, metrics in json.loads(file.read_text(encoding="utf-8")).items():
        for name, value in metrics.items():
            if value is not None and not np.isclose(rows.get(row, []), value, rtol=1e-4, atol=1e-3).any():
                return f"{row}: {name} {value:g} stands in no table beside it"
    return ""


def _check_replicates(_: Path, file: Path) -> str:
    """Are the intervals of the table beside the replicates those of the replicates?"""
    from graspbook.statistics.intervals import interval

    replicates = pd.read_parquet(file)
    table = pd.read_csv(file.with_name(file.name.removesuffix(REPLICATES) + ".csv"))
    label = table.columns[0]
    if set(replicates[label]) != set(table[label]) or table[label].duplicated().any():
        return "not of the rows of the table beside it"
    for row, drawn in replicates.groupby(label):
        cells = table[table[label] == row].iloc[0]
        for metric in (name for name in table.columns[1:] if name in replicates):
            found = interval(drawn[metric].to_numpy(float))
            if f"{metric}_lo" in table:
                told = cells[[f"{metric}_lo", f"{metric}_hi"]].to_numpy(float)
                right = np.allclose(found, told, rtol=1e-4, atol=1e-4, equal_nan=True)
            else:  # a table without intervals
                values = drawn[metric].dropna()
                right = values.empty or values.min() <= cells[metric] <= values.max()
            if not right:
                return f"{row}: {metric} has the interval [{found[0]:g}, {found[1]:g}] in them, another in the table"
    return ""
