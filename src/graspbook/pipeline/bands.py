"""Two versions of a table held against each other, within the interval of a second draw.

A number with replicates is *in band* if it lies within the 95 % interval of a second draw of the test items and
trainings around the committed number. Both draws vary, so the difference of the two has sqrt(2) times the spread of
one: half the width of the committed interval, times sqrt(2). Of independent draws one number in twenty lies outside.
Numbers without replicates have no such interval: they are compared within 1 %, and decide nothing. What is measured
with the machine's clock is not compared.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.papers import Table
from graspbook.pipeline.consistency import read_table, shift_problem
from graspbook.statistics.intervals import interval

RELATIVE = 0.01
"""The tolerance of numbers without replicates, relative to the committed number."""
SECOND_DRAW = 2**0.5
_CLOCK = re.compile(r"\(ms\)|^FPS$|^Time$")


class Agreement(StrEnum):
    """How an output, or a stage, compares with the committed one; the last that holds of its outputs is a stage's."""

    EQUAL = "bit-equal"
    BYTES = "other bytes"  # of pictures, weights, pages
    CLOSE = "within 1 %"  # without replicates
    STATES = "equal states"
    FAR = "beyond 1 %"  # without replicates
    IN_BAND = "in band"
    OUT_OF_BAND = "out of band"
    MISSING = "missing"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class Cell:
    """A number that differs.

    Attributes:
        table: The name of the table.
        row: The name of the row.
        metric: The name of the column.
        committed: The committed number.
        found: The number of this run.
        by: How far they are apart: in half-widths of the interval of a second draw, or, without replicates, relative
            to the committed number.
    """

    table: str
    row: str
    metric: str
    committed: float
    found: float
    by: float

    def __str__(self) -> str:
        return f"{self.table}, {self.row}, {self.metric}: {self.committed:g} committed, {self.found:g} found"


@dataclass
class Compared:
    """What the comparison of a file, or of all of a stage, has found.

    Attributes:
        agreement: How it compares.
        detail: What is wrong, in words; may be empty.
        cells: The numbers that have an interval, and differ.
        loose: The numbers that have none, and differ.
        numbers: How many numbers with an interval were compared.
    """

    agreement: Agreement
    detail: str = ""
    cells: list[Cell] = field(default_factory=list)
    loose: list[Cell] = field(default_factory=list)
    numbers: int = 0


def compare_table(
    path: str, ours: bytes, theirs: bytes, replicates: tuple[bytes, bytes] | None = None, printed: Table | None = None
) -> Compared:
    """Compare a table with the committed one.

    Args:
        path: The path of the table.
        ours: The bytes of this run.
        theirs: The committed bytes.
        replicates: The bytes of this run's replicates, and of the committed ones; None where there are none, and the
            intervals in the table have to do.
        printed: The paper's table, which says which numbers are times; None where there is none.
    """
    name = path.rpartition("/")[2].removesuffix(".csv")
    try:
        mine, known = read_table(ours, ".csv"), read_table(theirs, ".csv")
        drawn = [read_table(content, ".parquet") for content in replicates] if replicates else []
    except InputError as error:
        return Compared(Agreement.CONTRADICTS, str(error))
    label = known.columns[0]
    banded = [m for m in known.columns[1:] if {f"{m}_lo", f"{m}_hi"} <= {*known} or (drawn and m in drawn[1])]
    if not banded:
        return _compare_plainly(name, mine, known)
    if list(mine.columns) != list(known.columns) or list(mine[label]) != list(known[label]):
        return Compared(Agreement.OUT_OF_BAND, f"{name}: other rows or columns")
    times = {m for m, one in printed.metrics.items() if _CLOCK.search(one.title)} if printed else set()
    ends = {f"{m}{end}" for m in banded for end in ("_lo", "_hi")}
    found = Compared(Agreement.IN_BAND)
    for metric in known.columns[1:]:
        if metric in times | ends or metric.startswith("paper_"):
            continue
        values, centres = _numbers(mine[metric]), _numbers(known[metric])
        for row, value, centre, width in zip(
            known[label], values, centres, _half_widths(known, drawn, metric, metric in banded), strict=True
        ):
            found.numbers += np.isfinite(width)
            if value == centre or (np.isnan(value) and np.isnan(centre)):
                continue
            unit = width if np.isfinite(width) else abs(centre)
            cell = Cell(name, str(row), metric, centre, value, _apart(value, centre, unit))
            (found.cells if np.isfinite(width) else found.loose).append(cell)
            if drawn and _is_shifted(drawn, label, row, metric, value, centre):
                found.agreement = Agreement.CONTRADICTS
                found.detail = f"contradicts its own replicates: {cell}, elsewhere among them than the committed number"
    if found.agreement == Agreement.IN_BAND and any(cell.by > 1 for cell in found.cells):
        found.agreement = Agreement.OUT_OF_BAND
    return found


def compare_json(path: str, ours: bytes, theirs: bytes) -> Compared:
    """Compare the numbers of a JSON file with the committed ones.

    Args:
        path: The path of the file.
        ours: The bytes of this run.
        theirs: The committed bytes.
    """
    try:
        mine, known = (dict(_leaves(json.loads(content))) for content in (ours, theirs))
    except (ValueError, RecursionError):
        return Compared(Agreement.CONTRADICTS, "cannot be read as JSON")
    frames = [pd.DataFrame({"key": list(one), "value": list(one.values())}) for one in (mine, known)]
    return _compare_plainly(path.rpartition("/")[2], *frames)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield place, value
        return
    for key, one in items:
        yield from _leaves(one, f"{place}/{key}" if place else str(key))


def _compare_plainly(name: str, mine: pd.DataFrame, known: pd.DataFrame) -> Compared:
    """Compare numbers that have no interval, line by line."""
    if list(mine.columns) != list(known.columns) or len(mine) != len(known):
        return Compared(Agreement.FAR, f"{name}: other rows or columns")
    found, label = Compared(Agreement.CLOSE), known.columns[0]
    for column in known.columns:
        values, centres = _numbers(mine[column]), _numbers(known[column])
        words = np.isnan(values) & np.isnan(centres) & (mine[column].astype(str) != known[column].astype(str))
        if words.any():
            found.agreement, found.detail = Agreement.FAR, f"{name}: other words in {column}"
        for line in np.flatnonzero((values != centres) & ~(np.isnan(values) & np.isnan(centres))):
            row = f"{known[label].iat[line]} (line {line + 2})"
            by = _apart(values[line], centres[line], abs(centres[line]))
            found.loose.append(Cell(name, row, str(column), centres[line], values[line], by))
    if any(cell.by > RELATIVE for cell in found.loose):
        found.agreement = Agreement.FAR
    return found


def _half_widths(known: pd.DataFrame, drawn: list[pd.DataFrame], metric: str, banded: bool) -> np.ndarray:
    """Half of the width of the interval of a second draw, for each row; NaN where there is none, or no spread."""
    low = high = np.full(len(known), np.nan)
    if banded and drawn and metric in drawn[1] and known.columns[0] in drawn[1]:
        rows = dict(list(drawn[1].groupby(known.columns[0])[metric]))
        own = [interval(rows[row].to_numpy(float)) if row in rows else (np.nan, np.nan) for row in known.iloc[:, 0]]
        low, high = np.array(own, float).reshape(-1, 2).T
    elif banded and f"{metric}_lo" in known:
        low, high = _numbers(known[f"{metric}_lo"]), _numbers(known[f"{metric}_hi"])
    half = SECOND_DRAW * (high - low) / 2
    return np.where(np.isfinite(half) & (half > 0), half, np.nan)


def _is_shifted(drawn: list[pd.DataFrame], label: str, row: Any, metric: str, value: float, centre: float) -> bool:
    own = [frame.loc[frame[label] == row, metric].to_numpy(float) for frame in drawn if {label, metric} <= {*frame}]
    return len(own) == 2 and all(len(one) for one in own) and shift_problem(value, own[0], centre, own[1])


def _apart(value: float, centre: float, unit: float) -> float:
    """The difference in units; infinite where a number is missing, or should be 0. What was missing may be there."""
    if np.isnan(centre):
        return 0.0
    return abs(value - centre) / unit if unit and np.isfinite([value, centre]).all() else np.inf


def _numbers(column: pd.Series) -> np.ndarray:
    """A column as numbers; NaN where it says something else."""
    return pd.to_numeric(column, errors="coerce").to_numpy(float)
