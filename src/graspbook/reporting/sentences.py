"""Claims in words: how a page, the ledger and the book write numbers, tests and verdicts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from graspbook.papers import Measure
from graspbook.reporting.verdicts import Judgement, Result


def claim_sentence(
    judgement: Judgement,
    results: Sequence[Result] | None = None,
    untested: str = "",
    no_interval: str | None = None,
) -> str:
    """A claim as an item of a list in Markdown: what the paper says, our numbers beside its own, the verdict.

    Args:
        judgement: The claim, judged.
        results: The results that are shown; None takes the measure that decides.
        untested: What stands in the place of the numbers where `results` is empty, with a leading space.
        no_interval: What stands in the place of an interval with an open end; None writes its ends all the same.
    """
    shown = (judgement.deciding,) if results is None else results
    numbers = ";".join(_numbers(result, no_interval) for result in shown) if shown else untested
    return f"- {judgement.claim.statement}{numbers} — *{judgement.verdict}*."


def _numbers(result: Result, no_interval: str | None) -> str:
    """Our number and the paper's, as far as there are any; begins with a space."""
    text = ""
    if not np.isnan(result.estimate):
        ends = f"[{result.low:.3g}, {result.high:.3g}]"
        if no_interval is not None and not np.isfinite([result.low, result.high]).all():
            ends = no_interval
        text += f" {result.measure.name}: **{result.estimate:.3g}** {ends}"
    return text if np.isnan(result.paper) else f"{text} (paper: {result.paper:.3g})"


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


def number_text(value: float | None) -> str:
    """A number in three digits; a dash where there is none, or where the end of an interval is open.

    Args:
        value: The number; None, NaN and infinities have no digits.
    """
    return f"{value:.3g}" if value is not None and np.isfinite(value) else "–"


def interval_text(estimate: float | None, low: float | None, high: float | None) -> str:
    """A number with its interval, such as `4.57 [3, –]`; a dash where there is no number.

    Args:
        estimate: The number, or None or NaN.
        low: The lower end of its 95 % interval; None, NaN or -inf where it is open.
        high: The upper end of its 95 % interval; None, NaN or inf where it is open.
    """
    text = number_text(estimate)
    return text if text == "–" else f"{text} [{number_text(low)}, {number_text(high)}]"


def markdown_rows(frame: pd.DataFrame) -> str:
    """A frame of text as a Markdown table.

    Args:
        frame: The cells, each with a text.
    """
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)
