"""Planning with the five-cup gripper: land as many cups as possible on what is believed to be one item.

The `selfsup` paper's robot "will try to land as many cups as possible on a detected object mask" (§VI). The
planner sees what the robot sees: a noisy depth image with drop-outs and a believed mask. It tries a bounded number
of points in the mask, fits a plane to the depth around each, tries several turns about the approach, and counts
the cups whose whole lip lies in the mask on flat depth. Whether they seal is decided elsewhere (`seal`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.world.grippers.suction.seal import CUP_RADIUS, N_CUPS, N_RIM, PROBES, STROKE, Contact, ToolPose, fit_lip
from graspbook.world.render.camera import Camera

N_POINTS = 48
"""Candidate points in a mask."""
N_TURNS = 6
"""Candidate turns about the approach; the cross of cups repeats after a quarter turn."""
MAX_APPROACH_TILT = np.radians(25)
"""The approach leaves the vertical by at most this much."""
FLAT = 0.003
"""The depth along a lip may deviate from a plane by at most this much to count as flat, metres: what a cup
tolerates (`seal.MAX_RESIDUAL`) plus the noise of the depth image."""
_PATCH = np.linspace(-0.03, 0.03, 5)
"""Offsets of the samples of the plane fit, metres."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Where the tool shall go, and what is expected there.

    Attributes:
        pose: The pose of the tool in the world.
        n_cups: The number of cups that should seal there.
        score: The number to compare plans by, higher is better: the expected number of seals, less penalties for grasps
            off the mask's centre and for steep ones.
    """

    pose: ToolPose
    n_cups: int
    score: float


class SuctionGripper:
    """Plans poses of the five-cup gripper.

    Args:
        n_points: The number of candidate points per mask.
        n_turns: The number of candidate turns about the approach per point.

    Raises:
        InputError: If one of them is less than 1.
    """

    probes = PROBES
    """Where the rays of each cup start, in the tool's frame [cups, N_RIM + 1, 3], metres."""

    def __init__(self, n_points: int = N_POINTS, n_turns: int = N_TURNS) -> None:
        if n_points < 1 or n_turns < 1:
            raise InputError(f"n_points, n_turns: expected at least 1, got {n_points}, {n_turns}")
        self.n_points = n_points
        self.n_turns = n_turns

    def plan(
        self,
        depth: np.ndarray,
        camera: Camera,
        mask: np.ndarray,
        rng: np.random.Generator,
        clear: Callable[..., np.ndarray] | None = None,
    ) -> Plan | None:
        """Chooses where to grasp.

        Args:
            depth: The measured depth along the optical axis in metres, float32 [H, W]; 0 where the sensor saw nothing.
            camera: The camera of the depth image.
            mask: The pixels that are believed to be one item, bool [H, W].
            rng: The source of randomness, which draws the candidates.
            clear: A function that tells which candidates can be reached, bool [N, T], from depth, camera, mask, and the
                candidates' points [N, 3] in metres and rotations [N, T, 3, 3] (`housing.clear`); by default all can.

        Returns:
            The best candidate; None if the mask holds no pixel with depth, or none that can be reached.

        Raises:
            InputError: If depth and mask differ in shape.
        """
        if depth.shape != mask.shape:
            raise InputError(f"mask: expected the depth image's shape {depth.shape}, got {mask.shape}")
        pixels = self._candidates(depth, mask, rng)
        if len(pixels) == 0:
            return None
        points, normals = surface(pixels, depth, mask, camera)
        turns = (np.arange(self.n_turns) + rng.random()) * (np.pi / 2 / self.n_turns)
        rotations = frames(normals, turns)
        cups = self._count(points, rotations, depth, mask, camera)

        centre = points.mean(axis=0)
        off_centre = np.linalg.norm(points[:, :2] - centre[:2], axis=1)
        steep = 1 - normals[:, 2]
        # cups decide; among equals, central and level grasps swing the item least
        score = cups - 8.0 * off_centre[:, None] - 2.0 * steep[:, None]
        if clear is not None:
            score = np.where(clear(depth, camera, mask, points, rotations), score, -np.inf)
        best = np.unravel_index(score.argmax(), score.shape)
        if score[best] == -np.inf:
            return None
        return Plan(ToolPose(points[best[0]], rotations[best]), int(cups[best]), float(score[best]))

    def _candidates(self, depth: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draws pixels (row, column) int [N, 2], the more likely the farther inside the mask."""
        inside = mask & (depth > 0)
        rows, columns = np.nonzero(inside)
        if len(rows) == 0:
            return np.zeros((0, 2), np.int64)
        top, left = rows.min(), columns.min()
        crop = np.pad(mask[top : rows.max() + 1, left : columns.max() + 1], 1).astype(np.uint8)
        inner = cv2.distanceTransform(crop, cv2.DIST_L2, 3)[rows - top + 1, columns - left + 1]
        chosen = rng.choice(
            len(rows), min(self.n_points, len(rows)), replace=False, p=inner / inner.sum(dtype=np.float64)
        )
        return np.stack([rows[chosen], columns[chosen]], 1)

    def _count(
        self, points: np.ndarray, rotations: np.ndarray, depth: np.ndarray, mask: np.ndarray, camera: Camera
    ) -> np.ndarray:
        """How many cups lie wholly in the mask on flat depth: int [N, n_turns]."""
        lands, heights = self._ground(points, rotations, depth, mask, camera)
        return (lands & (fit_lip(heights[..., :N_RIM])[3] < FLAT)).sum(axis=-1)

    def _ground(
        self, points: np.ndarray, rotations: np.ndarray, depth: np.ndarray, mask: np.ndarray, camera: Camera
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of each cup, whether it reaches and lies wholly in the mask, and the heights below its probes.

        Returns:
            bool [N, n_turns, cups], and metres [N, n_turns, cups, N_RIM + 1]; where nothing was seen, the cup's mean.
        """
        probes = np.einsum("ntij,cpj->ntcpi", rotations, self.probes, optimize=True)
        probes += points[:, None, None, None]
        uv, expected = camera.project(probes)
        seen, inside = sample(uv, depth, mask)
        valid = seen > 0
        count = valid.sum(axis=-1)
        height = np.where(valid, expected - seen, -np.inf)
        top = height.max(axis=-1)
        # as in `seal.press`: the tool stops a stroke after the first cup meets anything, in the mask or not
        reached = top >= top.max(axis=-1, keepdims=True) - STROKE
        mean = np.where(valid, height, 0).sum(axis=-1) / np.maximum(count, 1)
        lands = inside.all(axis=-1) & (count > self.probes.shape[1] // 2) & reached
        return lands, np.where(valid, height, mean[..., None])


def sample(uv: np.ndarray, depth: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth and mask at the pixels nearest to given coordinates.

    Args:
        uv: The pixel coordinates (u, v), float [..., 2].
        depth: The depth in metres, [H, W].
        mask: The mask, bool [H, W].

    Returns:
        The depth in metres and the mask at those pixels, both [...]; 0 and False outside the image.
    """
    height, width = depth.shape
    column, row = np.rint(uv[..., 0]).astype(np.int64), np.rint(uv[..., 1]).astype(np.int64)
    within = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    return np.where(within, depth[row, column], 0.0), within & mask[row, column]


def surface(pixels: np.ndarray, depth: np.ndarray, mask: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Fits a plane to the measured depth around each pixel, within the mask.

    Args:
        pixels: The rows and columns of pixels with depth, int [N, 2].
        depth: The measured depth in metres, float32 [H, W]; 0 is a drop-out.
        mask: The pixels that the fit may use, bool [H, W].
        camera: The camera of the depth image.

    Returns:
        The points on the planes [N, 3] in metres and the unit normals [N, 3], at most `MAX_APPROACH_TILT` from
        vertical.
    """
    centre_uv = pixels[:, ::-1].astype(float)
    centre = camera.backproject(centre_uv, depth[pixels[:, 0], pixels[:, 1]])
    scale = camera.fx / depth[pixels[:, 0], pixels[:, 1]].astype(float)
    grid = np.stack(np.meshgrid(_PATCH, _PATCH), -1).reshape(-1, 2)
    uv = centre_uv[:, None] + grid * scale[:, None, None]
    seen, inside = sample(uv, depth, mask)
    points = camera.backproject(np.rint(uv), seen) - centre[:, None]
    # what stands far above or below is another surface
    weight = (inside & (seen > 0) & (np.abs(points[..., 2]) < 0.03)).astype(float)
    columns = np.concatenate([points[..., :2], np.ones((*weight.shape, 1))], -1)
    normal_matrix = np.einsum("nk,nki,nkj->nij", weight, columns, columns)
    # a faint pull towards level ground keeps thin or tiny masks solvable
    normal_matrix += np.diag([1e-4, 1e-4, 1e-6])
    right = np.einsum("nk,nki,nk->ni", weight, columns, points[..., 2])
    slope_x, slope_y, offset = np.linalg.solve(normal_matrix, right[..., None])[..., 0].T
    steepness = np.hypot(slope_x, slope_y)
    shrink = np.minimum(1, np.tan(MAX_APPROACH_TILT) / np.maximum(steepness, 1e-9))
    normals = np.stack([-slope_x * shrink, -slope_y * shrink, np.ones_like(slope_x)], 1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return centre + np.stack([0 * offset, 0 * offset, offset], 1), normals


def frames(normals: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Tool rotations about given normals.

    Args:
        normals: The unit normals in the world, [N, 3].
        turns: The turns about the normal, [T] radians.

    Returns:
        The rotations from the tool's frame to the world, [N, T, 3, 3]; the third column of each is its normal.
    """
    side = np.cross((0.0, 1.0, 0.0), normals)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(normals, side)
    cos, sin = np.cos(turns)[None, :, None], np.sin(turns)[None, :, None]
    x = cos * side[:, None] + sin * other[:, None]
    y = -sin * side[:, None] + cos * other[:, None]
    z = np.broadcast_to(normals[:, None], x.shape)
    return np.stack([x, y, z], axis=-1)


def footprints(contact: Contact, pose: ToolPose, camera: Camera) -> np.ndarray:
    """Which pixels each cup covers: those whose ray passes through the disc of its lip.

    Args:
        contact: Where the five cups stand.
        pose: The pose of the tool.
        camera: The camera of the image.

    Returns:
        One mask per cup, bool [5, H, W].
    """
    masks = np.zeros((N_CUPS, camera.height, camera.width), bool)
    axis = pose.rotation[:, 2]
    eye = camera.centre
    for cup, centre in enumerate(contact.centres):
        corners = centre + CUP_RADIUS * np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        uv, _ = camera.project(corners)
        left, top = np.floor(uv.min(axis=0)).astype(int).clip(0)
        right, bottom = np.ceil(uv.max(axis=0)).astype(int).clip(-1, (camera.width - 1, camera.height - 1))
        if right < left or bottom < top:
            continue
        columns, rows = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
        rays = camera.backproject(np.stack([columns, rows], -1), np.ones(columns.shape)) - eye
        at = eye + rays * ((centre - eye) @ axis / (rays @ axis))[..., None]
        masks[cup, top : bottom + 1, left : right + 1] = np.linalg.norm(at - centre, axis=-1) <= CUP_RADIUS
    return masks


def cup_pixels(contact: Contact, camera: Camera) -> np.ndarray:
    """Where the cups' centres appear in an image.

    Args:
        contact: Where the N cups stand.
        camera: The camera of the image.

    Returns:
        The pixel coordinates (u, v) of the centres, float32 [N, 2]; N is 5 for the five-cup gripper.
    """
    return camera.project(contact.centres)[0].astype(np.float32)
