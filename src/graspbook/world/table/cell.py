"""The table in physics: objects on an endless plane instead of in a tote, in one PyBullet client of its own."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from graspbook.world.assets.items import Item
from graspbook.world.physics.bullet import pybullet
from graspbook.world.physics.simulation import Cell

REACH = 0.5
"""What is farther from the table's middle than this, metres, counts as lost."""
FRICTION = 0.5
"""Coefficient of the table."""
SPEED, SPIN = 0.004, 0.06
"""Below these speeds (m/s, rad/s) an object on the table counts as at rest."""


class TableCell(Cell):
    """A `Cell` whose surroundings are a table, its top at z = 0.

    A cell lives as long as one episode: nothing that happened in another one can leave a trace in it.
    """

    def _build_tote(self) -> None:
        """Adds the table, where `Cell` would add a tote."""
        self.table = self._fixed_box((2, 2, 0.05), (0, 0, -0.05), (0, 0, 0, 1), friction=FRICTION)

    def at_rest(self) -> bool:
        """Whether every object that is still on the table is at rest."""
        gone = self.outside()
        for object_id, body in self._bodies.items():
            linear, angular = pybullet.getBaseVelocity(body, physicsClientId=self.client)
            if object_id not in gone and not (np.linalg.norm(linear) < SPEED and np.linalg.norm(angular) < SPIN):
                return False
        return True

    def outside(self) -> set[int]:
        """Ids of the objects that are off the middle of the table, below it, or nowhere (diverged physics)."""
        gone = set()
        for object_id, (rotation, position) in self.poses().items():
            finite = np.isfinite(position).all() and np.isfinite(rotation).all()
            if not finite or np.hypot(*position[:2]) > REACH or not -0.02 < position[2] < 1.5:
                gone.add(object_id)
        return gone

    def top(self) -> float:
        """Height of the highest point of all objects, metres; 0 where there are none."""
        heights = [0.0]
        for object_id, (rotation, position) in self.poses().items():
            heights.append(float((self.items[object_id].shape.vertices @ rotation[2]).max() + position[2]))
        return max(heights)

    def drop(
        self,
        object_id: int,
        item: Item,
        rng: np.random.Generator,
        spread: float = 0.0,
        max_steps: int = 480,
    ) -> bool:
        """Lets an object fall onto the table, or onto what lies there, turned at random.

        Args:
            object_id: The id of the object, 1 to 250 and not in use.
            item: The item that falls.
            rng: The source of randomness, which draws the turn, then the place.
            spread: The largest distance from the table's middle at which it falls, metres.
            max_steps: The number of physics steps (`physics.TIME_STEP`) within which everything must come to rest.

        Returns:
            Whether everything on the table is at rest. Objects that left the table have been removed.

        Raises:
            InputError: If the id is taken or out of range.
        """
        turn = Rotation.random(rng=rng).as_matrix()
        radius, angle = spread * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
        lowest = float((item.shape.vertices @ turn[2]).min())
        height = self.top() + 0.02 - lowest
        self.add(object_id, item, np.array([radius * np.cos(angle), radius * np.sin(angle), height]), turn)
        quiet = self.settle(max_steps).quiet
        self.remove(self.outside())
        return quiet

    def shift(self, object_id: int, offset: np.ndarray) -> None:
        """Moves an object, and stops it.

        Args:
            object_id: The id of the object.
            offset: The displacement in the world, [3] metres.
        """
        rotation, position = self.pose(object_id)
        moved = (position + offset).tolist(), Rotation.from_matrix(rotation).as_quat().tolist()
        self.put_back({object_id: moved})
