import dataclasses

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


@pytest.mark.parametrize("change", [{"strong": 0.5}, {"levels": (0.7, 0.2)}, {"levels": (0.2, 0.2, 0.7)}])
def test_walls_mirror_more_and_more_and_robots_pick_at_one_of_the_settings(change):
    with pytest.raises(ValueError, match=r"levels: expected rising numbers with strong, .*, among them"):
        dataclasses.replace(SELFSUP.mirrors, **change)
