"""The second registration of a paper's claims, `registered/<slug>.yaml`: fixed before the runs that will decide them.

A claim is one sentence of the paper in our words, with one test that asks what the sentence says. It is refused if the
paper's own printed values fail its test, or if its test set is too small to answer: then it is marked *undecidable*
before it is run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, model_validator

from graspbook.core.errors import InputError
from graspbook.papers import Name, Paper, Part, read_part

Kind = Literal["superiority", "factor", "non-inferiority", "equivalence", "order"]
"""What a sentence says: better than; by a stated factor; as good as, up to a margin; no difference; in this order."""


class Measure(Part):
    """The quantity that decides a claim, oriented so that larger values speak for it.

    Attributes:
        name: The quantity in words.
        value: The arithmetic over table cells that gives it (`graspbook.reporting.cells`).
        scale: Whether it vanishes without an effect (a difference) or is 1 then (a ratio).
    """

    name: Name
    value: Name
    scale: Literal["difference", "ratio"]

    @property
    def no_effect(self) -> float:
        """The value without an effect."""
        return 1.0 if self.scale == "ratio" else 0.0


class Power(Part):
    """How precisely the planned test set measures a claim.

    Attributes:
        half_width: The expected half of the 95 % interval of the measure, in its unit.
        scenes: The number of independent scenes of the test set: bins, drives, totes or objects.
        seeds: The number of trainings.
    """

    half_width: Annotated[float, Field(gt=0)]
    scenes: Annotated[int, Field(ge=1)]
    seeds: Annotated[int, Field(ge=1)]


class RegisteredClaim(Part):
    """A claim with its test.

    Attributes:
        id: A letter for the paper and a number, in the order of the paper.
        section: Where the paper says it.
        near: A few words of the paper that find the sentence; None for a hypothesis of ours.
        says: The sentence in our words.
        kind: What the sentence says.
        table: The table that the measure is about.
        measure: The quantity that decides.
        margin: The bound that the whole interval has to exceed; of an equivalence, the largest distance from no effect.
        reason: Why this margin.
        printed: The measure on the paper's printed values; None where it prints none.
        sides: Whether the sentence is about one direction or about both.
        control: What has to stand beside the result for it to mean something.
        power: What the planned test set can tell.
        first: The claims of the first edition that asked this.
        needs: Rows, tables or runs that are still to be made.
        undecidable: Whether the planned test set is too small for it.
        undecidable_reason: Why it is not made larger; empty for a decidable claim.
        ours: Whether it is a hypothesis of ours, which is counted apart.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z]\d+$")]
    section: Name
    near: Name | None
    says: Name
    kind: Kind
    table: Name
    measure: Measure
    margin: float
    reason: Name
    printed: float | None
    sides: Literal["one", "two"]
    control: Name
    power: Power
    first: list[str]
    needs: list[str]
    undecidable: bool = False
    undecidable_reason: str = ""
    ours: bool = False

    @property
    def largest_half_width(self) -> float | None:
        """Half of what the interval has to resolve: the margin, or the printed effect; None where that is unknown."""
        if self.kind == "equivalence":
            return self.margin / 2
        if self.kind == "non-inferiority":
            return abs(self.margin - self.measure.no_effect) / 2
        return None if self.printed is None else abs(self.printed - self.measure.no_effect) / 2

    def passes(self, value: float) -> bool:
        """Whether a value passes the test; NaN never does.

        Args:
            value: The value of the measure, in its unit.
        """
        if self.kind == "equivalence":
            return abs(value - self.measure.no_effect) < self.margin
        return value >= self.margin if self.kind == "factor" else value > self.margin

    @model_validator(mode="after")
    def _the_sentence_can_be_found(self) -> "RegisteredClaim":
        if (self.near is None) != self.ours:
            raise ValueError(f"claim {self.id}: words of the paper belong to its claims and to no other")
        return self

    @model_validator(mode="after")
    def _margin_fits_the_kind(self) -> "RegisteredClaim":
        none = self.measure.no_effect
        if self.kind in ("superiority", "order") and self.margin != none:
            raise ValueError(f"claim {self.id}: margin {self.margin:g}, expected {none:g}, where there is no effect")
        if self.kind == "factor" and self.margin <= none:
            raise ValueError(f"claim {self.id}: a stated factor of {self.margin:g} is no effect")
        if self.kind == "non-inferiority" and self.margin >= none:
            raise ValueError(f"claim {self.id}: margin {self.margin:g}, expected one below {none:g}")
        if self.kind == "equivalence" and self.margin <= 0:
            raise ValueError(f"claim {self.id}: margin {self.margin:g}, expected a distance above 0")
        if (self.sides == "two") != (self.kind == "equivalence"):
            raise ValueError(f"claim {self.id}: a claim of {self.kind} has {self.sides} sides")
        return self

    @model_validator(mode="after")
    def _printed_values_pass(self) -> "RegisteredClaim":
        if self.printed is not None and not self.passes(self.printed):
            raise ValueError(f"claim {self.id}: the paper's own value {self.printed:g} fails its test")
        return self

    @model_validator(mode="after")
    def _power_is_enough_or_said_to_be_missing(self) -> "RegisteredClaim":
        limit = self.largest_half_width
        if limit is None:
            return self
        narrow = self.power.half_width <= limit
        if self.kind == "equivalence" and not narrow:
            raise ValueError(f"claim {self.id}: half-width {self.power.half_width:g}, an equivalence allows {limit:g}")
        if narrow == self.undecidable:
            raise ValueError(
                f"claim {self.id}: half-width {self.power.half_width:g} of at most {limit:g} is "
                + ("enough, but it is marked undecidable" if narrow else "too much, but it is not marked undecidable")
            )
        if self.undecidable and not self.undecidable_reason:
            raise ValueError(f"claim {self.id}: undecidable, without a reason")
        return self


class NewTable(Part):
    """A table that the second edition adds, or that takes the place of one of the first.

    Attributes:
        section: The section of the paper that it belongs to.
        caption: Its caption.
        label: The name of the column that names the rows.
        unit: The unit of its numbers.
        metrics: The names of its columns.
        rows: Its rows by name, with the paper's numbers, or names alone where the paper prints none.
        groups: The rows of each group, by the group's name.
    """

    section: Name
    caption: Name
    label: Name
    unit: Name
    metrics: list[Name]
    rows: list[Name] | dict[Name, dict[str, float | None]]
    groups: dict[str, list[str]] = Field(default_factory=dict)


@dataclass(frozen=True)
class PrintedTable:
    """The paper's printed values of a table of the second edition, as `graspbook.reporting.cells.Cells` takes them.

    Attributes:
        frame: The values, NaN where the paper prints none: the label column, the metrics, and `replicate`, 0.
        label: The name of the column that names the rows.
        metrics: The names of the metrics.
        groups: The rows of each group, by the group's name.
    """

    frame: pd.DataFrame
    label: str
    metrics: list[str]
    groups: dict[str, list[str]]


class Headline(Part):
    """The claim that a paper is known for, as a line of plain words.

    Attributes:
        claim: The id of the claim.
        words: What stands behind our number, true whatever it is, such as "times less error than subtraction".
    """

    claim: Name
    words: Name


class Registration(Part):
    """All that is registered of one paper.

    Attributes:
        headline: The claim that the paper is known for; None where there is none yet.
        claims: The paper's claims in its order, then our own.
        groups: By table, further groups of rows that measures name.
        rows: By table, rows of ours beside the printed ones.
        metrics: By table, further columns of ours.
        printed: By table, row and metric, values that the paper gives in its text.
        tables: Further tables.
    """

    headline: Headline | None = None
    claims: list[RegisteredClaim]
    groups: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    rows: dict[str, list[str]] = Field(default_factory=dict)
    metrics: dict[str, list[str]] = Field(default_factory=dict)
    printed: dict[str, dict[str, dict[str, float]]] = Field(default_factory=dict)
    tables: dict[str, NewTable] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ids_are_the_papers_order(self) -> "Registration":
        for place, claim in enumerate(self.claims, 1):
            if claim.id != f"{self.claims[0].id[0]}{place}":
                raise ValueError(f"claim {claim.id} stands at place {place}")
        ours = [claim.ours for claim in self.claims]
        if ours != sorted(ours):
            raise ValueError("hypotheses of ours stand behind the paper's claims")
        return self

    @model_validator(mode="after")
    def _headline_is_a_claim_of_the_paper(self) -> "Registration":
        if self.headline is not None and self.headline.claim not in [one.id for one in self.claims if not one.ours]:
            raise ValueError(f"headline {self.headline.claim} is none of the paper's claims")
        return self

    def printed_table(self, paper: Paper, name: str) -> PrintedTable:
        """The paper's printed values of a table of the second edition.

        Args:
            paper: The paper with the tables of the first edition.
            name: The name of the table.

        Raises:
            InputError: There is no such table.
        """
        if name in self.tables:
            table = self.tables[name]
            cells = table.rows if isinstance(table.rows, dict) else {row: {} for row in table.rows}
            frame = pd.DataFrame([{table.label: row} | values for row, values in cells.items()])
            label, metrics, groups = table.label, table.metrics, table.groups
        elif name in paper.tables:
            known = paper.tables[name]
            frame = pd.concat([known.frame(), pd.DataFrame({known.label: self.rows.get(name, [])})])
            label, metrics, groups = known.label, [*known.metrics, *self.metrics.get(name, [])], known.groups
        else:
            raise InputError(f"registered/{paper.slug}.yaml: no table '{name}'")
        frame = frame.reindex(columns=[label, *metrics]).astype(dict.fromkeys(metrics, "float64"))
        for row, cells in self.printed.get(name, {}).items():
            for metric, value in cells.items():
                frame.loc[frame[label] == row, metric] = value
        return PrintedTable(frame.assign(replicate=0), label, metrics, groups | self.groups.get(name, {}))


def load_registration(slug: str, folder: Path | None = None) -> Registration:
    """Read `registered/<slug>.yaml`.

    Args:
        slug: The short name of the paper.
        folder: The folder of the file, by default `registered/` beside this module.

    Raises:
        InputError: There is no such file, or it breaks the schema; the message names the claim.
    """
    path = (folder or Path(__file__).parent / "registered") / f"{slug}.yaml"
    return read_part(Registration, path, f"registered/{slug}.yaml")
