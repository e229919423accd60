import dataclasses
from pathlib import Path

import pytest

from graspbook.pipeline.params import load_params
from tests.mlgsl.worlds import STANDARD

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("profile", ["quick", "standard", "paper"])
def test_every_profile_is_complete(profile):
    assert load_params(ROOT, profile).mlgsl.trainings["table-1"]["mlgsl-2"].labels == 2


def test_every_row_of_the_papers_tables_that_is_trained_has_its_title():
    from graspbook.papers import load_paper

    titles = {row.title for rows in STANDARD.trainings.values() for row in rows.values()}
    for name in ("table_1", "figure_4", "figure_6", "images", "attention", "encoding", "clutter"):
        assert set(load_paper("mlgsl").tables[name].rows) <= titles, name


def changed(**rows):
    family = {name: dataclasses.replace(STANDARD.trainings["table-1"]["mlgsl-16"], **row) for name, row in rows.items()}
    return dataclasses.replace(STANDARD, trainings={"table-1": family})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"a": {"images": 10**6}}, "trainings.table-1.a.images is 1000000, but data.n_train"),
        ({"a": {"labels": 99}}, "labels is 99, but data.train_labels is 16"),
        ({"A b": {}}, "becomes a file's name"),
    ],
)
def test_what_cannot_work_is_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        changed(**rows)


def test_a_row_has_one_name_in_the_book():
    row = STANDARD.trainings["table-1"]["mlgsl-16"]
    with pytest.raises(ValueError, match="another family has a row of this name"):
        dataclasses.replace(STANDARD, trainings={"one": {"a": row}, "two": {"a": row}})


def test_sections_check_themselves():
    with pytest.raises(ValueError, match="pool_after"):
        dataclasses.replace(STANDARD.network, pool_after=(3, 1))
    with pytest.raises(ValueError, match="below least_labels"):
        dataclasses.replace(STANDARD.data, train_labels=3)
    with pytest.raises(ValueError, match="min_objects"):
        dataclasses.replace(STANDARD.clutter, min_objects=9)
    with pytest.raises(ValueError, match="max_mass"):
        dataclasses.replace(STANDARD.world.objects, max_mass=0.01)
    with pytest.raises(ValueError, match=r"beyond.labels: 99 of the 16 that there are"):
        dataclasses.replace(STANDARD, beyond=dataclasses.replace(STANDARD.beyond, labels=[2, 99]))
    with pytest.raises(ValueError, match="pad is"):
        dataclasses.replace(STANDARD.world.gripper, pad=0.2)
