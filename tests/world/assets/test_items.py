from dataclasses import replace

import numpy as np
import pytest

from graspbook.world.assets.items import draw_item
from tests.conftest import standard

DIALS = standard("selfsup").world.dials


@pytest.mark.parametrize("split", ["train", "test"])
def test_items_take_shape_and_texture_from_their_split(small_catalogue, split):
    rng = np.random.default_rng(0)
    shapes = {shape.name for shape in small_catalogue.shapes(split)}
    textures = set(small_catalogue.textures(split))
    shared = int(small_catalogue.textures(split)[0])
    items = [draw_item(rng, small_catalogue, split, DIALS, shared) for _ in range(60)]
    assert {item.shape.name for item in items} <= shapes
    assert {item.texture for item in items} <= textures
    assert len({item.shape.family for item in items}) == 5
    assert all(0.02 <= item.mass <= 0.5 and 0 < item.friction < 1 for item in items)


@pytest.mark.parametrize(("similarity", "low", "high"), [(0.0, 0, 20), (0.5, 30, 90), (1.0, 100, 100)])
def test_texture_similarity_is_the_share_of_items_in_the_bins_texture(small_catalogue, similarity, low, high):
    rng = np.random.default_rng(1)
    dials = replace(DIALS, texture_similarity=similarity)
    worn = [draw_item(rng, small_catalogue, "train", dials, 7).texture for _ in range(100)]
    assert low <= worn.count(7) <= high


def test_the_same_seed_draws_the_same_item(small_catalogue):
    one, two = (draw_item(np.random.default_rng(3), small_catalogue, "train", DIALS, 1) for _ in range(2))
    assert vars(one) == vars(two)
