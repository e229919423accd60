"""One episode of grasp data: an object falls onto the table, is looked at, and is grasped again and again (§III-D).

An episode depends on the seed, the split and its number alone. Each view has a camera of its own; since a grasp goes
along the camera's axis, each view's grasps are carried out for that view.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.core.generators import WORDS, generator_from, generator_place
from graspbook.data.states import Fields, State, make_state
from graspbook.mlgsl.grasp_data.config import DataConfig
from graspbook.world.assets.catalogue import Shape
from graspbook.world.assets.items import Item
from graspbook.world.grippers.jaw.antipodal import antipodal_grasps
from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.grippers.jaw.execute import GRASP_OUTCOMES, GraspOutcome, Trials
from graspbook.world.grippers.jaw.grasp import JawGrasp, to_image, to_world
from graspbook.world.physics.simulation import pose_of
from graspbook.world.render.camera import Camera
from graspbook.world.scene import Pose
from graspbook.world.table.cameras import draw_table_camera
from graspbook.world.table.cell import TableCell
from graspbook.world.table.config import CameraConfig, ObjectConfig
from graspbook.world.table.items import draw_table_item
from graspbook.world.table.sensor import measure_table
from graspbook.world.table.surface import Still, Surface, View

CENTRED = 0.02
"""An object lies within this distance of the middle of the table, metres."""
RIM = 2
"""An object that comes nearer than so many pixels to the image's rim is not used."""
FIELDS: Fields = {
    "lying": ("<f8", (7,)),  # one row, or none where nothing came to rest: position in metres and quaternion
    "poses": ("<f8", (7,)),  # of each image: the same, as it was looked at
    "cameras": ("<f8", (4, 4)),  # from the camera to the world
    "focal": ("<f8", ()),  # pixels
    "drawn": ("<u8", (WORDS,)),  # where the generator stands, as measured depth is drawn from it
    "n_labels": ("<i4", ()),
    "n_tried": ("<i4", ()),
    "labels": ("<f8", (4,)),  # of all images, as in `Sample`
    "tried": ("<f8", (4,)),
    "ends": ("|i1", ()),  # place in `GRASP_OUTCOMES`
}
"""What is chaotic in an episode."""


@dataclasses.dataclass(frozen=True)
class TableWorld:
    """Everything that decides an episode, besides seed, split and number.

    Attributes:
        camera: The depth camera above the table.
        objects: The mass, density and friction of the objects.
        gripper: The gripper with two parallel jaws.
    """

    camera: CameraConfig
    objects: ObjectConfig
    gripper: JawConfig


@dataclasses.dataclass(frozen=True)
class Sample:
    """One image with the grasps that were tried in it.

    Attributes:
        item, pose: The object on the table, and its rotation [3, 3] and position [3] in metres.
        camera: The camera of the image.
        view: The perfect depth, and what each pixel shows.
        stereo: The measured depth in metres, float32 [H, W]; 0 where there is none.
        labels: The successful grasps, rows (u, v, phi, w) in pixels and radians, float64 [K, 4].
        tried: All grasps tried, rows (u, v, phi, w), float64 [T, 4].
        ends: The outcome of each of these, int64 [T], as its place in `GRASP_OUTCOMES`.
    """

    item: Item
    pose: Pose
    camera: Camera
    view: View
    stereo: np.ndarray
    labels: np.ndarray
    tried: np.ndarray
    ends: np.ndarray


def simulate_episode(
    world: TableWorld, config: DataConfig, shapes: tuple[Shape, ...], labels: int, seed: int, number: int
) -> State:
    """How the object of an episode lies, and how grasps end; nothing where it does not rest or can hardly be grasped.

    Args:
        world: The camera, the objects' properties and the gripper.
        config: The settings of the data, such as which grasps are tried.
        shapes: The shapes of the split, of which one is drawn.
        labels: The largest number of successful grasps that are kept in an image.
        seed: The seed of the data set.
        number: The number of the episode, from 0.

    Returns:
        The state, with the fields `FIELDS`.
    """
    item, rng = _begin(world, shapes, seed, number)
    rows: dict[str, list] = {name: [] for name in FIELDS}
    with TableCell() as cell:
        if cell.drop(1, item, rng) and cell.items:
            place = rng.uniform(-CENTRED, CENTRED, 2) - cell.pose(1)[1][:2]
            cell.shift(1, np.array([*place, 0.0]))
            rows["lying"].append(_raw(cell))
            surface, trials = Surface(cell), Trials(cell, world.gripper)
            for _ in range(config.views):
                # as it lies, it can hardly be grasped, or is too large: another view changes little
                if not _look_and_grasp(cell, surface, trials, world, config, labels, rng, rows):
                    break
    return make_state(FIELDS, **rows)


def draw_episode(state: State, world: TableWorld, shapes: tuple[Shape, ...], seed: int, number: int) -> list[Sample]:
    """The images of one episode from its state; nothing falls, and nothing is grasped.

    Args:
        state: What `simulate_episode` returned.
        world: The camera and the objects' properties.
        shapes: The shapes of the split, of which one is drawn.
        seed: The seed of the data set.
        number: The number of the episode, from 0.
    """
    item, _ = _begin(world, shapes, seed, number)
    if not len(state["poses"]):
        return []
    surface, size = Surface(Still({1: item}, {1: _pose(state["lying"][0])})), world.camera.size
    labels, tried, ends = (
        np.split(state[name], np.cumsum(state[count])[:-1])
        for name, count in (("labels", "n_labels"), ("tried", "n_tried"), ("ends", "n_tried"))
    )
    samples = []
    for k, (raw, focal) in enumerate(zip(state["poses"], state["focal"].tolist(), strict=True)):
        middle = (size - 1) / 2
        camera = Camera(focal, focal, middle, middle, state["cameras"][k], size, size)
        view = surface.see(camera)
        stereo = measure_table(view.depth, generator_from(state["drawn"][k]), world.camera)
        parts = labels[k], tried[k], ends[k].astype(np.int64)
        samples.append(Sample(item, _pose(raw), camera, view, stereo, *parts))
    return samples


def _begin(world: TableWorld, shapes: tuple[Shape, ...], seed: int, number: int) -> tuple[Item, np.random.Generator]:
    """The object of an episode, and the generator of all that comes."""
    rng = np.random.default_rng([seed, number])
    return draw_table_item(rng, shapes[int(rng.integers(len(shapes)))], world.objects), rng


def _raw(cell: TableCell) -> list[float]:
    position, turn = cell.raw_poses()[1]
    return [*position, *turn]


def _pose(raw: np.ndarray) -> Pose:
    return pose_of(raw[:3].tolist(), raw[3:].tolist())


def _look_and_grasp(
    cell: TableCell,
    surface: Surface,
    trials: Trials,
    world: TableWorld,
    config: DataConfig,
    labels: int,
    rng: np.random.Generator,
    rows: dict[str, list],
) -> bool:
    """Adds one view to `rows`; False where the object does not fit into the image, or too few grasps succeed."""
    trials.reset()
    raw = _raw(cell)
    camera = draw_table_camera(rng, world.camera)
    view = surface.see(camera)
    if not fits(view.ids > 0):
        return False
    candidates = antipodal_grasps(
        surface,
        camera.world_from_camera[:3, 2],
        rng,
        max_opening=world.gripper.max_opening,
        clearance=config.clearance,
    )
    tried, ends, good = [], [], 0
    for grasp in candidates[: labels * config.tries_per_label]:
        ends.append(trials.attempt(grasp))
        tried.append(grasp)
        good += ends[-1] is GraspOutcome.SUCCESS
        hopeless = len(tried) >= config.least_labels * config.tries_per_label and good < config.least_labels
        if good == labels or hopeless:
            break
    grasps = to_image(tried, camera)
    successful = grasps[[end is GraspOutcome.SUCCESS for end in ends]] if tried else grasps
    if len(successful) < config.least_labels:
        return False
    others = other_grasps(successful, view, camera, world.gripper, config.others, rng)
    ends += [trials.attempt(grasp) for grasp in others]
    rows["poses"].append(raw)
    rows["cameras"].append(camera.world_from_camera)
    rows["focal"].append(camera.fx)
    rows["drawn"].append(generator_place(rng))
    measure_table(view.depth, rng, world.camera)  # the next view's draws come after it
    rows["n_labels"].append(len(successful))
    rows["n_tried"].append(len(ends))
    rows["labels"] += list(successful)
    rows["tried"] += [*grasps, *to_image(others, camera)]
    rows["ends"] += [GRASP_OUTCOMES.index(end) for end in ends]
    return True


def fits(mask: np.ndarray) -> bool:
    """Whether an object is seen, and all of it lies well inside the image.

    Args:
        mask: The mask of the object, bool [H, W].
    """
    inside = mask[RIM:-RIM, RIM:-RIM]
    return bool(mask.any()) and int(inside.sum()) == int(mask.sum())


def other_grasps(
    successful: np.ndarray, view: View, camera: Camera, gripper: JawConfig, count: int, rng: np.random.Generator
) -> list[JawGrasp]:
    """Grasps as an untrained, then as a half-trained model would make them.

    Args:
        successful: The successful grasps, rows (u, v, phi, w) in pixels and radians, [K, 4].
        view: The perfect depth, and what each pixel shows.
        camera: The camera of the image.
        gripper: The gripper, of which the largest opening counts.
        count: The number of grasps: one half anywhere on the object at any angle, the other half near a successful one.
        rng: The random generator that draws them.
    """
    row, column = np.nonzero(view.ids > 0)
    anywhere = count // 2
    chosen = rng.integers(len(row), size=anywhere)
    pixel = camera.fx / float(np.median(view.depth))
    widest = gripper.max_opening * pixel
    first = np.column_stack(
        [
            column[chosen],
            row[chosen],
            rng.uniform(-np.pi / 2, np.pi / 2, anywhere),
            rng.uniform(0.1, 1, anywhere) * widest,
        ]
    )
    near = successful[rng.integers(len(successful), size=count - anywhere)]
    second = near + rng.normal(size=near.shape) * (0.008 * pixel, 0.008 * pixel, 0.35, 0.01 * pixel)
    rows = np.concatenate([first, second])
    height, width = view.depth.shape
    rows[:, 0], rows[:, 1] = np.clip(rows[:, 0], 0, width - 1), np.clip(rows[:, 1], 0, height - 1)
    rows[:, 3] = np.clip(rows[:, 3], 0.005 * pixel, widest)
    return to_world(rows, view.depth, camera, gripper.max_opening)
