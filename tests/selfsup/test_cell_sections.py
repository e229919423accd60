"""What the sections about cells ask of their own values."""

from dataclasses import replace

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


@pytest.mark.parametrize("change", [{"strong": 0.5}, {"levels": (0.7, 0.2)}, {"levels": (0.2, 0.2, 0.7)}])
def test_walls_mirror_more_and_more_and_robots_pick_at_one_of_the_settings(change):
    with pytest.raises(ValueError, match="levels"):
        replace(SELFSUP.mirrors, **change)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"nudge": None}, "ranges"),
        ({"mog2": (1.0, 2.0)}, "mog2"),
        ({"nudge": (0.2, 0.1)}, r"ranges\.nudge"),
        ({"mog": (-1.0, 0.1)}, r"ranges\.mog"),
    ],
)
def test_the_search_needs_a_rising_range_for_each_of_its_values(change, named):
    ranges = {name: pair for name, pair in (dict(SELFSUP.calibrated.ranges) | change).items() if pair is not None}
    with pytest.raises(ValueError, match=named):
        replace(SELFSUP.calibrated, ranges=ranges)
