"""Families of trainings in `params/`: rows of tables, each under a name that its model file has, too."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

Row = TypeVar("Row")


def named_rows(trainings: Mapping[str, Mapping[str, Row]]) -> Iterator[tuple[str, Row]]:
    """Every row of every family: where it stands, and the row itself.

    Args:
        trainings: The rows of each family, by the family's name and the row's.

    Yields:
        The place of each row in its file in `params/`, such as `trainings.table-1.mlgsl`, and the row itself.

    Raises:
        ValueError: A name cannot be a file's, or two families have it.
    """
    seen: set[str] = set()
    for family, rows in trainings.items():
        for name, row in rows.items():
            where = f"trainings.{family}.{name}"
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
                raise ValueError(f"{where} becomes a file's name: expected lower-case letters, digits and hyphens")
            if name in seen:
                raise ValueError(f"{where}: another family has a row of this name")
            seen.add(name)
            yield where, row
