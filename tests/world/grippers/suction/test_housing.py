"""Whether the tool has room: the planner's view from the depth image, and the truth."""

import numpy as np
import pytest

from graspbook.world.assets import tote
from graspbook.world.grippers.suction.gripper import SuctionGripper, frames
from graspbook.world.grippers.suction.housing import BELLOWS, MARGIN, RADIUS, clear, collides, disc
from graspbook.world.grippers.suction.seal import STROKE, ToolPose, press
from graspbook.world.render.camera import look_down
from graspbook.world.render.rays import RayScene

CAMERA = look_down(256)
UP = np.array([0.0, 0.0, 1.0])
STAND = BELLOWS - STROKE
"""Height of the body's lower face above a flat top that all cups press on."""


def _depth(rays):
    origins, ways = CAMERA.rays()
    return rays.cast(origins, ways).t.reshape(CAMERA.height, CAMERA.width)


def _truth(rays, pose):
    return collides(pose, press(pose, rays), rays)


def _planned(rays, pose, mask=None, depth=None):
    """Whether the planner, who sees exactly, thinks that a pose has room."""
    depth = _depth(rays) if depth is None else depth
    mask = np.ones(depth.shape, bool) if mask is None else mask
    return clear(depth, CAMERA, mask, pose.position[None], pose.rotation[None, None])[0, 0]


def test_the_disc_is_full_and_round():
    points = disc(0.045, 0.005)
    radii = np.linalg.norm(points, axis=1)
    assert radii.max() == pytest.approx(0.045) and (points[:, 2] == 0).all()
    spots = np.random.default_rng(0).uniform(-0.045, 0.045, (500, 2))
    spots = spots[np.linalg.norm(spots, axis=1) < 0.045]
    gaps = np.linalg.norm(spots[:, None] - points[None, :, :2], axis=-1).min(axis=1)
    assert gaps.max() < 0.005, "nothing as wide as two spacings slips through"


def test_a_lone_box_can_be_reached(box_item, rays_of, straight_down):
    rays = rays_of({1: (box_item(0.12, 0.12, 0.05), (0, 0, 0.025))})
    pose = straight_down(0, 0, 0.05)
    assert not _truth(rays, pose) and _planned(rays, pose)


@pytest.mark.parametrize(("over", "hits"), [(STAND - 0.004, False), (STAND + 0.004, True)])
def test_the_body_meets_neighbours_that_reach_up_to_it(box_item, rays_of, straight_down, over, hits):
    """A neighbour beside the cups but under the body, lower or higher than the body's lower face."""
    box, pillar = box_item(0.0802, 0.0802, 0.03), box_item(0.02, 0.02, 0.03 + over)
    rays = rays_of({1: (box, (0, 0, 0.015)), 2: (pillar, (0.0512, 0, (0.03 + over) / 2))})
    assert _truth(rays, straight_down(0, 0, 0.03)) == hits


@pytest.mark.parametrize(("gap", "hits"), [(0.002, False), (-0.002, True)])
def test_the_body_is_as_wide_as_its_radius(box_item, rays_of, straight_down, gap, hits):
    box, pillar = box_item(0.07, 0.07, 0.03), box_item(0.02, 0.02, 0.12)
    rays = rays_of({1: (box, (0, 0, 0.015)), 2: (pillar, (RADIUS + 0.01 + gap, 0, 0.06))})
    assert _truth(rays, straight_down(0, 0, 0.03)) == hits
    assert not _planned(rays, straight_down(0, 0, 0.03)), "the planner keeps a margin"


def test_the_planner_allows_what_its_margin_allows(box_item, rays_of, straight_down):
    box, pillar = box_item(0.07, 0.07, 0.03), box_item(0.02, 0.02, 0.12)
    # beside the body, seen from above the middle of the bin, so the pillar hides nothing of the body
    rays = rays_of({1: (box, (0, 0, 0.015)), 2: (pillar, (RADIUS + 2 * MARGIN + 0.01, 0, 0.06))})
    assert _planned(rays, straight_down(0, 0, 0.03))


def _leaning(x, z, degrees):
    """A pose that leans towards +x."""
    normal = np.array([[np.sin(np.radians(degrees)), 0, np.cos(np.radians(degrees))]])
    return ToolPose(np.array([x, 0, z]), frames(normal, np.zeros(1))[0, 0])


@pytest.mark.parametrize(("x", "degrees", "hits"), [(0, 0, False), (0.205, 0, False), (0.205, 25, True)])
def test_the_body_meets_walls_and_rim(rays_of, x, degrees, hits):
    rays, pose = rays_of({}), _leaning(x, 0, degrees)
    assert _truth(rays, pose) == hits and _planned(rays, pose) != hits


def test_a_tool_above_the_rim_may_reach_over_it(box_item, rays_of, straight_down):
    rays = rays_of({1: (box_item(0.1, 0.1, tote.HEIGHT), (0.22, 0, tote.HEIGHT / 2))})
    pose = straight_down(0.23, 0, tote.HEIGHT)
    assert not _truth(rays, pose) and _planned(rays, pose)


def test_a_tool_that_leans_meets_what_stands_behind_it(box_item, rays_of):
    box, pillar = box_item(0.1, 0.1, 0.02), box_item(0.02, 0.1, 0.08)
    rays = rays_of({1: (box, (0, 0, 0.01)), 2: (pillar, (0.085, 0, 0.04))})
    for degrees, hits in ((0, False), (25, True)):
        pose = _leaning(0, 0.02, degrees)
        assert _truth(rays, pose) == hits and _planned(rays, pose) != hits


def test_the_tool_stops_where_its_cups_stop(box_item, rays_of, straight_down):
    """Aimed 5 cm too deep, it still stands on the box, and its body above the neighbour."""
    box, neighbour = box_item(0.1, 0.1, 0.05), box_item(0.05, 0.1, 0.06)
    rays = rays_of({1: (box, (0, 0, 0.025)), 2: (neighbour, (0.076, 0, 0.03))})
    assert not _truth(rays, straight_down(0, 0, 0.05)) and not _truth(rays, straight_down(0, 0, 0.0))


def test_cups_may_meet_the_item_but_not_what_stands_beside_it(box_item, rays_of, straight_down):
    """The neighbour is higher than a stroke, but too low for the body; one turn of the cross avoids it."""
    box, post = box_item(0.12, 0.12, 0.03), box_item(0.015, 0.015, 0.05)
    rays = rays_of({1: (box, (0, 0, 0.015)), 2: (post, (0.036, 0, 0.055))})
    depth = _depth(rays)
    ids = rays.object_at(rays.cast(*CAMERA.rays())).reshape(depth.shape)
    rotations = frames(UP[None], np.array([0.0, np.pi / 4]))
    points = np.array([[0, 0, 0.03]])
    low = depth.copy()
    low[ids == 2] = depth[ids == 1].min() - 0.025
    assert clear(low, CAMERA, ids == 1, points, rotations).tolist() == [[False, True]]
    assert clear(low, CAMERA, ids > 0, points, rotations).tolist() == [[True, True]], "the post is part of the item"
    low[ids == 2] = depth[ids == 1].min() - STROKE + 0.002
    assert clear(low, CAMERA, ids == 1, points, rotations).all(), "the bellows give way"


def test_holes_in_the_depth_image_block_nothing(rays_of, straight_down):
    rays, pose = rays_of({}), straight_down(0.26, 0, 0)
    assert not _planned(rays, pose) and _planned(rays, pose, depth=np.zeros((CAMERA.height, CAMERA.width), np.float32))


def test_where_the_planner_sees_room_there_is_room(make_scene):
    """Of random poses in random scenes, seen without noise."""
    n_clear = n_blocked = 0
    for seed in range(6):
        scene = make_scene(seed=seed)
        rays = RayScene(scene.items, scene.poses)
        depth, rng = _depth(rays), np.random.default_rng(seed)
        pixels = rng.integers((60, 80), (196, 304), (60, 2))
        points = CAMERA.backproject(pixels[:, ::-1], depth[pixels[:, 0], pixels[:, 1]])
        normals = np.concatenate([rng.uniform(-0.4, 0.4, (60, 2)), np.ones((60, 1))], 1)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        rotations = frames(normals, np.zeros(1))
        room = clear(depth, CAMERA, np.ones(depth.shape, bool), points, rotations)[:, 0]
        truth = [not _truth(rays, ToolPose(p, r)) for p, r in zip(points, rotations[:, 0], strict=True)]
        n_clear, n_blocked = n_clear + room.sum(), n_blocked + (~room).sum()
        assert not (room & ~np.array(truth)).any()
    assert n_clear > 20 and n_blocked > 20


@pytest.fixture
def seen_box(box_item, rays_of):
    rays = rays_of({1: (box_item(0.14, 0.14, 0.05), (0, 0, 0.025))})
    depth = _depth(rays)
    return depth, rays.object_at(rays.cast(*CAMERA.rays())).reshape(depth.shape) == 1


def test_a_gripper_asked_to_avoid_nothing_plans_as_before(seen_box):
    depth, mask = seen_box
    plans = [
        SuctionGripper().plan(depth, CAMERA, mask, np.random.default_rng(0), room)
        for room in (None, lambda d, c, m, points, rotations: np.ones(rotations.shape[:2], bool))
    ]
    np.testing.assert_array_equal(plans[0].pose.position, plans[1].pose.position)
    np.testing.assert_array_equal(plans[0].pose.rotation, plans[1].pose.rotation)
    assert plans[0].score == plans[1].score


def test_a_gripper_plans_only_where_there_is_room(seen_box):
    depth, mask = seen_box
    rng = np.random.default_rng

    def left_half(depth, camera, mask, points, rotations):
        return np.broadcast_to(points[:, :1] < 0, rotations.shape[:2])

    def nowhere(depth, camera, mask, points, rotations):
        return np.zeros(rotations.shape[:2], bool)

    positions = [SuctionGripper().plan(depth, CAMERA, mask, rng(k), left_half).pose.position for k in range(5)]
    assert np.max(positions, axis=0)[0] < 0
    assert SuctionGripper().plan(depth, CAMERA, mask, rng(0), nowhere) is None


def test_the_body_stands_above_the_highest_of_its_cups(box_item, rays_of, straight_down):
    """On a step, the pillar beside the lower cups is under the body; it would be hit if the lowest cup counted."""
    low, high, pillar = box_item(0.0541, 0.0802, 0.03), box_item(0.0261, 0.0802, 0.037), box_item(0.02, 0.02, 0.0735)
    rays = rays_of(
        {1: (low, (-0.01305, 0, 0.015)), 2: (high, (0.02705, 0, 0.0185)), 3: (pillar, (-0.0512, 0, 0.0735 / 2))}
    )
    pose = straight_down(0, 0, 0.03)
    assert np.ptp(press(pose, rays).centres[:, 2]) == pytest.approx(0.007, abs=1e-4)
    assert 0.03 + STAND < 0.0735 < 0.037 + STAND and not _truth(rays, pose)
