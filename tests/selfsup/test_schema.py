import dataclasses

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


def test_the_unkind_cell_is_the_default_one_with_other_dials():
    default, unkind = (dataclasses.asdict(dials) for dials in (SELFSUP.world.dials, SELFSUP.unkind.dials))
    turned = {name for name in default if default[name] != unkind[name]}
    assert turned == {"wall_reflectance", "light_flicker", "neighbour_movement", "clutter"}
    assert all(unkind[name] > default[name] for name in turned)


def test_the_unkind_cell_has_grasps_for_the_largest_model():
    needed = 200 + SELFSUP.train.held_out
    enough = dataclasses.replace(SELFSUP.unkind, n_train=needed)
    dataclasses.replace(SELFSUP, unkind=enough)
    with pytest.raises(
        ValueError, match=f"unkind.n_train is {needed - 1}, but the largest of the models needs {needed}"
    ):
        dataclasses.replace(SELFSUP, unkind=dataclasses.replace(enough, n_train=needed - 1))
