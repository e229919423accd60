"""The planner that expects seals: its two steps against naive loops, and where it differs from counting."""

import numpy as np
import pytest

from graspbook.world.grippers.suction.expected_seals import AVERAGED, ROUGH, ExpectedSeals, average
from graspbook.world.grippers.suction.gripper import SuctionGripper, frames
from graspbook.world.grippers.suction.seal import CUP_RADIUS, CUPS, MAX_BULGE, MAX_TILT, N_RIM, STROKE, ToolPose
from graspbook.world.render.camera import look_down

ROWS, COLUMNS = 128, 192
TABLE = 0.98
"""Depth of the ground in the pictures below, metres."""


def picture(height):
    """A depth image, seen from straight above, of a height in metres given as a function of x and y."""
    camera = look_down(ROWS)
    u, v = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    points = camera.backproject(np.stack([u, v], -1), np.full((ROWS, COLUMNS), TABLE))
    return camera, (TABLE - height(points[..., 0], points[..., 1])).astype(np.float32), points


def naive_average(depth, mask, reach):
    result = depth.copy()
    for row, column in np.argwhere(mask & (depth > 0)):
        seen = [
            depth[r, c]
            for r in range(max(0, row - reach), min(len(depth), row + reach + 1))
            for c in range(max(0, column - reach), min(depth.shape[1], column + reach + 1))
            if mask[r, c] and depth[r, c] > 0
        ]
        result[row, column] = np.mean(seen)
    return result


@pytest.mark.parametrize(("rows", "reach"), [(24, 0), (128, 1), (214, 2)])
def test_averaging_takes_what_was_seen_of_the_mask(rows, reach):
    rng = np.random.default_rng(rows)
    depth = rng.uniform(0.8, 1, (rows, 20)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.2] = 0
    mask = rng.random(depth.shape) < 0.6
    assert int(AVERAGED * rows / 2) == reach
    np.testing.assert_allclose(average(depth, mask), naive_average(depth, mask, reach), atol=1e-6)


def test_averaging_nothing_changes_nothing():
    depth = np.random.default_rng(0).random((128, 8)).astype(np.float32)
    np.testing.assert_array_equal(average(depth, np.zeros(depth.shape, bool)), depth)


def naive_seals(point, rotation, depth, mask, camera):
    """How many cups should seal, cup by cup and ray by ray."""
    smooth = naive_average(depth, mask, int(AVERAGED * len(depth) / 2))
    pose, cups = ToolPose(point, rotation), []
    for cup in CUPS:
        angles = 2 * np.pi * np.arange(N_RIM) / N_RIM
        lip = cup + CUP_RADIUS * np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1)
        heights, inside = [], []
        for probe in [*lip, cup]:
            (u, v), expected = camera.project(pose.to_world(probe))
            row, column = round(float(v)), round(float(u))
            within = 0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]
            seen = smooth[row, column] if within else 0
            heights.append(expected - seen if seen > 0 else np.nan)
            inside.append(within and mask[row, column])
        cups.append((np.array(heights), all(inside)))
    highest = max((np.nanmax(h) for h, _ in cups if np.isfinite(h).any()), default=-np.inf)
    total = 0.0
    for heights, inside in cups:
        if not inside or np.isfinite(heights).sum() <= 4 or np.nanmax(heights) < highest - STROKE:
            continue
        heights = np.where(np.isnan(heights), np.nanmean(heights), heights)
        design = np.c_[np.ones(N_RIM), np.cos(angles), np.sin(angles)]
        plane = np.linalg.lstsq(design, heights[:N_RIM], rcond=None)[0]
        uneven = np.abs(design @ plane - heights[:N_RIM]).max()
        tilt = np.arctan(np.hypot(plane[1], plane[2]) / CUP_RADIUS)
        if abs(heights[N_RIM] - plane[0]) < MAX_BULGE:
            total += max(0, 1 - (uneven / ROUGH) ** 2) * max(0, 1 - (tilt / MAX_TILT) ** 2)
    return total


@pytest.mark.slow
def test_expected_seals_agree_with_a_loop_over_cups_and_rays():
    rng = np.random.default_rng(3)
    camera, depth, _ = picture(lambda x, y: 0.03 * np.sin(20 * x) * np.cos(25 * y) + 0.05 * (x > 0.1))
    depth += rng.normal(0, 0.001, depth.shape).astype(np.float32)
    depth[rng.random(depth.shape) < 0.05] = 0
    mask = np.zeros(depth.shape, bool)
    mask[10:90, 30:150] = True
    mask[40:43, 60:80] = False
    points = rng.uniform((-0.15, -0.1, -0.03), (0.15, 0.1, 0.05), (40, 3))
    normals = rng.normal((0, 0, 3), 0.6, (40, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    rotations = frames(normals, np.array([0.1, 0.8]))
    found = ExpectedSeals()._count(points, rotations, depth, mask, camera)
    naive = [
        [naive_seals(p, r, depth, mask, camera) for r in turns] for p, turns in zip(points, rotations, strict=True)
    ]
    np.testing.assert_allclose(found, naive, atol=5e-4)  # depth is in single precision
    assert (found > 0.5).sum() > 10 and (found == 0).sum() > 5 and found.max() < 5


def test_level_even_ground_promises_nearly_every_cup_and_the_mask_limits_them():
    camera, depth, points = picture(lambda x, _: 0 * x)
    rng = np.random.default_rng(0)
    depth += rng.normal(0, 8e-4, depth.shape).astype(np.float32)
    large = np.abs(points[..., :2]).max(-1) < 0.1
    narrow = large & (np.abs(points[..., 1]) < 0.02)
    assert ExpectedSeals().plan(depth, camera, large, np.random.default_rng(1)).score == pytest.approx(4.9, abs=0.2)
    plan = ExpectedSeals(200, 12).plan(depth, camera, narrow, np.random.default_rng(1))
    assert plan.score == pytest.approx(2.9, abs=0.2) and plan.n_cups == 2, "three cups in a row, rounded down"


def test_two_good_cups_are_worth_more_than_three_on_ground_too_curved_to_seal():
    """A cylinder whose lips deviate by 2.7 mm counts as flat (3 mm) for who counts; no cup would seal on it."""
    radius = CUP_RADIUS**2 / 4 / 0.0027
    camera, depth, points = picture(lambda x, y: np.where(x < 0, -(y**2) / (2 * radius), 0.0))
    x, y = points[..., 0], points[..., 1]
    cylinder = (x > -0.16) & (x < -0.03) & (np.abs(y) < 0.02)
    box = (x > 0.03) & (x < 0.09) & (np.abs(y) < 0.02)
    counted, expected = (
        [gripper.plan(depth, camera, mask, np.random.default_rng(2)) for mask in (cylinder, box)]
        for gripper in (SuctionGripper(200, 12), ExpectedSeals(200, 12))
    )
    assert counted[0].n_cups > counted[1].n_cups
    assert expected[0].score < expected[1].score
