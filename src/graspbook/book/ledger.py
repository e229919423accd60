"""The ledger as the book reads it: each form of each claim, with its measures, from `reports/claims/claims.csv`."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.papers import Claim, Measure

CLAIMS = Path("reports/claims/claims.csv")
NUMBERS = ("paper_value", "estimate", "lo", "hi")
COLUMNS = ("paper", "claim", "section", "statement", "measure", "test", *NUMBERS, "verdict")
FIRST_FORM = "first form"
"""Of a claim: fixed before its results. Only first forms count."""
VERDICTS = ("reproduced", "direction only", "not reproduced", "not tested at this profile")
"""Best first: the order in which verdicts are sorted. The last one also marks a claim that nobody has judged yet."""


@dataclass
class Entry:
    """One form of a claim in the ledger.

    Attributes:
        paper: The slug of the paper.
        claim: The id of the claim, which is its anchor.
        section: The section of the paper that makes the claim.
        statement: What the paper says, in our words.
        verdict: The verdict on this form.
        form: "first form" where it was fixed before the results, else how it came later.
        amends: The claim whose first form this one amends; "" for a first form.
        measures: The rows of the ledger, one per measure.
    """

    paper: str
    claim: str
    section: str
    statement: str
    verdict: str
    form: str = FIRST_FORM
    amends: str = ""
    measures: list[Mapping[str, str]] = field(default_factory=list)


def read_entries(path: Path) -> dict[tuple[str, str], Entry]:
    """The claims of `claims.csv` by paper and id, in its order; none where it does not exist.

    Args:
        path: The ledger, `claims.csv`.

    Raises:
        InputError: A column is missing, a verdict is unknown, or a value is no number where one is expected.
    """
    if not path.exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if absent:
            raise InputError(f"{path}: lacks the columns {', '.join(absent)}")
        rows = list(reader)
    entries: dict[tuple[str, str], Entry] = {}
    for number, row in enumerate(rows, 2):
        if row["verdict"] not in VERDICTS:
            raise InputError(
                f"{path}: line {number}: verdict '{row['verdict']}', expected one of {', '.join(VERDICTS)}"
            )
        for column in NUMBERS:
            if not re.fullmatch(r"|nan|-?inf|[-+.\deE]+", row[column] or ""):
                raise InputError(f"{path}: line {number}: {column} '{row[column]}' is not a number")
        key = row["paper"], row["claim"]
        if key not in entries:
            told = row["section"], row["statement"], row["verdict"], row.get("form") or FIRST_FORM
            entries[key] = Entry(*key, *told, row.get("amends") or "")
        entries[key].measures.append(row)
    return entries


def unjudged(slug: str, claim: Claim) -> Entry:
    """A claim that the ledger does not hold yet: its tests, no numbers of ours.

    Args:
        slug: The slug of the paper.
        claim: The claim.
    """
    empty = dict.fromkeys(NUMBERS, "")
    rows = [{"measure": measure.name, "test": words_of_test(measure)} | empty for measure in claim.measures]
    form, amends = getattr(claim, "form", FIRST_FORM), getattr(claim, "amends", None) or ""
    return Entry(slug, claim.id, claim.section, claim.statement, VERDICTS[-1], form, amends, rows)


def words_of_test(measure: Measure) -> str:
    """The test of a measure in a few characters, such as `> 4.5`, as the ledger writes it."""
    if measure.above is not None:
        return f"> {measure.above:g}"
    if measure.below is not None:
        return f"< {measure.below:g}"
    return f"{measure.within[0]:g} to {measure.within[1]:g}"


def number_text(value: str) -> str:
    """A number of the ledger in three digits; a dash where it is empty or infinite."""
    if value in ("", "inf", "-inf", "nan"):
        return "–"
    return f"{float(value):.3g}"


def ours_text(row: Mapping[str, str]) -> str:
    """Our number with its interval."""
    if row["estimate"] in ("", "nan"):
        return "–"
    return f"{number_text(row['estimate'])} [{number_text(row['lo'])}, {number_text(row['hi'])}]"
