import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.world.assets.tote import Tote
from graspbook.world.render.sensor import DEPTH_STEP, EDGE, measure_depth, photograph
from tests.conftest import standard

DIALS = standard("selfsup").world.dials


@pytest.fixture
def layers(renderer, make_scene):
    return renderer.render(make_scene(seed=1, height=64), samples=1)


def test_flicker_changes_the_picture_but_no_mask(layers):
    before = copy.deepcopy([layers.ambient, layers.direct, layers.ids, layers.depth])
    calm, wild = (
        [photograph(layers, np.random.default_rng(s), replace(DIALS, light_flicker=f)).astype(float) for s in range(8)]
        for f in (0.0, 0.4)
    )
    for kept, now in zip(before, [layers.ambient, layers.direct, layers.ids, layers.depth], strict=True):
        np.testing.assert_array_equal(kept, now)
    assert np.std([p.mean() for p in calm]) < 0.5
    assert np.std([p.mean() for p in wild]) > 5


def test_photographs_are_reproducible_and_noisy(layers):
    one, two = (photograph(layers, np.random.default_rng(3), DIALS) for _ in range(2))
    assert one.dtype == np.uint8
    assert one.shape == (64, 96, 3)
    np.testing.assert_array_equal(one, two)
    other = photograph(layers, np.random.default_rng(4), replace(DIALS, light_flicker=0))
    again = photograph(layers, np.random.default_rng(5), replace(DIALS, light_flicker=0))
    difference = np.abs(other.astype(int) - again)
    assert 0.3 < difference.mean() < 6


def test_photographs_are_neither_black_nor_burnt_out(layers):
    picture = photograph(layers, np.random.default_rng(0), replace(DIALS, light_flicker=0))
    assert 60 < picture.mean() < 190
    assert (picture == 255).mean() < 0.05


def test_depth_is_quantised_close_and_holey_only_at_edges_and_mirrors(layers):
    measured = measure_depth(layers, np.random.default_rng(0))
    assert measured.dtype == np.float32
    kept = measured > 0
    assert np.abs(measured - layers.depth)[kept].max() < 0.006
    steps = measured[kept] / DEPTH_STEP
    np.testing.assert_allclose(steps, steps.round(), atol=1e-2)
    padded = np.pad(layers.depth, 1, mode="edge")
    around = [padded[1 + dy : 65 + dy, 1 + dx : 97 + dx] for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))]
    edge = np.max([np.abs(a - layers.depth) for a in around], axis=0) > EDGE
    plain = ~edge & (layers.mirror == 0)
    assert kept[plain].all()
    assert 0.2 < (~kept)[edge].mean() < 0.8


def test_shinier_walls_lose_more_depth(renderer, make_scene):
    lost = []
    for reflectance in (0.0, 0.3, 0.6):
        scene = make_scene(n=0, height=64, tote=Tote(wall_reflectance=reflectance, floor_reflectance=0))
        layers = renderer.render(scene, samples=1)
        lost.append((measure_depth(layers, np.random.default_rng(0)) == 0).mean())
    assert lost[0] < lost[1] < lost[2]


def test_the_light_never_jumps_farther_than_four_deviations(layers):
    def taken(deviations):
        rng = SimpleNamespace(
            standard_t=lambda _, size: np.full(size, deviations * np.sqrt(3)),
            standard_normal=lambda shape, dtype: np.zeros(shape, dtype),
        )
        return photograph(layers, rng, replace(DIALS, light_flicker=0.1)).astype(int)

    np.testing.assert_array_equal(taken(4), taken(30))
    np.testing.assert_array_equal(taken(-4), taken(-30))
    assert (taken(4) > taken(3)).any() and (taken(-4) < taken(-3)).any()
