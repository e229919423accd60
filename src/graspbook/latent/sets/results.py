"""What was found in the test images of a data set, read back and judged (Tables I and III, Figure 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.instances.types import Instances
from graspbook.latent.config import PredictConfig, Row
from graspbook.latent.dataset import LabelledImages
from graspbook.latent.found_file import FoundFile, read_found
from graspbook.latent.sets.config import AisleSetConfig, ObjectsConfig
from graspbook.latent.sets.judging import judge_set
from graspbook.latent.sets.opened import class_names, open_split
from graspbook.latent.sets.truth import read_answers
from graspbook.statistics.bootstrap import Statistic
from graspbook.world.labellers.answers import Answers


@dataclass(frozen=True, eq=False)
class SetResults:
    """Test images of a data set, and what models found there.

    Attributes:
        images: Images with their labels.
        truth: Labelled instances of each image.
        answers: Everything that each image could have been labelled as; empty for a real data set.
        least_pixels: Least area of an instance, pixels.
        names: Names of the classes.
        plain: Detections of the first Mask R-CNN in each image.
        samples: For each image, the first latent model's answer with the prior's mean, then its samples.
        table_1: Statistics of Table I by row, one for each training.
        table_3: Statistics of Table III by row, one for each training.
    """

    images: LabelledImages
    truth: list[Instances]
    answers: list[Answers]
    least_pixels: int
    names: tuple[str, ...]
    plain: list[Instances]
    samples: FoundFile
    table_1: dict[str, list[Statistic]]
    table_3: dict[str, list[Statistic]]


def read_results(
    name: str,
    config: ObjectsConfig | AisleSetConfig,
    rows: Mapping[str, Row],
    made: Path,
    trained: Path,
    predict: PredictConfig,
    seed: int,
) -> SetResults:
    """Reads and judges what a family of trainings found.

    Args:
        name: Name of the data set, with which column names begin.
        config: Settings of the data set.
        rows: Rows of the family by name: one plain, one latent, trained equally often.
        made: Folder of the data set, if it is simulated.
        trained: Folder of the family's results.
        predict: How predictions are made from samples.
        seed: Seed of the first training.

    Raises:
        InputError: The rows are others, or a file is missing.
    """
    plain, latent = _pair(rows)
    images = open_split(config, made, "test")
    truth, size = [images.instances(k) for k in range(len(images))], images.images.shape[1:3]
    every = []
    for number in range(seed, seed + rows[plain].seeds):
        found = read_found(trained / f"{plain}-{number}.parquet", len(images), 1, size)
        samples = read_found(trained / f"{latent}-{number}.parquet", len(images), 1 + predict.samples, size)
        every.append(([own[0] for own in found], samples))
    judged = [judge_set(name, found, samples, truth, predict) for found, samples in every]
    return SetResults(
        images,
        truth,
        read_answers(made / "test-answers.npz") if config.real is None else [],
        config.labels.least_pixels,
        class_names(config, made),
        *every[0],
        *(_listed([getattr(one, table) for one in judged]) for table in ("table_1", "table_3")),
    )


def _pair(rows: Mapping[str, Row]) -> tuple[str, str]:
    """The names of the plain and of the latent row."""
    named = {row.model: name for name, row in rows.items()}
    if len(rows) != 2 or set(named) != {"plain", "latent"} or len({row.seeds for row in rows.values()}) != 1:
        raise InputError(f"rows: expected one plain and one latent, trained equally often, got {', '.join(rows)}")
    return named["plain"], named["latent"]


def _listed(tables: Sequence[Mapping[str, Statistic]]) -> dict[str, list[Statistic]]:
    return {row: [table[row] for table in tables] for row in tables[0]}
