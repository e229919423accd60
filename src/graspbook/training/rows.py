"""A paper's trainings outside its pages: what `graspbook train` runs, row by row.

Each paper that trains rows has a module `trainings` with a function of the same name, from the paper's parameters to
its rows by name. Rows and their seeds are those of `params/`, which the pages read too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from graspbook.training.fit import Trained


@dataclass(frozen=True)
class RowTraining:
    """The trainings of one row, as the row's page asks for them.

    Attributes:
        stage: The stage whose page trains the row, in the paper's pipeline file, such as `train@table-1`.
        seeds: The seeds with which it does.
        needs: What has to be there first: paths of files and folders, relative to the repository.
        train: The function of a seed and a scratch folder that trains the row, as the page does it; the working
            directory is the repository, or the workspace of a profile.
    """

    stage: str
    seeds: Sequence[int]
    needs: tuple[Path, ...]
    train: Callable[[int, Path], Trained]


def family_trainings(
    stage: str,
    rows: Mapping[str, Any],
    first_seed: int,
    needs: Callable[[Any], tuple[Path, ...]],
    train: Callable[[Any, int, Path], Trained],
) -> dict[str, RowTraining]:
    """The trainings of a family's rows by their names.

    Args:
        stage: The stage whose page trains them, such as `train@table-1`.
        rows: The rows by their names; each has the number of its `seeds`.
        first_seed: The first of these seeds; the others follow it.
        needs: The function of a row that says what has to be there first.
        train: The function of a row, a seed and a scratch folder that trains the row.
    """
    return {
        name: RowTraining(stage, range(first_seed, first_seed + row.seeds), needs(row), partial(train, row))
        for name, row in rows.items()
    }
