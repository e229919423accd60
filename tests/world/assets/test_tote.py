from dataclasses import replace

import numpy as np

from graspbook.world.assets import tote
from tests.conftest import standard

DIALS = standard("selfsup").world.dials


def test_every_part_faces_the_inside_or_the_camera():
    quads = tote.quads()
    assert quads.shape == (tote.N_PARTS, 4, 3)
    normals = np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    np.testing.assert_allclose(normals[[0, 1, 6, 7, 8, 9]], np.tile([0, 0, 1], (6, 1)), atol=1e-6)
    np.testing.assert_allclose(normals[2:6, :2].round(1), [[0, 1], [-1, 0], [0, -1], [1, 0]])
    # tapered walls can be seen from above
    assert (normals[2:6, 2] > 0.1).all()


def test_contains_follows_the_taper():
    half_x, half_y = tote.half_extent(tote.HEIGHT)
    assert half_x == tote.LENGTH / 2 + tote.TAPER
    points = [
        (0, 0, 0.01),
        (half_x - 1e-6, 0, tote.HEIGHT),
        (half_x - 1e-6, 0, 0.0),
        (0, half_y + 1e-6, 1.0),
        (0, 0, -0.1),
    ]
    np.testing.assert_array_equal(tote.contains(points), [True, True, False, False, False])
    assert tote.contains((0, half_y + 0.01, 1.0), margin=0.02)


def test_the_reflectance_dial_sets_the_mean_and_off_is_matt():
    rng = np.random.default_rng(0)
    drawn = [tote.draw_tote(rng, replace(DIALS, wall_reflectance=0.4)).wall_reflectance for _ in range(400)]
    assert abs(np.mean(drawn) - 0.4) < 0.02
    matt = tote.draw_tote(rng, replace(DIALS, wall_reflectance=0))
    assert matt.wall_reflectance == matt.floor_reflectance == 0
