import dataclasses

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


def test_the_unkind_cell_is_the_default_one_with_other_dials():
    default, unkind = (dataclasses.asdict(dials) for dials in (SELFSUP.world.dials, SELFSUP.unkind.dials))
    turned = {name for name in default if default[name] != unkind[name]}
    assert turned == {"wall_reflectance", "light_flicker", "neighbour_movement", "clutter"}
    assert all(unkind[name] > default[name] for name in turned)


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
