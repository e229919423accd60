"""The claims ledger: each claim of a paper evaluated on our tables, with an interval and a verdict.

A claim is arithmetic over table cells (`papers/<slug>.yaml`). It is evaluated on the table itself and on
every bootstrap replicate of it, which gives an estimate and a 95 % interval; evaluated on the paper's
printed table, it gives the paper's number.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.papers import Aside, Claim, Measure, Paper, Table
from graspbook.reporting.cells import Cells, read_cells
from graspbook.reporting.tables import markdown_rows
from graspbook.reporting.verdicts import FIRST_FORM, Verdict
from graspbook.statistics.intervals import interval


@dataclass(frozen=True)
class Result:
    """One measure, evaluated.

    Attributes:
        measure: The measure with its test.
        paper: The paper's number; NaN where it prints none.
        estimate: Our number; NaN where there is none.
        low: The lower end of the 95 % interval of `estimate`; -inf where open, NaN without an estimate.
        high: The upper end of the 95 % interval of `estimate`; inf where open, NaN without an estimate.
        verdict: The verdict on this measure.
    """

    measure: Measure
    paper: float
    estimate: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """One claim, evaluated: its measures, the worst of their verdicts, and each aside with estimate and interval.

    Attributes:
        claim: The claim.
        results: The results of its measures.
        verdict: The worst of their verdicts.
        asides: Each aside with its estimate and the lower and upper end of its 95 % interval.
    """

    claim: Claim
    results: tuple[Result, ...]
    verdict: Verdict
    asides: tuple[tuple[Aside, float, float, float], ...] = ()


def passes(measure: Measure, value: float) -> bool:
    """Whether a value passes the test of a measure; NaN and the open end of an interval never do.

    Args:
        measure: The measure with its test.
        value: The value, in the unit of the measure.
    """
    if not np.isfinite(value):
        return False
    if measure.above is not None:
        return value > measure.above
    if measure.below is not None:
        return value < measure.below
    return measure.within[0] <= value <= measure.within[1]


def judge_measure(measure: Measure, paper: float, estimate: float, low: float, high: float) -> Verdict:
    """The verdict on one measure.

    `reproduced`: the estimate passes the test, and so does the whole interval. `direction only`: the estimate
    lies on the same side of `measure.no_effect` as the paper's number (or its words), but the test fails somewhere in
    the interval. Without a value: `not tested at this profile`.

    Args:
        measure: The measure with its test.
        paper: The paper's number; NaN where it prints none.
        estimate: Our number; NaN where there is none.
        low: The lower end of the 95 % interval of `estimate`; -inf where open.
        high: The upper end of the 95 % interval of `estimate`; inf where open.
    """
    if np.isnan(estimate):
        return Verdict.NOT_TESTED
    # The tests are one-sided or intervals, so the three points stand for everything between them.
    if all(passes(measure, value) for value in (low, estimate, high)):
        return Verdict.REPRODUCED
    expected = paper - measure.no_effect
    if np.isnan(paper):  # it says which way, and prints no number
        expected = -1.0 if measure.below is not None else 1.0
    same_side = (estimate - measure.no_effect) * expected > 0
    return Verdict.DIRECTION_ONLY if same_side else Verdict.NOT_REPRODUCED


def judge(paper: Paper, reports: Path) -> list[Judgement]:
    """Evaluate every claim of a paper; none is left out.

    Args:
        paper: The paper with its tables and claims.
        reports: The folder that holds `<name>.csv` and, beside it, `<name>.replicates.parquet` of each table, in
            whichever folder below `<slug>/`. A claim whose table is not there is `not tested at this profile`.

    Returns:
        The judgement of each claim, in the order of the paper's file.

    Raises:
        InputError: Two stages have written the same table, or a table is faulty; the message names the file.
    """
    tables = {name: _read_cells(reports / paper.slug, name, table) for name, table in paper.tables.items()}
    return [_judge_claim(claim, paper.tables[claim.table], tables[claim.table]) for claim in paper.claims]


def find_table(folder: Path, name: str) -> Path | None:
    """The one file `<name>.csv` anywhere below a folder; None where there is none.

    Args:
        folder: The folder to search, at any depth.
        name: The name of the table, such as `table_1`.

    Raises:
        InputError: There are two such files.
    """
    found = sorted(folder.rglob(f"{name}.csv"))
    if len(found) > 1:
        raise InputError(f"{name}.csv: expected one below {folder}, found {' and '.join(map(str, found))}")
    return found[0] if found else None


def _judge_claim(claim: Claim, printed: Table, cells: tuple[Cells, Cells] | None) -> Judgement:
    theirs = Cells(printed.frame().assign(replicate=0), printed)
    results = []
    for measure in claim.measures:
        paper, ours = float(theirs.evaluate(measure.value)[0]), _evaluate(measure.value, cells)
        results.append(Result(measure, paper, *ours, judge_measure(measure, paper, *ours)))
    order = list(Verdict)
    worst = max((result.verdict for result in results), key=order.index)
    asides = tuple((aside, *_evaluate(aside.value, cells)) for aside in claim.asides)
    return Judgement(claim, tuple(results), worst, asides)


def _evaluate(expression: str, cells: tuple[Cells, Cells] | None) -> tuple[float, float, float]:
    """Our number and its 95 % interval; NaN without a table."""
    if cells is None:
        return np.nan, np.nan, np.nan
    point, replicates = cells
    low, high = interval(replicates.evaluate(expression))
    return float(point.evaluate(expression)[0]), float(low), float(high)


def _read_cells(folder: Path, name: str, printed: Table) -> tuple[Cells, Cells] | None:
    table = find_table(folder, name)
    if table is None or not (replicates := table.with_name(f"{name}.replicates.parquet")).exists():
        return None
    return read_cells(table, printed), read_cells(replicates, printed)


def claims_frame(judgements: dict[str, list[Judgement]], profile: str) -> pd.DataFrame:
    """One row per measure of every claim.

    Args:
        judgements: The judgements of each paper, by its slug.
        profile: The name of the profile that was judged.
    """
    rows = []
    for slug, judged in judgements.items():
        for judgement in judged:
            for result in judgement.results:
                measure = result.measure
                rows.append(
                    {
                        "paper": slug,
                        "claim": judgement.claim.id,
                        "section": judgement.claim.section,
                        "statement": judgement.claim.statement,
                        "measure": measure.name,
                        "expression": measure.value,
                        "test": describe_test(measure),
                        "paper_value": result.paper,
                        "estimate": result.estimate,
                        "lo": result.low,
                        "hi": result.high,
                        "measure_verdict": str(result.verdict),
                        "verdict": str(judgement.verdict),
                        "profile": profile,
                        "form": judgement.claim.form,
                        "amends": judgement.claim.amends or "",
                    }
                )
    return pd.DataFrame(rows)


def describe_test(measure: Measure) -> str:
    """The test of a measure in a few characters, such as `> 4.5`.

    Args:
        measure: The measure with its test.
    """
    if measure.above is not None:
        return f"> {measure.above:g}"
    if measure.below is not None:
        return f"< {measure.below:g}"
    return f"{measure.within[0]:g} to {measure.within[1]:g}"


def claims_markdown(judgements: dict[str, list[Judgement]], profile: str) -> str:
    """The ledger for a reader: one row per claim, the paper's numbers beside ours.

    Args:
        judgements: The judgements of each paper, by its slug.
        profile: The name of the profile that was judged.
    """
    rows = []
    for judged in judgements.values():
        for judgement in judged:
            rows.append(
                {
                    "claim": _claim_cell(judgement.claim),
                    "the paper says": judgement.claim.statement,
                    "measured": "<br>".join(result.measure.name for result in judgement.results),
                    "paper": "<br>".join(_number(result.paper) for result in judgement.results),
                    "ours [95 %]": "<br>".join(_ours(result) for result in judgement.results),
                    "verdict": f"**{judgement.verdict}**",
                }
            )
    lines = [
        "# Claims",
        "",
        "*Reproduced*: the claim holds, and so it does over the whole 95 % interval. *Direction only*: the "
        "effect has the paper's sign, but is weaker, or the interval does not exclude the contrary.",
        "",
        "A claim is fixed before its results, and this first form stays and counts. A form that came later is marked, "
        "stands beside it with a verdict of its own, and counts for nothing.",
    ]
    if profile == "quick":
        lines += ["", "**Quick profile**: everything runs, the numbers and verdicts mean little."]
    notes = [note for judged in judgements.values() for judgement in judged for note in _notes(judgement)]
    if notes:
        notes = ["", "Notes:", "", *notes]
    return "\n".join([*lines, "", markdown_rows(pd.DataFrame(rows)), *notes, ""])


def _claim_cell(claim: Claim) -> str:
    cell = f"{claim.id} ({claim.section})"
    if claim.form != FIRST_FORM:
        cell += f"<br>*{claim.form}*"
    return cell


def _notes(judgement: Judgement) -> list[str]:
    """What is to be said of a claim below the table: its note, why it is not a first form, and what stands beside."""
    claim = judgement.claim
    notes = [claim.note] if claim.note else []
    if claim.reason:
        about = f" (first form: {claim.amends})" if claim.amends else ""
        notes.append(f"{claim.form.capitalize()}{about}: {claim.reason}")
    for aside, estimate, low, high in judgement.asides:
        side = "below 0 over the whole interval" if high < 0 else "above 0 over the whole interval" if low > 0 else ""
        number = _with_interval(estimate, low, high) + (f", {side}" if side else "")
        notes.append(f"Besides, {aside.name}: {number}.")
    return [f"- {claim.id}: {note}" for note in notes]


def _ours(result: Result) -> str:
    return _with_interval(result.estimate, result.low, result.high)


def _with_interval(estimate: float, low: float, high: float) -> str:
    return "–" if np.isnan(estimate) else f"{estimate:.3g} [{_number(low)}, {_number(high)}]"


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "–"


def write_claims(judgements: dict[str, list[Judgement]], reports: Path, profile: str) -> pd.DataFrame:
    """Write `claims.csv` and `claims.md`.

    Args:
        judgements: The judgements of each paper, by its slug.
        reports: The folder of both files.
        profile: The name of the profile that was judged.

    Returns:
        The table that the CSV holds, one row per measure.
    """
    write_text(Path(reports) / "claims.csv", claims_csv(judgements, profile))
    write_text(Path(reports) / "claims.md", claims_markdown(judgements, profile))
    return claims_frame(judgements, profile)


def claims_csv(judgements: dict[str, list[Judgement]], profile: str) -> str:
    """`claims_frame` as CSV.

    Args:
        judgements: The judgements of each paper, by its slug.
        profile: The name of the profile that was judged.
    """
    return claims_frame(judgements, profile).to_csv(index=False, float_format="%.6g", lineterminator="\n")
