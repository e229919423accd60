import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import ranked
from graspbook.latent.found_file import write_found
from graspbook.latent.sets.collect import collect_set
from graspbook.latent.sets.results import read_results
from graspbook.latent.sets.truth import instances_if, read_answers
from tests.latent.sets.small import OBJECTS
from tests.latent.worlds import STANDARD

ROWS = STANDARD.sets.trainings["objects"]


@pytest.fixture
def folder(tmp_path):
    """A small set, a Mask R-CNN that repeats the labels, and a latent model whose samples do."""
    collect_set(tmp_path / "made", OBJECTS, 1, tmp_path / "scratch")
    found = []
    for answers in read_answers(tmp_path / "made/test-answers.npz"):
        labels = instances_if(answers, OBJECTS.labels.least_pixels)
        found.append(ranked(labels.masks, labels.classes, np.linspace(0.9, 0.8, len(labels))))
    write_found(tmp_path / "objects-mask-rcnn-1.parquet", [[own] for own in found])
    write_found(tmp_path / "objects-latent-1.parquet", [[own] * (1 + STANDARD.predict.samples) for own in found])
    return tmp_path


def read(folder, rows=ROWS):
    return read_results("objects", OBJECTS, rows, folder / "made", folder, STANDARD.predict, 1)


@pytest.mark.slow
def test_who_repeats_the_labels_is_perfect(folder):
    results = read(folder)
    assert len(results.plain) == len(results.samples) == len(results.answers) == len(results.truth) == OBJECTS.n_test
    for trainings in results.table_1.values():
        values = trainings[0](np.ones((1, OBJECTS.n_test)))
        assert {name: float(value[0]) for name, value in values.items()} == pytest.approx(
            {"objects_mrhp": 100, "objects_ar": 100, "objects_map": 100}
        )
    assert list(results.table_3) == ["MaskRCNN", "Confidence Mask"]


def test_families_of_other_rows_are_refused(folder):
    with pytest.raises(InputError, match="one plain and one latent"):
        read(folder, {"objects-latent": ROWS["objects-latent"]})
    more = {name: dataclasses.replace(row, seeds=1 + (row.model == "plain")) for name, row in ROWS.items()}
    with pytest.raises(InputError, match="trained equally often"):
        read(folder, more)


def test_a_missing_training_is_named(folder):
    (folder / "objects-latent-1.parquet").unlink()
    with pytest.raises(InputError, match=r"objects-latent-1\.parquet"):
        read(folder)
