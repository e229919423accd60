"""Under which conditions the registered claims of a paper were judged, `conditions/<slug>.yaml`: editions, worlds.

A condition is a column of the ledger, not a new claim. What explains a claim that does not hold stands there, too.
"""

import datetime
from pathlib import Path

from pydantic import Field, model_validator

from graspbook.papers import Name, Part, read_part


class Condition(Part):
    """One set of results on which claims are judged.

    Attributes:
        name: Its name, such as `first edition`.
        date: The day from which its results are.
        tests_after_results: Whether the tests were written when its results were known.
        counts: Whether its verdicts count for the scoreboard; of several that do, the last with a verdict.
        tables: The table of `papers/<slug>.yaml` whose results stand for each registered table; a registered table
            that is not named here was not measured.
    """

    name: Name
    date: datetime.date
    tests_after_results: bool
    counts: bool
    tables: dict[Name, Name]


class Cause(Part):
    """What explains why a claim does not hold.

    Attributes:
        page: The notebook that turns the suspected cause, relative to `notebooks/`.
        says: The cause in a sentence.
    """

    page: Name
    says: Name


class Conditions(Part):
    """All conditions of one paper.

    Attributes:
        conditions: The conditions by date.
        causes: By claim, what explains that it does not hold.
    """

    conditions: list[Condition]
    causes: dict[Name, Cause] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some_count_and_names_differ(self) -> "Conditions":
        names = [condition.name for condition in self.conditions]
        if len(set(names)) != len(names):
            raise ValueError("two conditions have the same name")
        if not any(condition.counts for condition in self.conditions):
            raise ValueError("no condition counts")
        return self


def load_conditions(slug: str, folder: Path | None = None) -> Conditions:
    """Read `conditions/<slug>.yaml`.

    Args:
        slug: The short name of the paper.
        folder: The folder of the file, by default `conditions/` beside this module.

    Raises:
        InputError: There is no such file, or it breaks the schema; the message names the field.
    """
    path = (folder or Path(__file__).parent / "conditions") / f"{slug}.yaml"
    return read_part(Conditions, path, f"conditions/{slug}.yaml")
