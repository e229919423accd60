"""The ledger as it is written: `claims.csv` for programs and `claims.md` for a reader."""

from pathlib import Path

import pandas as pd

from graspbook.core.atomic import write_text
from graspbook.papers import FIRST_FORM, Claim
from graspbook.reporting.sentences import describe_test, interval_text, markdown_rows, number_text
from graspbook.reporting.verdicts import Judgement


def write_claims(judgements: dict[str, list[Judgement]], reports: Path, profile: str) -> pd.DataFrame:
    """Write `claims.csv` and `claims.md`.

    Args:
        judgements: The judgements of each paper, by its slug.
        reports: The folder of both files.
        profile: The name of the profile that was judged.

    Returns:
        The table that the CSV holds, one row per measure.
    """
    frame = claims_frame(judgements, profile)
    text = frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_text(Path(reports) / "claims.csv", text)
    write_text(Path(reports) / "claims.md", claims_markdown(judgements, profile))
    return frame


def claims_frame(judgements: dict[str, list[Judgement]], profile: str) -> pd.DataFrame:
    """One row per measure of every claim.

    Args:
        judgements: The judgements of each paper, by its slug.
        profile: The name of the profile that was judged.
    """
    return pd.DataFrame(
        {
            "paper": slug,
            "claim": judgement.claim.id,
            "section": judgement.claim.section,
            "statement": judgement.claim.statement,
            "measure": result.measure.name,
            "expression": result.measure.value,
            "test": describe_test(result.measure),
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
        for slug, judged in judgements.items()
        for judgement in judged
        for result in judgement.results
    )


def claims_markdown(judgements: dict[str, list[Judgement]], profile: str) -> str:
    """The ledger for a reader: one row per claim, the paper's numbers beside ours.

    Args:
        judgements: The judgements of each paper, by its slug.
        profile: The name of the profile that was judged.
    """
    every = [judgement for judged in judgements.values() for judgement in judged]
    rows = [
        {
            "claim": _claim_cell(judgement.claim),
            "the paper says": judgement.claim.statement,
            "measured": "<br>".join(result.measure.name for result in judgement.results),
            "paper": "<br>".join(number_text(result.paper) for result in judgement.results),
            "ours [95 %]": "<br>".join(
                interval_text(result.estimate, result.low, result.high) for result in judgement.results
            ),
            "verdict": f"**{judgement.verdict}**",
        }
        for judgement in every
    ]
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
    notes = [note for judgement in every for note in _notes(judgement)]
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
        number = interval_text(estimate, low, high) + (f", {side}" if side else "")
        notes.append(f"Besides, {aside.name}: {number}.")
    return [f"- {claim.id}: {note}" for note in notes]
