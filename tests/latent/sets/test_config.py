import dataclasses

import pytest

from graspbook.latent.config import Row
from tests.latent.worlds import STANDARD


def with_row(name, **changes):
    row = Row(title="x", model="plain", seeds=1, **changes)
    return dataclasses.replace(STANDARD.sets, trainings={"family": {name: row}})


def test_rows_on_the_real_apparel_need_it():
    with pytest.raises(ValueError, match=r"sets.trainings.family.plain-5k.data: 'apparel' .* give apparel_5k.real"):
        dataclasses.replace(STANDARD, sets=with_row("plain-5k"))


def test_names_of_rows_are_those_of_files():
    with pytest.raises(ValueError, match="another family has a row of this name"):
        dataclasses.replace(STANDARD, sets=with_row("mask-rcnn", data="aisle"))
    with pytest.raises(ValueError, match="becomes a file's name"):
        with_row("A b", data="aisle")


def test_only_coins_of_apparel_are_drawn_anew():
    with pytest.raises(ValueError, match=r"family.a.agreement"):
        with_row("a", data="aisle", agreement=0.5)


def test_a_drive_gives_one_picture():
    world = dataclasses.replace(STANDARD.aisle.world, frames=2)
    with pytest.raises(ValueError, match=r"world.frames"):
        dataclasses.replace(STANDARD.aisle, world=world)


def test_a_family_is_about_one_data_set():
    rows = {name: Row(title="x", model="plain", seeds=1, data=name) for name in ("aisle", "objects")}
    with pytest.raises(ValueError, match=r"trainings.both: expected rows of one data set"):
        dataclasses.replace(STANDARD.sets, trainings={"both": rows})


def test_a_set_is_large_enough_to_calibrate_on():
    with pytest.raises(ValueError, match=r"sets.trainings.objects.objects-mask-rcnn: calibrated on 160 images"):
        dataclasses.replace(STANDARD, objects=dataclasses.replace(STANDARD.objects, n_train=100))
