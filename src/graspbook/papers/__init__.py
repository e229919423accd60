"""What each paper printed, its tables and claims, as `<slug>.yaml`, and the reader of those files."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml

Name = Annotated[str, Field(min_length=1)]
FIRST_FORM = "first form"
"""Of a claim: fixed before its results. Only first forms count."""


class Part(BaseModel):
    """Something that a file about a paper holds: unknown keys are refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AnyPart = TypeVar("AnyPart", bound=Part)


class Metric(Part):
    """One measured column of a table.

    Attributes:
        title: The title of the column.
        decimals: The number of decimal places that are shown.
        better: Whether higher or lower values are better.
    """

    title: Name
    decimals: Annotated[int, Field(ge=0)]
    better: Literal["higher", "lower"]


class Table(Part):
    """A printed table: one row per method, one number (or none) per metric.

    Attributes:
        section: The section of the paper that prints it.
        caption: The caption of the table.
        label: The name of the column that names the rows.
        unit: The unit of the numbers.
        metrics: The columns, by the names of the metrics.
        rows: The printed numbers, by row and metric; None where the paper prints none.
        groups: The rows of each group, by the group's name.
    """

    section: Name
    caption: Name
    label: Name
    unit: Name
    metrics: dict[str, Metric]
    rows: dict[str, dict[str, float | None]]
    groups: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _consistent(self) -> "Table":
        for row, cells in self.rows.items():
            if list(cells) != list(self.metrics):
                raise ValueError(f"row '{row}' has {list(cells)}, expected {list(self.metrics)}")
        for group, members in self.groups.items():
            unknown = [member for member in members if member not in self.rows]
            if unknown:
                raise ValueError(f"group '{group}' names unknown rows {unknown}")
        return self

    def frame(self) -> pd.DataFrame:
        """The printed numbers: the label column, then one column per metric, in the paper's row order."""
        rows = [{self.label: row} | cells for row, cells in self.rows.items()]
        return pd.DataFrame(rows, columns=[self.label, *self.metrics]).astype(dict.fromkeys(self.metrics, "float64"))


class Measure(Part):
    """One quantity of a claim, as arithmetic over table cells, and what the paper says about it.

    Attributes:
        name: The name of the measure, in words.
        value: The arithmetic over table cells that gives its value (`graspbook.reporting.cells`).
        above: The bound that the value has to exceed; exactly one of `above`, `below` and `within` is given.
        below: The bound that the value has to stay below.
        within: The lowest and the highest value that pass.
        direction: The value at which the effect would vanish, where that is not the bound.
    """

    name: Name
    value: Name
    above: float | None = None
    below: float | None = None
    within: tuple[float, float] | None = None
    direction: float | None = None

    @model_validator(mode="after")
    def _one_test(self) -> "Measure":
        given = [test for test in ("above", "below", "within") if getattr(self, test) is not None]
        if len(given) != 1:
            raise ValueError(f"'{self.name}' needs exactly one of above, below, within; it has {given}")
        return self

    @property
    def no_effect(self) -> float:
        """The value at which the effect would vanish: `direction`, else the bound, else 0."""
        given = (self.direction, self.above, self.below, 0.0)
        return next(value for value in given if value is not None)


class Aside(Part):
    """A quantity that belongs beside a claim, is measured and told, and decides nothing.

    Attributes:
        name: The name of the quantity, in words.
        value: The arithmetic over table cells that gives its value.
    """

    name: Name
    value: Name


class Claim(Part):
    """A claim of the paper, in our words; it holds when all of its measures do.

    The first form of a claim is fixed before its results, and stays. Whoever finds it wanting afterwards adds the
    amended form below it, with the reason: the ledger shows both.

    Attributes:
        id: The id of the claim, unique in its paper.
        table: The name of the table that its measures are about.
        section: The section of the paper that makes the claim.
        statement: What the paper says, in our words.
        note: A note for readers of the ledger; may be empty.
        amends: The id of the claim whose first form this one amends, after the results; None for any other form.
        reason: The reason why there is this form, which the results were known to; empty for a form fixed before them.
        measures: The measures, at least one.
        asides: The quantities that are shown beside the claim.
    """

    id: Name
    table: Name
    section: Name
    statement: Name
    note: str = ""
    amends: Name | None = None
    reason: str = ""
    measures: Annotated[list[Measure], Field(min_length=1)]
    asides: list[Aside] = []

    @model_validator(mode="after")
    def _amended_for_a_reason(self) -> "Claim":
        if self.amends is not None and not self.reason:
            raise ValueError(f"claim '{self.id}' amends '{self.amends}' and gives no reason")
        return self

    @property
    def form(self) -> str:
        """Which form of a claim this is, in words."""
        if self.amends is not None:
            return "amended after the results"
        return "added with the results" if self.reason else FIRST_FORM


class Paper(Part):
    """One paper: what it asks in plain words, what it printed, what it claims, and which claims are its headlines.

    Attributes:
        slug: The short name of the paper.
        title: The title of the paper.
        question: The question that it asks, in plain words.
        authors: The names of the authors.
        headlines: The ids of the claims that it is known for.
        tables: The printed tables, by name.
        stages: The names of the tables that each stage writes, by the stage's folder below `reports/<slug>/`; what a
            claim measures is read from there.
        claims: The claims, in the order of the file.
    """

    slug: Name
    title: Name
    question: Name
    authors: list[Name]
    headlines: list[Name]
    tables: dict[str, Table]
    stages: dict[str, list[str]] = {}
    claims: list[Claim]

    @model_validator(mode="after")
    def _one_stage_writes_each_table(self) -> "Paper":
        written = [table for tables in self.stages.values() for table in tables]
        if sorted(written) != sorted(self.tables):
            raise ValueError(f"the stages write {sorted(written)}, expected each table once: {sorted(self.tables)}")
        return self

    @model_validator(mode="after")
    def _claims_have_tables(self) -> "Paper":
        for claim in self.claims:
            if claim.table not in self.tables:
                raise ValueError(f"claim '{claim.id}' is about '{claim.table}', which is not among the tables")
        ids = [claim.id for claim in self.claims]
        if len(set(ids)) != len(ids):
            raise ValueError("two claims have the same id")
        for claim in self.claims:
            amended = next((other for other in self.claims if other.id == claim.amends), None)
            if claim.amends is not None and (amended is None or amended.amends is not None):
                raise ValueError(f"claim '{claim.id}' amends '{claim.amends}', which is no claim's first form")
        for headline in self.headlines:
            if headline not in ids:
                raise ValueError(f"headline '{headline}' is none of the claims")
        return self

    def table_file(self, reports: Path, table: str) -> Path:
        """Where the stage that writes a table leaves it.

        Args:
            reports: The folder of reports, which holds a folder for each paper.
            table: The name of the table, such as `table_1`.
        """
        stage = next(stage for stage, tables in self.stages.items() if table in tables)
        return reports / self.slug / stage / f"{table}.csv"


def slugs() -> list[str]:
    """The papers there are, in alphabetical order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.yaml"))


def load_paper(slug: str, folder: Path | None = None) -> Paper:
    """Read `<slug>.yaml`.

    Args:
        slug: The short name of the paper, such as `selfsup`.
        folder: The folder of the file, by default that of this module.

    Raises:
        InputError: There is no such paper, or the file breaks the schema; the message names the field.
    """
    path = (folder or Path(__file__).parent) / f"{slug}.yaml"
    if not path.exists():
        raise InputError(f"no paper '{slug}': expected one of {', '.join(slugs())}")
    return read_part(Paper, path, f"papers/{slug}.yaml")


def read_part(kind: type[AnyPart], path: Path, name: str) -> AnyPart:
    """Read a file that holds one part.

    Args:
        kind: The class of the part.
        path: The YAML file.
        name: What an error calls the file.

    Raises:
        InputError: The file is missing or no YAML, or it breaks the schema; the message names the field.
    """
    if not path.exists():
        raise InputError(f"{name}: no such file")
    try:
        return kind.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{name}: '{key}': {first['msg'].removeprefix('Value error, ')}") from None
