import dataclasses

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


def test_the_unkind_cell_is_the_default_one_with_other_dials():
    default, unkind = (dataclasses.asdict(dials) for dials in (SELFSUP.world.dials, SELFSUP.unkind.dials))
    turned = {name for name in default if default[name] != unkind[name]}
    assert turned == {"wall_reflectance", "light_flicker", "neighbour_movement", "clutter"}
    assert all(unkind[name] > default[name] for name in turned)


@pytest.mark.parametrize("cell", ["unkind", "calibrated"])
def test_each_cell_has_grasps_for_the_largest_model(cell):
    needed = 200 + SELFSUP.train.held_out
    enough = dataclasses.replace(getattr(SELFSUP, cell), n_train=needed)
    dataclasses.replace(SELFSUP, **{cell: enough})
    with pytest.raises(
        ValueError, match=f"{cell}.n_train is {needed - 1}, but the largest of the models needs {needed}"
    ):
        dataclasses.replace(SELFSUP, **{cell: dataclasses.replace(enough, n_train=needed - 1)})


def test_the_calibrated_cell_is_calmer_than_the_unkind_one_before_it_is_upset():
    default, calibrated, unkind = (
        dataclasses.asdict(dials) for dials in (SELFSUP.world.dials, SELFSUP.calibrated.dials, SELFSUP.unkind.dials)
    )
    assert all(default[name] <= calibrated[name] <= unkind[name] for name in default)
    assert calibrated["light_flicker"] == default["light_flicker"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nudge": None}, "ranges: expected exposure_rate, .*, got "),
        ({"mog2": (1.0, 2.0)}, "ranges: expected exposure_rate, .*mog2"),
        ({"nudge": (0.2, 0.1)}, "ranges.nudge: expected two numbers from 0, the lower one first, got 0.2, 0.1"),
        ({"mog": (-1.0, 0.1)}, "ranges.mog: expected two numbers from 0"),
    ],
)
def test_the_search_needs_a_range_for_each_of_its_values(change, message):
    ranges = {name: pair for name, pair in (dict(SELFSUP.calibrated.ranges) | change).items() if pair is not None}
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP.calibrated, ranges=ranges)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"singles": (1, 5)}, "single_share.singles: expected at most segment.batch_size, 4"),
        ({"grasps": SELFSUP.scenes.n_unlabelled + 1}, "single_share.grasps"),
    ],
)
def test_single_objects_must_fit_into_a_batch_and_exist(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, single_share=dataclasses.replace(SELFSUP.single_share, **change))
