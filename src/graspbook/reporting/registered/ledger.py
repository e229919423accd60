"""The ledger of registered claims, `claims.csv`: the page of the scoreboard writes it, the book and the README read it.

It has a row for each claim and condition.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from graspbook.core.errors import InputError
from graspbook.papers.registration import Registration
from graspbook.reporting.registered.verdicts import Verdict
from graspbook.reporting.sentences import interval_text, markdown_rows, number_text

REGISTERED = Path("reports/scoreboard/claims.csv")
COLUMNS = (
    *("paper", "claim", "section", "near", "says", "kind", "table", "measure", "expression", "test"),
    *("margin_reason", "control", "printed"),
    *("condition", "date", "tests_after_results", "counted", "estimate", "low", "high"),
    *("share", "share_low", "share_high", "verdict", "why", "why_page"),
    *("planned_half_width", "undecidable", "ours"),
)

_MAY_BE_EMPTY = ("near", "why", "why_page")
"""Columns of words that some claims have not."""


def read_registered(path: Path) -> pd.DataFrame:
    """The ledger as `ledger_frame` gives it; without rows where there is no file yet.

    Args:
        path: The ledger, `claims.csv`.

    Raises:
        InputError: It cannot be read, a column is missing, or a verdict is unknown; the message names the line.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(_MAY_BE_EMPTY, str))
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a table ({type(error).__name__})") from None
    if absent := [column for column in COLUMNS if column not in frame]:
        raise InputError(f"{path}: lacks the columns {', '.join(absent)}")
    for line, verdict in enumerate(frame["verdict"], 2):
        if verdict not in list(Verdict):
            raise InputError(f"{path}: line {line}: verdict '{verdict}', expected one of {', '.join(Verdict)}")
    return frame.fillna(dict.fromkeys(_MAY_BE_EMPTY, ""))


@dataclass(frozen=True)
class Standing:
    """How a paper stands.

    Attributes:
        counts: How many of the paper's claims have each verdict, best first; those of ours are not counted.
        headline: The claim that it is known for in a line of Markdown; "" where it has not been tested.
    """

    counts: dict[Verdict, int]
    headline: str

    @property
    def share(self) -> str:
        """How many claims hold, of those tested, such as `12 of 29 tested claims hold; not tested yet: 21`."""
        untested = self.counts[Verdict.NOT_TESTED]
        share = f"{self.counts[Verdict.HOLDS]} of {sum(self.counts.values()) - untested} tested claims hold"
        return f"{share}; not tested yet: {untested}" if untested else share


def standing(ledger: pd.DataFrame, slug: str, registration: Registration) -> Standing:
    """How a paper stands.

    Args:
        ledger: The ledger, as `read_registered` gives it.
        slug: The short name of the paper.
        registration: What is registered of it.
    """
    counted = ledger[(ledger["paper"] == slug) & ledger["counted"].astype(bool)].set_index("claim")
    verdicts = list(counted.loc[~counted["ours"].astype(bool), "verdict"])
    known_for, line = registration.headline, ""
    if known_for is not None and known_for.claim in counted.index:
        row = counted.loc[known_for.claim]
        if row["verdict"] != Verdict.NOT_TESTED:
            line = headline_text(row, known_for.words)
    return Standing({verdict: verdicts.count(verdict) for verdict in Verdict}, line)


def headline_text(row: pd.Series, words: str) -> str:
    """A claim in a line: our number and the words behind it, its interval, the paper's number, the verdict.

    Args:
        row: The claim's row of the ledger.
        words: What stands behind our number.
    """
    low, high, printed = (number_text(row[name]) for name in ("low", "high", "printed"))
    papers = "" if pd.isna(row["printed"]) else f"; the paper: {printed}"
    return f"**{number_text(row['estimate'])} {words}** [{low}, {high}]{papers} — *{row['verdict']}*"


def ledger_markdown(ledger: pd.DataFrame, slug: str) -> str:
    """The claims of a paper as a Markdown table, ours apart: a line per claim, a column per condition.

    Args:
        ledger: The ledger.
        slug: The short name of the paper.
    """
    rows = ledger[ledger["paper"] == slug]
    tables = []
    for ours, heading in ((False, ""), (True, "Hypotheses of ours, which do not count:\n\n")):
        of_kind = rows[rows["ours"].astype(bool) == ours]
        lines = [_claim_line(claim) for _, claim in of_kind.groupby("claim", sort=False)]
        if lines:
            tables.append(heading + markdown_rows(pd.DataFrame(lines)))
    return "\n\n".join(tables)


def _claim_line(claim: pd.DataFrame) -> dict[str, str]:
    first = claim.iloc[0]
    line = {
        "claim": f"{first['claim']} ({first['section']})",
        "the paper says": first["says"],
        "measured, and the test": f"{first['measure']}: {first['test']}",
        "paper": number_text(first["printed"]),
    }
    for _, row in claim.iterrows():
        ours = interval_text(row["estimate"], row["low"], row["high"])
        line[row["condition"]] = ours if row["verdict"] == Verdict.NOT_TESTED else f"{ours} *{row['verdict']}*"
    return line | {"verdict": f"**{claim.loc[claim['counted'].astype(bool), 'verdict'].iloc[0]}**"}


def registered_sentence(row: pd.Series) -> str:
    """A claim as a sentence: what the paper says, the measure that decides with both numbers, the test, the verdict.

    Args:
        row: The claim's row of the ledger.
    """
    if row["verdict"] == Verdict.NOT_TESTED:
        return f"{row['says']} — *{row['verdict']}*"
    papers = "no number" if pd.isna(row["printed"]) else number_text(row["printed"])
    ours = interval_text(row["estimate"], row["low"], row["high"])
    return f"{row['says']} {row['measure']}: {ours}, the paper: {papers}, asked: {row['test']} — *{row['verdict']}*"
