"""Registered claims judged: each measure on the results of each condition, with its interval and its verdict."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.papers import Paper, load_paper, slugs
from graspbook.papers.conditions import Cause, Condition, Conditions, load_conditions
from graspbook.papers.order import in_reading_order
from graspbook.papers.registration import PrintedTable, RegisteredClaim, Registration, load_registration
from graspbook.reporting.cells import Cells, read_versions
from graspbook.reporting.registered.verdicts import Verdict, judge
from graspbook.statistics.intervals import interval


@dataclass(frozen=True)
class Outcome:
    """What a condition says of a claim.

    Attributes:
        condition: The condition.
        estimate: The value of the measure; NaN where it was not measured.
        low: The lower end of its 95 % interval; -inf where it is open, NaN without a value.
        high: The upper end of its 95 % interval; inf where it is open, NaN without a value.
        verdict: The verdict.
    """

    condition: Condition
    estimate: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class JudgedClaim:
    """A registered claim under all conditions.

    Attributes:
        slug: The short name of the paper.
        claim: The claim.
        outcomes: Its outcome under each condition, in their order.
        cause: What explains that it does not hold; None where that is unknown, or it does.
    """

    slug: str
    claim: RegisteredClaim
    outcomes: tuple[Outcome, ...]
    cause: Cause | None = None

    @property
    def counted(self) -> Outcome:
        """The outcome that counts: of the conditions that count, the last one with a verdict, or else the last."""
        counting = [outcome for outcome in self.outcomes if outcome.condition.counts]
        tested = [outcome for outcome in counting if outcome.verdict != Verdict.NOT_TESTED]
        return (tested or counting)[-1]


def judge_registered(reports: Path) -> dict[str, list[JudgedClaim]]:
    """The judged claims of each paper by its short name, in reading order.

    Args:
        reports: The folder of reports, which holds a folder for each paper.

    Raises:
        InputError: A registered file or a table is faulty; the message names the file and the claim.
    """
    return {
        slug: judge_paper(load_paper(slug), load_registration(slug), load_conditions(slug), reports)
        for slug in in_reading_order(slugs())
    }


def judge_paper(paper: Paper, registration: Registration, conditions: Conditions, reports: Path) -> list[JudgedClaim]:
    """Judge the registered claims of a paper; none is left out.

    Args:
        paper: The paper with the tables of the first edition, and where they are written.
        registration: The registered claims.
        conditions: The conditions under which they are judged.
        reports: The folder of reports. A table that is not there was not measured.

    Raises:
        InputError: A table is faulty, or a condition names a table that there is not; the message names the file.
    """
    judged = [_judge_under(paper, registration, condition, reports) for condition in conditions.conditions]
    outcomes = zip(*judged, strict=True)
    if unknown := set(conditions.causes) - {claim.id for claim in registration.claims}:
        raise InputError(f"conditions/{paper.slug}.yaml: causes: no claim '{min(unknown)}' is registered")
    return [
        JudgedClaim(paper.slug, claim, of_claim, conditions.causes.get(claim.id))
        for claim, of_claim in zip(registration.claims, outcomes, strict=True)
    ]


def _judge_under(paper: Paper, registration: Registration, condition: Condition, reports: Path) -> list[Outcome]:
    where = f"conditions/{paper.slug}.yaml: '{condition.name}'"
    asked = {claim.table for claim in registration.claims}
    for registered, table in condition.tables.items():
        if registered not in asked:
            raise InputError(f"{where}: no registered claim is about a table '{registered}'")
        if table not in paper.tables:
            raise InputError(f"{where}: papers/{paper.slug}.yaml has no table '{table}'")
    cells = {
        name: _read_cells(paper.table_file(reports, table), registration.printed_table(paper, name))
        for name, table in condition.tables.items()
    }
    outcomes = []
    for claim in registration.claims:
        estimate, low, high = _evaluate(claim.measure.value, cells.get(claim.table))
        outcomes.append(Outcome(condition, estimate, low, high, judge(claim, low, high)))
    return outcomes


def _evaluate(expression: str, cells: tuple[Cells, Cells] | None) -> tuple[float, float, float]:
    """The value and its 95 % interval; NaN without a table, or where the table has no such row or column."""
    if cells is None:
        return np.nan, np.nan, np.nan
    point, replicates = cells
    estimate = float(point.evaluate(expression)[0])
    if np.isnan(estimate):
        return np.nan, np.nan, np.nan
    low, high = interval(replicates.evaluate(expression))
    return estimate, float(low), float(high)


def _read_cells(path: Path, table: PrintedTable) -> tuple[Cells, Cells] | None:
    """The cells of a table and of its replicates, NaN in registered rows and columns that it has not."""
    replicates = path.with_suffix(".replicates.parquet")
    if not (path.exists() and replicates.exists()):
        return None
    return Cells(_registered_part(path, table), table), Cells(_registered_part(replicates, table), table)


def _registered_part(path: Path, table: PrintedTable) -> pd.DataFrame:
    frame = read_versions(path)
    if absent := [column for column in (table.label, "replicate") if column not in frame]:
        raise InputError(f"{path}: column {absent[0]} is missing")
    rows = pd.Index(table.frame[table.label], name=table.label)
    index = pd.MultiIndex.from_product([sorted(frame["replicate"].unique()), rows], names=["replicate", table.label])
    known = frame.set_index(["replicate", table.label])
    return known.reindex(index=index, columns=table.metrics).astype("float64").reset_index()
