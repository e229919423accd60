import dataclasses

import pytest

from graspbook.core.errors import InputError
from graspbook.pipeline.params import read_sections
from graspbook.world.config import DIAL_RANGES, Dials
from tests.conftest import standard

WORLD = standard("selfsup").world


def test_images_are_half_as_wide_again_as_high():
    assert dataclasses.replace(WORLD, height=64).width == 96


@pytest.mark.parametrize(
    ("dials", "changes", "name"),
    [
        ({}, {"heigth": 64}, "world.heigth"),
        ({"cluttr": 5}, {}, "world.dials.cluttr"),
        ({}, {"dials": 3}, "world.dials"),
        ({"clutter": "5"}, {}, "dials.clutter"),
        ({"occlusion": 1.5}, {}, "dials.occlusion"),
        ({"clutter": -1.0}, {}, "dials.clutter"),
        ({"neighbour_movement": 6.0}, {}, "dials.neighbour_movement"),
        ({"light_flicker": float("nan")}, {}, "dials.light_flicker"),
        ({}, {"height": 12.5}, "height"),
        ({}, {"height": 16}, "height"),
        ({}, {"samples": 0}, "samples"),
        ({}, {"height": True}, "height"),
    ],
)
def test_a_wrong_value_is_refused_by_name(dials, changes, name):
    values = dataclasses.asdict(WORLD)
    values["dials"] |= dials
    with pytest.raises(InputError, match=name):
        read_sections("selfsup", {"world": values | changes})


def test_every_dial_has_five_rising_legal_levels():
    assert set(DIAL_RANGES) == {field.name for field in dataclasses.fields(Dials)}
    for name, levels in DIAL_RANGES.items():
        assert len(levels) == 5
        assert list(levels) == sorted(set(levels))
        for level in levels:
            values = dataclasses.asdict(WORLD)
            values["dials"][name] = level
            read_sections("selfsup", {"world": values})
        assert levels[0] <= getattr(WORLD.dials, name) <= levels[-1]
