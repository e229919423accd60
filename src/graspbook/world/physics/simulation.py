"""The cell in physics: a tote, the items in it, and time, in one PyBullet client of its own.

PyBullet keeps its state in clients; every call here names its client, so several cells can live side by side
in one process. Time always advances by counted steps, never "until something happens", so a diverged
simulation ends too. Nothing leaves a cell unless `remove` is called: `outside` reports what is out of the bin or
has diverged, and the caller decides and records.

Convex pieces reach PyBullet as OBJ files in a temporary folder, because it only builds compounds of hulls from
files; they go with the cell.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from graspbook.core.errors import InputError
from graspbook.world.assets import tote
from graspbook.world.assets.catalogue import Shape
from graspbook.world.assets.items import Item
from graspbook.world.physics.bullet import pybullet
from graspbook.world.scene import Pose

TIME_STEP = 1 / 240
"""Seconds per physics step."""
SOLVER_ITERATIONS = 20
"""Enough for heaps of two dozen light objects; 50 changed no settled pose visibly and cost 60 % more."""
GRAVITY = 9.81
"""m/s^2."""
STILL_SPEED, STILL_SPIN = 0.01, 0.15
"""Below these speeds (m/s, rad/s) an item counts as at rest."""
CHECK_EVERY = 12
"""Steps between two checks for rest."""
_WALL_THICKNESS = 0.04


@dataclasses.dataclass(frozen=True)
class Settled:
    """How a wait for rest ended.

    Attributes:
        steps: The number of physics steps that passed.
        quiet: Whether everything was at rest by then.
    """

    steps: int
    quiet: bool


class Cell:
    """A tote on a table with items in it, empty at first. Use it as a context manager, or call `close`.

    Items go by their object ids (1..250), never by PyBullet's body numbers.

    Attributes:
        items: The items in the cell by object id.
        client: The number of the PyBullet client; -1 once the cell is closed.

    Raises:
        RuntimeError: If PyBullet has no free client.
    """

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self._bodies: dict[int, int] = {}
        self._shapes: dict[str, int] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="graspbook-cell-")
        self.client = pybullet.connect(pybullet.DIRECT)
        if self.client < 0:
            self._folder.cleanup()
            raise RuntimeError("PyBullet has no free client: close other cells of this process first")
        pybullet.setGravity(0, 0, -GRAVITY, physicsClientId=self.client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=TIME_STEP,
            numSolverIterations=SOLVER_ITERATIONS,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            erp=0.8,
            physicsClientId=self.client,
        )
        self._build_tote()

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the PyBullet client and deletes the temporary files; calling it again does nothing."""
        if self.client >= 0:
            pybullet.disconnect(physicsClientId=self.client)
            self.client = -1
            self._folder.cleanup()

    def _build_tote(self) -> None:
        """Adds the table and four leaning walls as boxes whose inner faces are those of `tote.quads`."""
        self._fixed_box((1, 1, 0.05), (0, 0, -0.05), (0, 0, 0, 1), friction=0.5)
        lean = float(np.arctan2(tote.TAPER, tote.HEIGHT))
        slope, half = np.hypot(tote.TAPER, tote.HEIGHT) / 2, _WALL_THICKNESS / 2
        for sign in (-1, 1):
            for axis, length in ((0, tote.LENGTH), (1, tote.WIDTH)):
                # centre of the inner face, moved outwards along its normal by half the thickness
                out = length / 2 + tote.TAPER / 2 + half * np.cos(lean)
                height = tote.HEIGHT / 2 - half * np.sin(lean)
                across = (tote.WIDTH, tote.LENGTH)[axis] / 2 + tote.TAPER
                extents = (half, across, slope) if axis == 0 else (across, half, slope)
                centre = (sign * out, 0, height) if axis == 0 else (0, sign * out, height)
                turn = (0, sign * lean, 0) if axis == 0 else (-sign * lean, 0, 0)
                self._fixed_box(extents, centre, pybullet.getQuaternionFromEuler(turn), friction=0.4)

    @contextlib.contextmanager
    def chute(self, half_x: float, half_y: float) -> Iterator[None]:
        """Stands four upright, smooth walls in the bin while the block runs.

        Args:
            half_x: Half of the inner length between the walls along x, metres.
            half_y: Half of the inner width between the walls along y, metres.
        """
        walls = []
        for sign in (-1, 1):
            for extents, centre in (
                ((0.02, half_y + 0.04, 0.25), (sign * (half_x + 0.02), 0, 0.25)),
                ((half_x + 0.04, 0.02, 0.25), (0, sign * (half_y + 0.02), 0.25)),
            ):
                walls.append(self._fixed_box(extents, centre, (0, 0, 0, 1), friction=0.1))
        yield
        for wall in walls:
            pybullet.removeBody(wall, physicsClientId=self.client)

    def _fixed_box(self, extents: tuple, centre: tuple, quaternion: tuple, friction: float) -> int:
        shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=extents, physicsClientId=self.client)
        body = pybullet.createMultiBody(0, shape, -1, centre, quaternion, physicsClientId=self.client)
        pybullet.changeDynamics(body, -1, lateralFriction=friction, physicsClientId=self.client)
        return body

    def _collision_shape(self, shape: Shape) -> int:
        """The compound of convex hulls of a shape, built once per cell."""
        if shape.name not in self._shapes:
            path = Path(self._folder.name) / f"{len(self._shapes):03d}.obj"
            path.write_text(hulls_to_obj(shape.hulls))
            self._shapes[shape.name] = pybullet.createCollisionShape(
                pybullet.GEOM_MESH, fileName=str(path), physicsClientId=self.client
            )
        return self._shapes[shape.name]

    def add(self, object_id: int, item: Item, position: np.ndarray, rotation: np.ndarray) -> None:
        """Puts an item at a pose, at rest.

        Args:
            object_id: The id of the item, 1..250 and not in use.
            item: The item to add.
            position: The centre of mass in the world, [3] metres.
            rotation: The rotation from the item's frame to the world, [3, 3].

        Raises:
            InputError: If the id is taken or out of range.
        """
        if object_id in self._bodies or not 1 <= object_id <= 250:
            raise InputError(f"object_id: expected an unused number from 1 to 250, got {object_id}")
        body = pybullet.createMultiBody(
            item.mass,
            self._collision_shape(item.shape),
            -1,
            [float(x) for x in position],
            quaternion(rotation),
            physicsClientId=self.client,
        )
        pybullet.changeDynamics(
            body,
            -1,
            lateralFriction=item.friction,
            rollingFriction=0.002,
            spinningFriction=0.002,
            restitution=0.05,
            linearDamping=0.1,
            angularDamping=0.3,
            physicsClientId=self.client,
        )
        self._bodies[object_id] = body
        self.items[object_id] = item

    def remove(self, object_ids: Iterable[int]) -> None:
        """Takes items out of the cell.

        Args:
            object_ids: The ids of the items, all of them in the cell.
        """
        for object_id in object_ids:
            pybullet.removeBody(self._bodies.pop(object_id), physicsClientId=self.client)
            del self.items[object_id]

    def body(self, object_id: int) -> int:
        """PyBullet's number of an item's body."""
        return self._bodies[object_id]

    def step(self, n: int = 1) -> None:
        """Advances time by steps of `TIME_STEP`.

        Args:
            n: The number of steps.
        """
        for _ in range(n):
            pybullet.stepSimulation(physicsClientId=self.client)

    def settle(self, max_steps: int = 480) -> Settled:
        """Advances time until every item is at rest, or until `max_steps` steps have passed.

        Args:
            max_steps: The largest number of physics steps of `TIME_STEP`.
        """
        for done in range(0, max_steps, CHECK_EVERY):
            self.step(min(CHECK_EVERY, max_steps - done))
            if self.at_rest():
                return Settled(min(done + CHECK_EVERY, max_steps), True)
        return Settled(max_steps, False)

    def at_rest(self) -> bool:
        """Whether every item inside the bin is at rest; those outside it do not count."""
        for body in self._bodies.values():
            linear, angular = pybullet.getBaseVelocity(body, physicsClientId=self.client)
            if not (_norm(linear) < STILL_SPEED and _norm(angular) < STILL_SPIN):
                position, _ = pybullet.getBasePositionAndOrientation(body, physicsClientId=self.client)
                if np.isfinite(position).all() and tote.contains(position):
                    return False
        return True

    def pose(self, object_id: int) -> Pose:
        """Rotation [3, 3] and position [3] (metres) of one item."""
        return pose_of(*pybullet.getBasePositionAndOrientation(self._bodies[object_id], physicsClientId=self.client))

    def poses(self) -> dict[int, Pose]:
        """Poses of all items, in the order of their ids."""
        return {object_id: self.pose(object_id) for object_id in sorted(self._bodies)}

    def raw_poses(self) -> dict[int, tuple]:
        """Positions and quaternions as PyBullet states them, for `put_back`."""
        return {
            object_id: pybullet.getBasePositionAndOrientation(body, physicsClientId=self.client)
            for object_id, body in sorted(self._bodies.items())
        }

    def put_back(self, raw_poses: Mapping[int, tuple]) -> None:
        """Moves items to given poses, at rest.

        Args:
            raw_poses: The positions in metres and the quaternions (x, y, z, w) by object id, as `raw_poses` returns
                them.
        """
        for object_id, (position, turn) in raw_poses.items():
            body = self._bodies[object_id]
            pybullet.resetBasePositionAndOrientation(body, position, turn, physicsClientId=self.client)
            pybullet.resetBaseVelocity(body, [0, 0, 0], [0, 0, 0], physicsClientId=self.client)

    def lowest(self, object_id: int) -> float:
        """Height of an item's lowest point above the tote's floor, metres (exact for its mesh)."""
        rotation, position = self.pose(object_id)
        return float((self.items[object_id].shape.vertices @ rotation[2]).min() + position[2])

    def outside(self) -> set[int]:
        """Ids of the items that are out of the bin: beside it, below it, or nowhere (diverged physics)."""
        gone = set()
        for object_id, (rotation, position) in self.poses().items():
            finite = np.isfinite(position).all() and np.isfinite(rotation).all()
            if not finite or not tote.contains(position) or position[2] > 1.5:
                gone.add(object_id)
        return gone

    def hold_still(self, object_ids: Iterable[int]) -> None:
        """Makes items immovable (infinite mass) until `set_free`."""
        for object_id in object_ids:
            body = self._bodies[object_id]
            zero = [0, 0, 0]
            pybullet.resetBaseVelocity(body, zero, zero, physicsClientId=self.client)
            pybullet.changeDynamics(body, -1, mass=0, physicsClientId=self.client)

    def set_free(self, object_ids: Iterable[int]) -> None:
        """Gives items that were held still their mass back."""
        for object_id in object_ids:
            item, body = self.items[object_id], self._bodies[object_id]
            pybullet.changeDynamics(body, -1, mass=item.mass, physicsClientId=self.client)

    def jolt(self, velocities: Mapping[int, np.ndarray]) -> None:
        """Adds velocities to those that items have.

        Args:
            velocities: The extra velocities by object id, each [3] in m/s.
        """
        for object_id, extra in velocities.items():
            body = self._bodies[object_id]
            linear, angular = pybullet.getBaseVelocity(body, physicsClientId=self.client)
            linear = [float(a + b) for a, b in zip(linear, extra, strict=True)]
            pybullet.resetBaseVelocity(body, linear, angular, physicsClientId=self.client)

    def resting_on(self, object_ids: Iterable[int]) -> set[int]:
        """Items that touch any of the given ones, directly or through others; the given ones left out.

        Args:
            object_ids: The ids of the given items.
        """
        number = {body: object_id for object_id, body in self._bodies.items()}
        given = set(object_ids)
        found, frontier = set(given), list(given)
        while frontier:
            body = self._bodies[frontier.pop()]
            for contact in pybullet.getContactPoints(bodyA=body, physicsClientId=self.client):
                other = number.get(contact[2])
                if other is not None and other not in found:
                    found.add(other)
                    frontier.append(other)
        return found - given


def hulls_to_obj(hulls: Iterable[np.ndarray]) -> str:
    """The text of an OBJ file with one object per convex piece, from which PyBullet makes one hull each.

    The faces are a fan over the points: PyBullet takes the hull of the points that faces name.

    Args:
        hulls: The points of each convex piece, [K, 3] metres.
    """
    lines, first = [], 1
    for number, points in enumerate(hulls):
        lines.append(f"o piece{number}")
        lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in points.tolist()]
        lines += [f"f {first} {first + k} {first + k + 1}" for k in range(1, len(points) - 1)]
        first += len(points)
    return "\n".join(lines) + "\n"


def pose_of(position: Sequence[float], turn: Sequence[float]) -> Pose:
    """A pose as PyBullet states it: rotation [3, 3] and position [3] (metres).

    Args:
        position: The centre of mass in the world, [3] metres.
        turn: The unit quaternion (x, y, z, w) of the rotation.
    """
    return np.array(pybullet.getMatrixFromQuaternion(turn)).reshape(3, 3), np.array(position)


def quaternion(rotation: np.ndarray) -> list[float]:
    """The unit quaternion (x, y, z, w) of a rotation matrix [3, 3]."""
    return Rotation.from_matrix(rotation).as_quat().tolist()


def _norm(vector: tuple[float, float, float]) -> float:
    return (vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2) ** 0.5
