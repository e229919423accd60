import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.grippers.suction.gripper import SuctionGripper, cup_pixels, footprints, frames, sample, surface
from graspbook.world.grippers.suction.seal import (
    CUP_RADIUS,
    CUPS,
    FORCE,
    MAX_RESIDUAL,
    N_RIM,
    SPREAD,
    STROKE,
    fit_lip,
    press,
    read_gauges,
)
from graspbook.world.render.camera import draw_camera, look_down


def test_cups_lie_in_a_cross_that_does_not_overlap():
    gaps = np.linalg.norm(CUPS[:, None] - CUPS[None], axis=-1)[np.triu_indices(5, 1)]
    assert CUPS.shape == (5, 3) and gaps.min() == pytest.approx(SPREAD) and gaps.min() > 2 * CUP_RADIUS


def test_all_cups_seal_perfectly_on_a_large_flat_top(box_item, rays_of, straight_down):
    contact = press(straight_down(0, 0, 0.05), rays_of({3: (box_item(0.12, 0.12, 0.05), (0, 0, 0.025))}))
    assert contact.sealed.all() and (contact.object_ids == 3).all() and contact.grasped_id == 3
    np.testing.assert_allclose(contact.quality, 1, atol=1e-3)
    np.testing.assert_allclose(contact.centres, CUPS + np.array([0, 0, 0.05]), atol=1e-6)


@pytest.mark.parametrize("error", [-0.03, 0.0, 0.04])
def test_the_tool_stops_at_the_surface_wherever_the_plan_expected_it(box_item, rays_of, straight_down, error):
    scene = rays_of({3: (box_item(0.12, 0.12, 0.05), (0, 0, 0.025))})
    contact = press(straight_down(0, 0, 0.05 + error), scene)
    assert contact.sealed.all()
    np.testing.assert_allclose(contact.centres[:, 2], 0.05, atol=1e-6)


def test_only_the_cups_over_a_narrow_box_seal(box_item, rays_of, straight_down):
    contact = press(straight_down(0, 0, 0.05), rays_of({3: (box_item(0.12, 0.03, 0.05), (0, 0, 0.025))}))
    assert contact.sealed.tolist() == [True, True, False, True, False]
    assert contact.grasped_id == 3


def test_a_cup_over_an_edge_leaks(box_item, rays_of, straight_down):
    box = box_item(0.2, 0.2, 0.05)
    inside = press(straight_down(0.1 - CUP_RADIUS - 1e-3, 0, 0.05), rays_of({3: (box, (0, 0, 0.025))}))
    over = press(straight_down(0.1 - CUP_RADIUS + 1e-3, 0, 0.05), rays_of({3: (box, (0, 0, 0.025))}))
    assert inside.sealed[0] and not over.sealed[0]


@pytest.mark.slow
@pytest.mark.parametrize(("radius", "seals"), [(0.06, True), (0.03, True), (0.0125, False)])
def test_the_middle_cup_seals_on_a_ball_unless_it_is_small(ball_item, rays_of, straight_down, radius, seals):
    contact = press(straight_down(0, 0, 2 * radius), rays_of({3: (ball_item(radius), (0, 0, radius))}))
    assert contact.sealed[0] == seals and contact.quality[0] >= contact.quality.max()
    assert contact.grasped_id == 3, "touched, even if no cup seals"


@pytest.mark.slow
def test_a_cup_beside_the_pole_of_a_ball_is_tilted_and_holds_less(ball_item, rays_of, straight_down):
    scene = rays_of({3: (ball_item(0.06), (0, 0, 0.06))})
    quality = [press(straight_down(x, 0, 0.12), scene).quality[0] for x in (0.0, 0.01, 0.02, 0.035)]
    assert quality[0] > quality[1] > quality[2] > quality[3] == 0


def test_a_cup_across_two_items_leaks_but_cups_on_each_seal(box_item, rays_of, straight_down):
    box = box_item(0.1, 0.1, 0.05)
    scene = rays_of({3: (box, (-0.05, 0, 0.025)), 4: (box, (0.05, 0, 0.025))})
    contact = press(straight_down(0, 0, 0.05), scene)
    assert contact.sealed.tolist() == [False, True, False, True, False]
    assert contact.object_ids[[1, 3]].tolist() == [4, 3] and contact.grasped_id == 4


def test_the_floor_is_touched_but_never_sealed_on(rays_of, straight_down):
    contact = press(straight_down(0, 0, 0), rays_of({}))
    assert contact.touching.all() and not contact.sealed.any() and contact.grasped_id == 0


@pytest.mark.parametrize(("step", "reached"), [(STROKE - 1e-3, True), (STROKE + 1e-3, False)])
def test_cups_reach_only_as_far_as_their_bellows_give(box_item, rays_of, straight_down, step, reached):
    low, high = box_item(0.1, 0.2, 0.05), box_item(0.1, 0.2, 0.05 + step)
    scene = rays_of({3: (low, (-0.05, 0, 0.025)), 4: (high, (0.05, 0, (0.05 + step) / 2))})
    contact = press(straight_down(0, 0, 0.05), scene)
    assert contact.sealed[1] and contact.sealed[3] == reached


def test_something_high_under_one_cup_keeps_the_others_off(box_item, rays_of, straight_down):
    plate, post = box_item(0.2, 0.2, 0.02), box_item(0.01, 0.01, 0.08)
    contact = press(straight_down(0, 0, 0.02), rays_of({3: (plate, (0, 0, 0.01)), 4: (post, (SPREAD, 0, 0.04))}))
    assert not contact.sealed.any() and contact.touching.tolist() == [False, True, False, False, False]


def test_the_lip_fit_equals_least_squares():
    rng = np.random.default_rng(0)
    heights = rng.normal(0, 0.003, (20, N_RIM))
    angles = np.arange(N_RIM) * 2 * np.pi / N_RIM
    columns = np.stack([np.ones(N_RIM), CUP_RADIUS * np.cos(angles), CUP_RADIUS * np.sin(angles)], 1)
    for row, *got in zip(heights, *fit_lip(heights), strict=True):
        solution = np.linalg.lstsq(columns, row, rcond=None)[0]
        naive = [*solution, np.abs(columns @ solution - row).max()]
        np.testing.assert_allclose(got, naive, atol=1e-12)


def test_a_tilted_plane_has_no_residual_and_a_saddle_has_no_slope():
    angles = np.arange(N_RIM) * 2 * np.pi / N_RIM
    _, slope_x, slope_y, residual = fit_lip(0.01 + 0.3 * CUP_RADIUS * np.cos(angles))
    assert (slope_x, slope_y, residual) == pytest.approx((0.3, 0, 0), abs=1e-12)
    _, slope_x, slope_y, residual = fit_lip(2 * MAX_RESIDUAL * np.cos(2 * angles))
    assert (slope_x, slope_y, residual) == pytest.approx((0, 0, 2 * MAX_RESIDUAL), abs=1e-12)


def test_gauges_tell_sealed_cups_from_leaking_ones(box_item, rays_of, straight_down):
    contact = press(straight_down(0, 0, 0.05), rays_of({3: (box_item(0.12, 0.03, 0.05), (0, 0, 0.025))}))
    readings = np.stack([read_gauges(contact, np.random.default_rng(k)) for k in range(200)])
    assert readings.dtype == np.float32
    assert (readings[:, contact.sealed] < -50).all() and (readings[:, ~contact.sealed] > -25).all()


def test_a_sealed_cup_holds_what_vacuum_times_area_says():
    assert pytest.approx(60e3 * np.pi * 0.012**2) == FORCE


# ------------------------------------------------------------------------------------------------ planning


def _look(scene, camera, rng=None):
    hits = scene.cast(*camera.rays())
    shape = camera.height, camera.width
    depth = np.where(hits.geom >= 0, hits.t, 0).reshape(shape).astype(np.float32)
    if rng is not None:
        depth += rng.normal(0, 8e-4, shape).astype(np.float32)
        depth[rng.random(shape) < 0.05] = 0
    return depth, scene.object_at(hits).reshape(shape)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("height", [64, 128])
def test_the_plan_lands_all_cups_on_a_large_flat_item(box_item, rays_of, noisy, height):
    rng = np.random.default_rng(1)
    scene = rays_of({3: (box_item(0.14, 0.12, 0.05), (0.1, -0.05, 0.025))})
    camera = draw_camera(rng, height)
    depth, ids = _look(scene, camera, rng if noisy else None)
    plan = SuctionGripper().plan(depth, camera, ids == 3, rng)
    assert plan.n_cups == 5
    assert press(plan.pose, scene).sealed.all()


def test_the_plan_turns_the_cross_along_a_narrow_item(box_item):
    from graspbook.world.render.rays import RayScene

    turn = np.radians(45)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    scene = RayScene({3: box_item(0.13, 0.045, 0.05)}, {3: (rotation, np.array([0, 0, 0.025]))})
    camera = look_down(256)
    depth, ids = _look(scene, camera)
    plan = SuctionGripper(n_points=64).plan(depth, camera, ids == 3, np.random.default_rng(0))
    contact = press(plan.pose, scene)
    assert plan.n_cups == 3 and contact.sealed.sum() == 3
    assert np.ptp(contact.centres[contact.sealed, 1]) > 0.03, "three in a row along the diagonal"


def test_the_plan_keeps_cups_off_what_stands_in_the_way(box_item, rays_of):
    """A tall neighbour outside the mask stops the tool; a plan that ignored it would hold nothing."""
    scene = rays_of({3: (box_item(0.12, 0.12, 0.02), (0, 0, 0.01)), 4: (box_item(0.03, 0.12, 0.09), (0.02, 0, 0.045))})
    camera = look_down(128)
    depth, ids = _look(scene, camera)
    plan = SuctionGripper().plan(depth, camera, ids == 3, np.random.default_rng(0))
    assert press(plan.pose, scene).sealed.any()


def test_no_depth_in_the_mask_gives_no_plan():
    camera = look_down(32)
    depth, mask = np.zeros((32, 48), np.float32), np.zeros((32, 48), bool)
    gripper, rng = SuctionGripper(), np.random.default_rng(0)
    assert gripper.plan(depth + 1, camera, mask, rng) is None
    assert gripper.plan(depth, camera, ~mask, rng) is None


def test_a_mask_of_one_pixel_at_the_border_can_be_planned_for():
    camera = look_down(32)
    depth, mask = np.ones((32, 48), np.float32), np.zeros((32, 48), bool)
    mask[0, 47] = True
    plan = SuctionGripper().plan(depth, camera, mask, np.random.default_rng(0))
    assert plan.n_cups == 0 and np.isfinite(plan.pose.rotation).all()


def test_depth_and_mask_must_match():
    with pytest.raises(InputError, match="mask"):
        SuctionGripper().plan(
            np.ones((4, 6), np.float32), look_down(4), np.ones((4, 5), bool), np.random.default_rng(0)
        )
    with pytest.raises(InputError, match="n_points"):
        SuctionGripper(n_points=0)


def test_planning_is_decided_by_the_generator(box_item, rays_of):
    camera = look_down(64)
    depth, ids = _look(rays_of({3: (box_item(0.1, 0.06, 0.05), (0, 0, 0.025))}), camera)
    one, two = (SuctionGripper().plan(depth, camera, ids == 3, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.pose.rotation, two.pose.rotation)
    np.testing.assert_array_equal(one.pose.position, two.pose.position)


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_the_fitted_normal_is_the_surface_s(slope):
    """Depth of the plane z = slope * x, seen by a tilted camera."""
    camera = draw_camera(np.random.default_rng(2), 128)
    origins, directions = (a.astype(float) for a in camera.rays())
    depth = (slope * origins[:, 0] - origins[:, 2]) / (directions[:, 2] - slope * directions[:, 0])
    depth = depth.reshape(128, 192).astype(np.float32)
    pixels = np.array([[64, 96], [30, 50], [100, 150]])
    points, normals = surface(pixels, depth, np.ones((128, 192), bool), camera)
    expected = np.array([-slope, 0, 1]) / np.hypot(slope, 1)
    np.testing.assert_allclose(normals, np.tile(expected, (3, 1)), atol=2e-3)
    np.testing.assert_allclose(points[:, 2], slope * points[:, 0], atol=1e-3)


def test_frames_are_rotations_with_the_normal_as_third_column():
    rng = np.random.default_rng(0)
    normals = np.array([(0, 0, 1.0), *rng.normal(size=(5, 3)) * (0.3, 0.3, 0) + (0, 0, 1)])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    rotations = frames(normals, np.array([0.0, 0.4, 1.2]))
    assert rotations.shape == (6, 3, 3, 3)
    np.testing.assert_allclose(
        rotations @ rotations.swapaxes(-1, -2), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    np.testing.assert_allclose(rotations[:, 1, :, 2], normals)


def test_sampling_outside_the_image_sees_nothing():
    depth, mask = np.full((4, 6), 2.0, np.float32), np.ones((4, 6), bool)
    uv = np.array([[0, 0], [5.4, 3.4], [-1, 0], [0, 4], [6, 0], [2, -0.6]])
    seen, inside = sample(uv, depth, mask)
    assert seen.tolist() == [2, 2, 0, 0, 0, 0] and inside.tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize("height", [128, 320])
def test_footprints_are_the_pixels_whose_rays_meet_the_lip_s_disc(box_item, rays_of, straight_down, height):
    scene = rays_of({3: (box_item(0.12, 0.12, 0.05), (0.05, 0, 0.025))})
    camera = draw_camera(np.random.default_rng(0), height)
    pose = straight_down(0.05, 0.01, 0.05, turn=0.3)
    contact = press(pose, scene)
    masks = footprints(contact, pose, camera)
    origins, directions = (a.astype(float) for a in camera.rays())
    for cup in range(5):
        at = origins + directions * ((0.05 - origins[:, 2]) / directions[:, 2])[:, None]
        naive = (np.linalg.norm(at - contact.centres[cup], axis=1) <= CUP_RADIUS).reshape(masks.shape[1:])
        assert (masks[cup] != naive).sum() <= 2, "float32 rays may differ at the very border"
        u, v = np.rint(cup_pixels(contact, camera)[cup]).astype(int)
        assert masks[cup, v, u]
    assert masks.sum(axis=0).max() == 1, "cups do not overlap"


def test_cups_outside_the_image_have_no_footprint(straight_down, rays_of):
    camera, pose = look_down(32), straight_down(5.0, 0, 0)
    contact = press(pose, rays_of({}))
    assert not footprints(contact, pose, camera).any()


@pytest.mark.parametrize(("tilts", "offsets", "best"), [((20, 0), (1, 1), 1), ((0, 20), (1, 1), 0)])
def test_among_grasps_of_as_many_cups_the_level_one_is_taken(monkeypatch, tilts, offsets, best):
    lean = np.radians(tilts)
    normals = np.stack([np.sin(lean), 0 * lean, np.cos(lean)], 1)
    points = np.array([[-0.01 * offsets[0], 0, 0], [0.01 * offsets[1], 0, 0]])
    monkeypatch.setattr("graspbook.world.grippers.suction.gripper.surface", lambda *_: (points, normals))
    gripper = SuctionGripper(n_points=2, n_turns=1)
    monkeypatch.setattr(gripper, "_count", lambda *_: np.full((2, 1), 3))
    plan = gripper.plan(np.ones((4, 6)), look_down(4), np.ones((4, 6), bool), np.random.default_rng(0))
    np.testing.assert_array_equal(plan.pose.position, points[best])
    np.testing.assert_allclose(plan.pose.rotation[:, 2], normals[best])
