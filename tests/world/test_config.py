import dataclasses

import pytest

from graspbook.errors import InputError
from graspbook.world.config import DIAL_RANGES, Dials, WorldConfig


def test_a_mapping_builds_a_configuration():
    config = WorldConfig.from_mapping({"height": 64, "dials": {"clutter": 5}})
    assert config == WorldConfig(height=64, dials=Dials(clutter=5))
    assert config.width == 96


@pytest.mark.parametrize(
    ("mapping", "name"),
    [
        ({"heigth": 64}, "world.heigth"),
        ({"dials": {"cluttr": 5}}, "world.dials.cluttr"),
        ({"dials": 3}, "world.dials"),
        ({"dials": {"clutter": "5"}}, "dials.clutter"),
        ({"dials": {"occlusion": 1.5}}, "dials.occlusion"),
        ({"dials": {"light_flicker": float("nan")}}, "dials.light_flicker"),
        ({"height": 12.5}, "height"),
        ({"samples": 0}, "samples"),
        ({"height": True}, "height"),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(mapping, name):
    with pytest.raises(InputError, match=name):
        WorldConfig.from_mapping(mapping)


def test_every_dial_has_five_rising_legal_levels():
    assert set(DIAL_RANGES) == {field.name for field in dataclasses.fields(Dials)}
    for name, levels in DIAL_RANGES.items():
        assert len(levels) == 5
        assert list(levels) == sorted(set(levels))
        for level in levels:
            Dials(**{name: level})
        assert levels[0] <= getattr(Dials(), name) <= levels[-1]
