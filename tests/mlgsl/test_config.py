import dataclasses

import pytest

from tests.mlgsl.worlds import STANDARD


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
