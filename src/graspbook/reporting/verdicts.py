"""Verdicts on claims, and how a paper stands: the ledger `claims.csv`, read without any large library."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FIRST_FORM = "first form"
"""Of a claim: fixed before its results. Only first forms count."""


class Verdict(StrEnum):
    """What became of a claim, best first."""

    REPRODUCED = "reproduced"
    DIRECTION_ONLY = "direction only"
    NOT_REPRODUCED = "not reproduced"
    NOT_TESTED = "not tested at this profile"


@dataclass(frozen=True)
class Entry:
    """One claim in the ledger, with its first measure.

    Attributes:
        claim: The id of the claim.
        statement: What the paper says, in our words.
        measure: What was measured, in words.
        paper: The paper's number, or None where it prints none.
        estimate: Our number, or None where there is none.
        low, high: The ends of the 95 % interval of `estimate`; None where an end is open, or where there is no
            estimate.
        verdict: The verdict on the whole claim.
        profile: The name of the profile that was judged.
        form: "first form", or how the claim came later than that.
    """

    claim: str
    statement: str
    measure: str
    paper: float | None
    estimate: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    profile: str
    form: str = FIRST_FORM

    def __str__(self) -> str:
        """The measure in a line of Markdown: the paper's number, ours with its interval, the verdict."""
        ours = _shown(self.estimate)
        if self.estimate is not None:
            ours += f" [{_shown(self.low)}, {_shown(self.high)}]"
        return f"{self.measure}: {_shown(self.paper)}, **{ours}**, {self.verdict}"


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


def read_ledger(path: Path) -> dict[str, list[Entry]]:
    """The claims of each paper, by its slug; empty where there is no ledger yet.

    Args:
        path: The ledger, `claims.csv`.
    """
    if not Path(path).exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ledger: dict[str, dict[str, Entry]] = {}
    for row in rows:  # one for each measure; the first one stands for the claim
        ledger.setdefault(row["paper"], {}).setdefault(row["claim"], _entry(row))
    return {slug: list(entries.values()) for slug, entries in ledger.items()}


def claims_summary(path: Path, headlines: Mapping[str, Sequence[str]]) -> dict[str, Standing]:
    """How each paper stands.

    Args:
        path: The ledger, `claims.csv`; without it, every count is 0 and no paper has a headline.
        headlines: The ids of the claims that each paper is known for (`Paper.headlines`), by its slug.

    Returns:
        The standing of each paper, by its slug.
    """
    ledger, standings = read_ledger(path), {}
    for slug, known_for in headlines.items():
        entries = {entry.claim: entry for entry in ledger.get(slug, [])}
        verdicts = [entry.verdict for entry in entries.values() if entry.form == FIRST_FORM]
        standings[slug] = Standing(
            {verdict: verdicts.count(verdict) for verdict in Verdict},
            tuple(entries[claim] for claim in known_for if claim in entries),
        )
    return standings


def _entry(row: Mapping[str, str]) -> Entry:
    numbers = [_number(row[column]) for column in ("paper_value", "estimate", "lo", "hi")]
    told = Verdict(row["verdict"]), row["profile"], row.get("form") or FIRST_FORM
    return Entry(row["claim"], row["statement"], row["measure"], *numbers, *told)


def _number(text: str) -> float | None:
    return float(text) if text not in ("", "inf", "-inf") else None


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
