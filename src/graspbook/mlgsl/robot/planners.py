"""What the robot plans with (§V): one pass of a network, or sampling and scoring in the manner of GQ-CNN [2]."""

import dataclasses
from typing import Protocol

import numpy as np
from torch import nn

from graspbook.mlgsl.config import Loss, MetricsConfig
from graspbook.mlgsl.maps import best_grasps, predict
from graspbook.mlgsl.metrics.judge import Judge, judge_grasps
from graspbook.world.grippers.jaw.grasp import half_turn


class Planner(Protocol):
    """Plans grasps in a depth image."""

    def plan(self, depth: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """At most `count` grasps (u, v, phi, w), best first.

        Args:
            depth: Depth in metres, float32 [H, W], without gaps.
            count: The largest number of grasps.
            rng: The random generator of planners that sample.

        Returns:
            Rows (u, v, phi, w) in pixels and radians, [N, 4], best first.
        """
        ...


@dataclasses.dataclass(frozen=True)
class DensePlanner:
    """A network that plans grasps for all pixels at once.

    Attributes:
        network: The network from depth to four maps.
        loss: The loss that it was trained with.
        metrics: The settings by which the best pixels are chosen.
    """

    network: nn.Module
    loss: Loss
    metrics: MetricsConfig

    def plan(self, depth: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """See `Planner`."""
        return best_grasps(predict(self.network, depth[None])[0], self.loss, count, self.metrics)[0]


@dataclasses.dataclass(frozen=True)
class SampledPlanner:
    """Candidates from pairs of depth edges that face each other, scored by a judge, sampled anew around the best.

    Attributes:
        judge: The grasp quality discriminator that scores candidates.
        widest: The largest opening of the gripper, in pixels.
        candidates: The number of candidates that are drawn each time.
        refinements: The number of times that it samples anew around the best: the cross-entropy method of Dex-Net 2.0.
    """

    judge: Judge
    widest: float
    candidates: int
    refinements: int

    def plan(self, depth: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """See `Planner`."""
        grasps = edge_pairs(depth, self.candidates, self.widest, rng)
        if not len(grasps):
            middle = (len(depth) - 1) / 2
            return np.array([[middle, middle, 0.0, self.widest / 2]])
        scores = judge_grasps(self.judge, depth, grasps)
        for _ in range(self.refinements):
            elite = grasps[np.argsort(-scores, kind="stable")[: max(len(grasps) // 4, 1)]]
            near = elite[rng.integers(len(elite), size=self.candidates)]
            near = near + rng.normal(size=near.shape) * (1.0, 1.0, 0.15, 1.0) * (1, 1, 80 / len(depth), 1)
            near[:, :2] = np.clip(near[:, :2], 0, len(depth) - 1)
            near[:, 2], near[:, 3] = half_turn(near[:, 2]), np.clip(near[:, 3], 2.0, self.widest)
            grasps = np.concatenate([elite, near])
            scores = judge_grasps(self.judge, depth, grasps)
        return grasps[np.argsort(-scores, kind="stable")[:count]]


STEEP = 0.004
"""A pixel whose depth changes by more than this, metres per pixel, is an edge."""
CLEARANCE = 4.0
"""Added to the distance of two edges, pixels."""


def edge_pairs(depth: np.ndarray, count: int, widest: float, rng: np.random.Generator) -> np.ndarray:
    """Grasps (u, v, phi, w) across pairs of edges whose gradients oppose each other, at most `count`.

    Args:
        depth: Depth in metres, float32 [H, W], without gaps.
        count: The number of pairs; fewer are found where there are not enough edges.
        widest: The largest opening, in pixels.
        rng: The random generator that draws the pairs.

    Returns:
        Rows (u, v, phi, w) in pixels and radians, [N, 4].
    """
    down, right = np.gradient(depth.astype(float))
    steep = np.hypot(right, down)
    row, column = np.nonzero(steep > STEEP)
    if len(row) < 2:
        return np.zeros((0, 4))
    first, second = rng.integers(len(row), size=(2, 40 * count))
    du, dv = column[second] - column[first], row[second] - row[first]
    apart = np.hypot(du, dv)
    with np.errstate(invalid="ignore", divide="ignore"):
        # depth falls towards the object: both gradients point outwards along the line between the edges
        outwards = [
            side * (right[row[k], column[k]] * du + down[row[k], column[k]] * dv) / apart / steep[row[k], column[k]]
            for k, side in ((first, -1), (second, 1))
        ]
    good = (apart > 1) & (apart + CLEARANCE <= widest) & (np.minimum(*outwards) > 0.85)
    first, second = first[good][:count], second[good][:count]
    middle = np.column_stack([column[first] + column[second], row[first] + row[second]]) / 2
    angle = half_turn(np.arctan2(row[second] - row[first], column[second] - column[first]))
    return np.column_stack([middle, angle, apart[good][:count] + CLEARANCE])
