"""The ledger of all claims, `reports/claims/claims.csv`, as it is read: each form of each claim with its measures."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.papers import FIRST_FORM, Claim
from graspbook.reporting.sentences import describe_test, interval_text, number_text
from graspbook.reporting.verdicts import Verdict

CLAIMS = Path("reports/claims/claims.csv")
NUMBERS = ("paper_value", "estimate", "lo", "hi")
COLUMNS = (
    *("paper", "claim", "section", "statement", "measure", "test", *NUMBERS),
    *("verdict", "profile", "form", "amends"),
)
"""What a reader needs of the columns that `ledger_writer` writes."""


@dataclass(frozen=True)
class Measured:
    """One measure of a claim in the ledger.

    Attributes:
        name: What was measured, in words.
        test: Its test in a few characters, such as `> 4.5`.
        paper: The paper's number; None where it prints none.
        estimate: Our number; None where there is none.
        low: The lower end of the 95 % interval of `estimate`; None where it is open, or without an estimate.
        high: The upper end of the 95 % interval of `estimate`; None where it is open, or without an estimate.
    """

    name: str
    test: str
    paper: float | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def ours(self) -> str:
        """Our number with its interval, in words."""
        return interval_text(self.estimate, self.low, self.high)


@dataclass(frozen=True)
class Entry:
    """One form of a claim in the ledger.

    Attributes:
        paper: The short name of the paper.
        claim: The id of the claim.
        section: The section of the paper that makes the claim.
        statement: What the paper says, in our words.
        verdict: The verdict on the whole claim.
        profile: The name of the profile that was judged; "" before there is a verdict.
        form: "first form", or how the claim came later than that.
        amends: The id of the claim whose first form this one amends; "" for any other form.
        measures: Its measures, at least one; the first one stands for the claim where there is room for one.
    """

    paper: str
    claim: str
    section: str
    statement: str
    verdict: Verdict
    profile: str
    form: str
    amends: str
    measures: tuple[Measured, ...]

    def __str__(self) -> str:
        """The first measure in a line of Markdown: the paper's number, ours with its interval, the verdict."""
        first = self.measures[0]
        return f"{first.name}: {number_text(first.paper)}, **{first.ours}**, {self.verdict}"


@dataclass(frozen=True)
class Standing:
    """How a paper stands.

    Attributes:
        counts: The number of the paper's claims, in their first form, with each verdict, best first; a verdict that
            none has is there with 0.
        headlines: The claims that the paper is known for.
    """

    counts: dict[Verdict, int]
    headlines: tuple[Entry, ...]

    @property
    def share(self) -> str:
        """Claims reproduced, of all: `12 of 25`."""
        return f"{self.counts[Verdict.REPRODUCED]} of {sum(self.counts.values())}"


def read_ledger(path: Path) -> dict[str, dict[str, Entry]]:
    """The claims of each paper by its short name, and by their ids, in the order of the file.

    Args:
        path: The ledger, `claims.csv`; empty where there is none yet.

    Raises:
        InputError: A column is missing, a verdict is unknown, or a value is no number where one is expected; the
            message names the line.
    """
    if not Path(path).exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if absent:
            raise InputError(f"{path}: lacks the columns {', '.join(absent)}")
        rows = [(f"{path}: line {number}", row) for number, row in enumerate(reader, 2)]
    of_claim: dict[tuple[str, str], list[tuple[str, dict[str, str]]]] = {}
    for place, row in rows:
        of_claim.setdefault((row["paper"], row["claim"]), []).append((place, row))
    ledger: dict[str, dict[str, Entry]] = {}
    for (slug, claim), measures in of_claim.items():
        ledger.setdefault(slug, {})[claim] = _entry(measures)
    return ledger


def _entry(rows: Sequence[tuple[str, Mapping[str, str]]]) -> Entry:
    for place, row in rows:
        if row["verdict"] not in list(Verdict):
            raise InputError(f"{place}: verdict '{row['verdict']}', expected one of {', '.join(Verdict)}")
    first = rows[0][1]
    return Entry(
        first["paper"],
        first["claim"],
        first["section"],
        first["statement"],
        Verdict(first["verdict"]),
        first["profile"],
        first["form"],
        first["amends"],
        tuple(
            Measured(row["measure"], row["test"], *(_number(row[column], column, place) for column in NUMBERS))
            for place, row in rows
        ),
    )


def _number(text: str | None, column: str, place: str) -> float | None:
    """A number, or None where there is none or the end of an interval is open."""
    try:
        return None if text in ("", "nan", "inf", "-inf") else float(text)
    except (TypeError, ValueError):
        raise InputError(f"{place}: {column} '{text}' is not a number") from None


def unjudged(slug: str, claim: Claim) -> Entry:
    """A claim that the ledger does not hold yet: its tests, no numbers of ours.

    Args:
        slug: The short name of the paper.
        claim: The claim.
    """
    measures = tuple(Measured(measure.name, describe_test(measure)) for measure in claim.measures)
    return Entry(
        slug,
        claim.id,
        claim.section,
        claim.statement,
        Verdict.NOT_TESTED,
        "",
        claim.form,
        claim.amends or "",
        measures,
    )


def claims_summary(path: Path, headlines: Mapping[str, Sequence[str]]) -> dict[str, Standing]:
    """How each paper stands.

    Args:
        path: The ledger, `claims.csv`; without it, every count is 0 and no paper has a headline.
        headlines: The ids of the claims that each paper is known for (`Paper.headlines`), by its short name.

    Returns:
        The standing of each paper, by its short name.
    """
    ledger, standings = read_ledger(path), {}
    for slug, known_for in headlines.items():
        entries = ledger.get(slug, {})
        verdicts = [entry.verdict for entry in entries.values() if entry.form == FIRST_FORM]
        standings[slug] = Standing(
            {verdict: verdicts.count(verdict) for verdict in Verdict},
            tuple(entries[claim] for claim in known_for if claim in entries),
        )
    return standings
