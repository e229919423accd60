"""The ledger of registered claims as it is made: one row for each judged claim and condition."""

from collections.abc import Mapping, Sequence

import pandas as pd

from graspbook.reporting.registered.judging import JudgedClaim, Outcome
from graspbook.reporting.registered.ledger import COLUMNS
from graspbook.reporting.registered.verdicts import Verdict, describe_test, share_interval, share_of_claim
from graspbook.reporting.sentences import number_text


def ledger_frame(judged: Mapping[str, Sequence[JudgedClaim]]) -> pd.DataFrame:
    """The ledger as a table: the columns are `COLUMNS`.

    Args:
        judged: The judged claims of each paper, by its short name.
    """
    rows = []
    for one in (one for claims in judged.values() for one in claims):
        claim = one.claim
        about = (claim.section, claim.near or "", claim.says, claim.kind, claim.table, claim.measure.name)
        test = (claim.measure.value, describe_test(claim), claim.reason, claim.control)
        for outcome in one.outcomes:
            condition, ends = outcome.condition, share_interval(claim, outcome.low, outcome.high)
            rows.append(
                (
                    *(one.slug, claim.id, *about, *test, claim.printed),
                    *(condition.name, condition.date.isoformat(), condition.tests_after_results),
                    *(outcome is one.counted, outcome.estimate, outcome.low, outcome.high),
                    *(share_of_claim(claim, outcome.estimate), *ends, str(outcome.verdict)),
                    *_why(one, outcome),
                    *(claim.power.half_width, claim.undecidable, claim.ours),
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _why(one: JudgedClaim, outcome: Outcome) -> tuple[str, str]:
    """Why a claim does not hold, and the page that turns the cause: how precise it is, or "unexplained"."""
    if outcome.verdict in (Verdict.HOLDS, Verdict.NOT_TESTED):
        return "", ""
    said, page = (one.cause.says, one.cause.page) if one.cause else ("", "")
    if outcome.verdict is Verdict.CANNOT_TELL:
        half, planned = (outcome.high - outcome.low) / 2, one.claim.power.half_width
        text = f"The interval is ±{number_text(half)}, registered are ±{number_text(planned)}."
        return f"{text} {said}".rstrip(), page
    return said or "Unexplained.", page
