from pathlib import Path

import numpy as np
import pytest

from graspbook.don.scenes.objects import KNOWN, in_inks, known_item, with_prints
from graspbook.world.assets.catalogue import Catalogue


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load(Path(__file__).parents[3] / "data")


def test_each_known_object_has_its_own_print_in_its_inks_as_often_as_it_says(catalogue):
    whole, first = with_prints(catalogue)
    for number, known in enumerate(KNOWN, 1):
        item = known_item(whole, first, number)
        expected = in_inks(catalogue.texture_pool[known.print_of], known.ink)
        np.testing.assert_array_equal(whole.texture_pool[item.texture], expected)
        if item.shape.family == "box":
            np.testing.assert_allclose(np.array(item.shape.extent) / item.texture_scale, known.repeats)
    assert {known.repeats for known in KNOWN} == {1, 3}
