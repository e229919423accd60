import dataclasses

import numpy as np
import pytest

from graspbook.mlgsl.maps import best_grasps, quality, to_input


def test_the_table_comes_to_lie_at_zero_wherever_the_camera_is():
    depth = np.full((2, 8, 8), 0.6, np.float32)
    depth[1] += 0.1
    depth[:, 2, 3] -= 0.05
    seen = to_input(depth)
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-5)
    assert seen[0, 0, 0] == 0
    assert seen[0, 2, 3] == pytest.approx(0.5, abs=1e-5)


def test_a_likelihood_becomes_a_quality_by_the_largest_one():
    q = np.log(np.array([[[0.1, 0.2], [0.4, 0.3]]])) + 5
    np.testing.assert_allclose(quality(q, "mlgsl"), [[[0.25, 0.5], [1, 0.75]]])
    np.testing.assert_allclose(quality(np.array([[[-1.0, 0.3, 2.0]]]), "imgmse"), [[[0, 0.3, 1]]])
    assert quality(np.zeros((1, 2, 2)), "imgbce").tolist() == [[[0.5, 0.5], [0.5, 0.5]]]


def test_the_best_grasps_lie_apart_and_have_angle_and_opening_of_their_pixels(metrics):
    maps = np.zeros((4, 80, 80), np.float32)
    maps[2] = 1
    maps[0, 20, 30], maps[0, 20, 32], maps[0, 60, 10] = 9, 8, 7
    maps[1:3, 20, 30] = np.sin(2 * 1.2), np.cos(2 * 1.2)
    maps[3, 20, 30] = 0.5
    grasps, score = best_grasps(maps, "imgmse", 2, metrics)
    np.testing.assert_allclose(grasps[0], [30, 20, 1.2, 20], atol=1e-5)
    np.testing.assert_array_equal(grasps[1, :2], [10, 60])
    assert score[0] >= score[1]


def test_an_image_too_small_for_more_gives_fewer(metrics):
    maps = np.zeros((4, 8, 8), np.float32)
    assert 1 <= len(best_grasps(maps, "mlgsl", 500, metrics)[0]) <= 64


def test_the_distance_between_the_best_grasps_grows_with_the_image(metrics):
    maps = np.zeros((4, 160, 160), np.float32)
    maps[0, 80, 80], maps[0, 80, 88], maps[0, 80, 92] = 9, 8, 7  # the nearest one within 5 pixels of 80
    grasps, _ = best_grasps(maps, "imgmse", 2, dataclasses.replace(metrics, blur=0.0, apart=5.0))
    assert grasps[:, 0].tolist() == [80, 92]


def test_the_blur_grows_with_the_image_and_the_quality_is_that_of_the_blurred_map(metrics):
    """A wide plateau beats a narrow peak once both are blurred; as much in an image of twice the size."""
    blurred = dataclasses.replace(metrics, blur=1.0, apart=5.0)
    small = np.zeros((4, 80, 80), np.float32)
    small[0, 20, 20], small[0, 58:63, 58:63] = 1.0, 0.5
    large = small.repeat(2, 1).repeat(2, 2)
    for maps, where in ((small, 60), (large, 120)):
        grasps, score = best_grasps(maps, "imgmse", 1, blurred)
        assert np.abs(grasps[0, :2] - where).max() <= 1 and score[0] < 0.5
    sharp, score = best_grasps(small, "imgmse", 1, dataclasses.replace(blurred, blur=0.0))
    assert sharp[0, :2].tolist() == [20, 20] and score[0] == 1


def test_images_have_tables_of_their_own():
    depth = np.full((2, 8, 8), 0.6, np.float32)
    depth[1] += 0.3
    depth[:, 2, 3] -= 0.05
    np.testing.assert_allclose(to_input(depth)[:, 0, 0], 0, atol=1e-6)
