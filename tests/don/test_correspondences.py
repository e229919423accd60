import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.don.correspondences import View, draw_matches, map_pixels
from graspbook.world.render.camera import Camera

TOLERANCE = 0.005
SPHERE, RADIUS = np.array([0.02, -0.01, 0.1]), 0.08


def camera(eye, towards=(0.0, 0.0, 0.05), height=60, width=80):
    forward = np.subtract(towards, eye)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.1, 1.0, 0.0))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(forward, right), forward, eye], 1)
    return Camera(90.0, 95.0, 41.0, 28.5, pose, height, width)


def plane(camera):
    """Depth of the plane z = 0."""
    origins, directions = camera.rays()
    return (-origins[:, 2] / directions[:, 2]).reshape(camera.height, camera.width).astype(np.float32)


def sphere(camera):
    """Depth of a sphere; 0 beside it."""
    origins, directions = (rays.astype(float) for rays in camera.rays())
    a, b = (directions**2).sum(1), ((origins - SPHERE) * directions).sum(1)
    inside = b**2 - a * (((origins - SPHERE) ** 2).sum(1) - RADIUS**2)
    depth = np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, 0)
    return depth.reshape(camera.height, camera.width).astype(np.float32)


def view(camera, depth):
    return View(np.zeros((*depth.shape, 3), np.uint8), depth, camera)


A, B = camera((0.1, -0.3, 0.5)), camera((-0.25, -0.2, 0.45), height=50, width=64)


@pytest.mark.slow
@pytest.mark.parametrize("surface", [plane, sphere])
def test_matches_reproject_to_the_same_point_of_an_analytic_surface(surface):
    a, b = view(A, surface(A)), view(B, surface(B))
    uv, seen = map_pixels(a, b, TOLERANCE)
    assert 200 < seen.sum() < seen.size
    rows, columns = np.nonzero(seen)
    for row, column in list(zip(rows, columns, strict=True))[::37]:
        point = A.backproject([column, row], a.depth[row, column])
        if surface is plane:
            assert abs(point[2]) < 1e-5
        else:
            assert abs(np.linalg.norm(point - SPHERE) - RADIUS) < 1e-5
        expected, _ = B.project(point)
        assert np.abs(uv[row, column] - expected).max() < 0.05


def test_points_on_the_far_side_of_a_sphere_are_hidden():
    a, b = view(A, sphere(A)), view(B, sphere(B))
    _, seen = map_pixels(a, b, TOLERANCE)
    grid = np.stack(np.meshgrid(np.arange(A.width), np.arange(A.height)), -1)
    normal = A.backproject(grid, a.depth) - SPHERE
    facing = ((B.centre - A.backproject(grid, a.depth)) * normal).sum(-1) > 0
    on_sphere = a.depth > 0
    assert not (seen & ~facing & on_sphere).sum() > 0.02 * seen.sum()
    assert (on_sphere & ~facing).sum() > 50


def test_pixels_without_depth_in_either_view_have_no_match():
    a, b = view(A, plane(A)), view(B, plane(B))
    _, seen = map_pixels(a, b, TOLERANCE)
    hole = a.depth.copy()
    hole[20:30] = 0
    _, fewer = map_pixels(view(A, hole), b, TOLERANCE)
    assert not fewer[20:30].any() and (fewer == seen)[np.r_[0:20, 30:60]].all()
    empty = np.zeros_like(b.depth)
    assert not map_pixels(a, view(B, empty), TOLERANCE)[1].any()


def test_what_lies_behind_the_other_camera_or_outside_its_picture_has_no_match():
    a = view(A, plane(A))
    behind = camera((0.1, -0.3, 0.5), towards=(0.1, -0.3, 5.0))
    uv, seen = map_pixels(a, view(behind, np.full((60, 80), 0.5, np.float32)), 100.0)
    assert not seen.any() and np.isfinite(uv).all()
    uv, seen = map_pixels(a, view(B, plane(B)), TOLERANCE)
    assert (np.rint(uv[seen]) >= 0).all() and (np.rint(uv[seen]) < (64, 50)).all()


def test_a_view_maps_to_itself():
    a = view(A, sphere(A))
    uv, seen = map_pixels(a, a, TOLERANCE)
    assert (seen == (a.depth > 0)).all()
    rows, columns = np.nonzero(seen)
    assert np.abs(uv[seen] - np.stack([columns, rows], 1)).max() < 1e-3


def test_matches_are_drawn_from_the_mask_alone_and_again_where_there_are_few():
    uv = np.random.default_rng(0).random((4, 5, 2)).astype(np.float32)
    seen = np.zeros((4, 5), bool)
    seen[1, 3] = seen[2, 0] = seen[3, 4] = True
    first, second = draw_matches(uv, seen, 3, np.random.default_rng(1))
    assert {tuple(pixel) for pixel in first.tolist()} == {(3, 1), (0, 2), (4, 3)}
    for (u, v), there in zip(first.astype(int), second, strict=True):
        assert (uv[v, u] == there).all()
    many, _ = draw_matches(uv, seen, 50, np.random.default_rng(1))
    assert len(many) == 50 and {tuple(pixel) for pixel in many.tolist()} == {(3, 1), (0, 2), (4, 3)}


def test_views_without_a_common_point_and_pictures_of_another_size_are_refused():
    with pytest.raises(InputError, match="no point in common"):
        draw_matches(np.zeros((2, 2, 2), np.float32), np.zeros((2, 2), bool), 4, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"depth: .* but the camera's are"):
        View(np.zeros((60, 80, 3), np.uint8), np.zeros((59, 80), np.float32), A)


def test_a_point_seen_by_the_outer_half_of_a_rim_pixel_is_inside():
    depth, image = np.full((6, 8), 0.5, np.float32), np.zeros((6, 8, 3), np.uint8)
    for shift, first in ((-0.3, True), (-0.7, False)):
        views = [View(image, depth, Camera(50.0, 50.0, 3.5 + s, 2.5, np.eye(4), 6, 8)) for s in (0, shift)]
        uv, seen = map_pixels(*views, 0.01)
        assert seen[:, 1:].all() and (seen[:, 0] == first).all()
        np.testing.assert_allclose(uv[0, 1], (1 + shift, 0), atol=1e-5)
