"""One grasp with nine cups on what a model believes to be one item, and what it would lift (§V-E, Table II).

Geometry stands in for physics: a cup that seals holds what it sits on. If the sealed cups of a grasp sit on two items,
the robot picks two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graspbook.instances.types import Instances
from graspbook.latent.robot.totes import Look
from graspbook.world.grippers.suction.gripper import Plan
from graspbook.world.grippers.suction.nine_cups import GRID, NineCups
from graspbook.world.grippers.suction.seal import press
from graspbook.world.render.rays import RayScene

STREAM = 78
"""Of the planner's random numbers."""
LARGEST = 8
"""Masks that the planner looks at, the largest ones: on small ones few cups land."""


@dataclass(frozen=True, eq=False)
class Grasp:
    """A grasp with nine cups and what it would lift.

    Attributes:
        plan: Pose of the gripper, and number of cups that should seal; None if there was nothing to grasp.
        items: Item under each sealed cup, as `Look.items_at` numbers them.
        contact: Centres of the nine cups at rest, metres, [9, 3].
        sealed: Which cups seal, bool [9].
    """

    plan: Plan | None
    items: np.ndarray
    contact: np.ndarray
    sealed: np.ndarray

    @property
    def double(self) -> bool:
        """Whether it would lift two items at once."""
        return len(np.unique(self.items)) > 1


def plan_on(look: Look, masks: Instances, gripper: NineCups) -> Plan | None:
    """The pose that lands most cups on one believed item, among the largest ones; None if there is none.

    Candidates are drawn from the same stream whatever is believed.

    Args:
        look: Tote with its depth image.
        masks: Masks that are each believed to be one item.
        gripper: Planner of the nine-cup gripper.
    """
    order = np.argsort(-masks.masks.sum((1, 2)), kind="stable")[:LARGEST]
    plans = []
    for mask in masks.masks[order]:
        rng = np.random.default_rng([STREAM, look.filling, look.left])
        plans.append(gripper.plan(look.depth, look.tote.scene.camera, mask, rng))
    return max((plan for plan in plans if plan is not None), key=lambda plan: plan.score, default=None)


def grasp(look: Look, masks: Instances, gripper: NineCups, rays: RayScene) -> Grasp:
    """Plans a grasp and presses the cups down.

    Args:
        look: Tote with its depth image.
        masks: Masks that are each believed to be one item.
        gripper: Planner of the nine-cup gripper.
        rays: Ray scene of the same tote, from `Look.rays`.
    """
    plan = plan_on(look, masks, gripper)
    if plan is None:
        return Grasp(None, np.zeros(0, np.int64), np.zeros((9, 3)), np.zeros(9, bool))
    contact = press(plan.pose, rays, GRID)
    items = look.items_at(contact.object_ids[contact.sealed], contact.centres[contact.sealed])
    return Grasp(plan, items, contact.centres, contact.sealed)
