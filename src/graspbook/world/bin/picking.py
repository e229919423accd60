"""The robot picks: objects are cycled between two bins, found by a segmentation model (`selfsup`, §IV-A, §VI-A).

Each attempt takes a new picture, asks a segmenter for masks, plans on all of them, and executes the plan that
lands the most cups, along a path that hits nothing seen; a robot that expects too few seals looks into the other bin
first. What comes out is carried to the other bin. Models are compared on the same bins: how an episode starts does
not depend on the segmenter, and what an attempt draws depends on its number alone, so two models part only where they
act differently.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator

import numpy as np

from graspbook.core.errors import InputError
from graspbook.instances.types import Instances
from graspbook.world.assets.catalogue import Catalogue, Split, in_split
from graspbook.world.assets.items import Item
from graspbook.world.bin.beginning import Looks, begin_picking
from graspbook.world.bin.episode import Grasp, Moment, moved_by, record_grasp, same_poses
from graspbook.world.bin.fill import fill
from graspbook.world.bin.pick_notes import PickNotes
from graspbook.world.bin.segmenter import Segmenter, find_items
from graspbook.world.bin.transfer import Load, carry
from graspbook.world.config import Dials, WorldConfig
from graspbook.world.grippers.suction import housing
from graspbook.world.grippers.suction.expected_seals import ExpectedSeals
from graspbook.world.grippers.suction.gripper import Plan, SuctionGripper, cup_pixels
from graspbook.world.grippers.suction.pull import Pulled, pull
from graspbook.world.grippers.suction.seal import N_CUPS, Contact, press, read_gauges
from graspbook.world.physics.simulation import Cell
from graspbook.world.render.camera import Camera
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import Layers, Renderer
from graspbook.world.render.sensor import measure_depth, photograph
from graspbook.world.scene import Scene

MAX_FAILURES = 1
"""After this many failures in a row the robot turns to the other bin. A failure seldom changes anything, so a second
try meets the same object in the same pose: with four tries in a row, most failures of the true masks are repeats."""
WORTHWHILE = 2.0
"""Seals that a plan should promise before the robot tries it rather than look into the other bin. Chosen on 40 bins of
known objects, seen with their true masks: 2 left fewer failures than 1.5; 1 had been tried on the first test bins."""
MAX_PLANNED = 30
"""No more than this many masks are planned for, those with the highest scores."""
PUT_DOWN = (0.13, 0.07)
"""Half length and half width of the area of the other bin over which items are put down, metres."""

# what a generator is for; never 0, because trailing zeros of a seed do not count
_START, _PICTURE, _PLAN, _TOOL, _PICTURE_AFTER = range(1, 6)


@dataclasses.dataclass(frozen=True, eq=False)
class Pick:
    """One attempt, with everything known about it.

    Attributes:
        episode: The number of the episode, from 0.
        attempt: The number of the attempt within the episode, from 0.
        bin: The bin that was picked from, 0 or 1; bin 0 is the one that was full at first.
        image: The photograph before the attempt, RGB uint8 [H, W, 3].
        depth: The measured depth along the optical axis in metres, float32 [H, W]; 0 is a drop-out.
        ids: The true object ids, uint8 [H, W]; 0 is the background. An object keeps its id in the other bin.
        detections: The masks and scores that the segmenter found in `image`.
        chosen: The index into `detections.masks` of the mask that was grasped; -1 where none was.
        planned_cups: The number of cups that the plan meant to land; 0 without a plan.
        outcome: How the attempt ended, one of `graspbook.world.bin.picks.PICK_OUTCOMES`.
        n_objects: The number of objects in the bin before the attempt.
        held: Whether the gauges showed a seal until the tool let go over the other bin: all that the robot itself knows
            of its success. They do not tell one object from two, nor what falls later.
        cup_sealed: Whether each cup sealed, bool [5].
        cup_ids: The id of the object under each cup, int [5]; 0 where there is none, and all 0 where the tool never
            pressed.
        cup_uv: The pixel coordinates (u, v) of the cups' centres, float32 [5, 2]; in a collision, where they would have
            stood; NaN without a plan.
        grasp: The grasp as `run_episode` yields it, with its `index` = `attempt`, its `outcome` that of the pull alone,
            and its `split` that of the grasped object ("train" without one); None where the tool never pressed.
    """

    episode: int
    attempt: int
    bin: int
    image: np.ndarray
    depth: np.ndarray
    ids: np.ndarray
    detections: Instances
    chosen: int
    planned_cups: int
    outcome: str
    n_objects: int
    held: bool
    cup_sealed: np.ndarray
    cup_ids: np.ndarray
    cup_uv: np.ndarray
    grasp: Grasp | None


def run_picking(
    seed: int,
    catalogue: Catalogue,
    config: WorldConfig,
    segmenter: Segmenter,
    number: int = 0,
    *,
    attempts: int,
    share_new: float,
    gripper: SuctionGripper | None = None,
    worthwhile: float = WORTHWHILE,
    renderer: Renderer | None = None,
    notes: PickNotes | None = None,
) -> Iterator[Pick]:
    """Fills one bin and cycles its objects between it and another.

    After a failure to find anything to grasp, and after `MAX_FAILURES` failures in a row, the robot turns to the
    other bin. So it does, without an attempt, where its best plan is not worthwhile; where neither bin offers one that
    is, it tries what it has. Seeing nothing in a bin that is empty is no attempt; grasping in an empty bin is one, and
    fails.

    Args:
        seed: The seed of the whole evaluation; (seed, number) decide how the episode starts, whatever the segmenter.
        catalogue: The catalogue that shapes and textures are drawn from.
        config: The configuration of the world.
        segmenter: The segmenter that finds the objects in each picture.
        number: The number of the episode within the evaluation.
        attempts: The largest number of attempts; the episode also ends when no object is left in either bin.
        share_new: The probability, from 0 to 1, that an object is of the split "test" (shape and texture), else
            "train".
        gripper: The planner that chooses where to grasp; `ExpectedSeals` by default.
        worthwhile: The score of a plan below which the robot first looks into the other bin; -inf: it never does.
        renderer: The renderer of this catalogue; a new one is made by default.
        notes: What takes down what is chaotic, for `redraw_picking`.

    Yields:
        The attempts, one after another.

    Raises:
        InputError: If `attempts` or `share_new` is out of range, or masks do not have the image's shape.
    """
    if attempts < 1 or not 0 <= share_new <= 1:
        raise InputError(f"attempts, share_new: expected at least 1 and 0 to 1, got {attempts}, {share_new}")
    start = begin_picking(generator_of_start(seed, number), catalogue, config, share_new)
    renderer, gripper, notes = renderer or Renderer(catalogue), gripper or ExpectedSeals(), notes or PickNotes()
    camera, dials = start.camera, config.dials
    with Cell() as first, Cell() as second:
        bins = [_Bin(cell, looks) for cell, looks in zip((first, second), start.bins, strict=True)]
        n_missed = notes.lost = len(fill(first, start.items, start.rng, dials.occlusion))
        here = failures = attempt = 0
        declined = False  # since the last attempt, the robot has looked into a bin and left it alone
        while attempt < attempts and (first.items or second.items):
            source, target = bins[here], bins[1 - here]
            now = source.look(renderer, config.samples)
            scene, layers = now.scene, now.layers
            image, depth = look_before(layers, dials, seed, number, attempt)
            # what a segmenter draws depends on the image's bytes alone, so that equal pictures give equal masks
            found = find_items(segmenter, image, layers.ids, np.random.default_rng(zlib.crc32(image.tobytes())))
            chosen, plan = choose(found, depth, camera, gripper, (seed, number, attempt, _PLAN))
            if plan is None and not scene.items:
                # rightly seen as empty; something lies in the other bin, or the episode would be over
                here, failures = 1 - here, 0
                continue
            if not declined and (plan.score if plan else -np.inf) < worthwhile:
                here, failures, declined = 1 - here, 0, True
                continue
            declined = False
            before, rng = notes.moments.note(source.cell), _generator(seed, number, attempt, _TOOL)
            tried = _execute(plan, scene, layers.rays, source.cell, target.cell, dials, rng) if plan else None
            outcome = tried.outcome if tried else "no_plan" if len(found.masks) else "no_mask"
            grasp = None
            if tried and tried.pulled:
                after, last = source.look(renderer, config.samples), tried.pulled.last_poses
                grasp = record_grasp(
                    renderer,
                    dials,
                    generator_after(seed, number, attempt),
                    now,
                    after,
                    plan.pose,
                    tried.contact,
                    episode=number,
                    index=attempt,
                    split=split_of(scene.items.get(tried.contact.grasped_id)),
                    before=image,
                    depth_before=depth,
                    cup_gauge=tried.gauges,
                    outcome=tried.pulled.outcome,
                    moved=moved_by(scene.poses, after.scene.poses | last, tried.contact.grasped_id),
                    lost_while_filling=n_missed,
                )
            notes.begin_row(here, before, outcome, found, chosen, plan.n_cups if plan else 0)
            if tried:
                notes.met(plan.pose, tried.contact, tried.gauges, tried.held)
            if grasp:
                notes.pulled(notes.moments.note(source.cell), grasp.outcome, grasp.moved)
            yield record_pick(
                camera,
                tried.contact if tried else None,
                grasp,
                episode=number,
                attempt=attempt,
                bin=here,
                image=image,
                depth=depth,
                ids=layers.ids,
                detections=found,
                chosen=chosen,
                planned_cups=plan.n_cups if plan else 0,
                outcome=outcome,
                n_objects=len(scene.items),
                held=tried is not None and tried.held,
            )
            attempt += 1
            failures = 0 if outcome == "success" else failures + 1
            if plan is None or failures == MAX_FAILURES:
                here, failures = 1 - here, 0


def choose(
    detections: Instances, depth: np.ndarray, camera: Camera, gripper: SuctionGripper, key: tuple[int, ...]
) -> tuple[int, Plan | None]:
    """Plans for the masks with the highest scores, and picks the plan that should land the most cups.

    Args:
        detections: The masks and scores of one picture.
        depth: The measured depth in metres, float32 [H, W]; 0 is a drop-out.
        camera: The camera of the depth image.
        gripper: The planner that chooses where to grasp within a mask.
        key: The seed of the planning of every mask alike, so that a mask's plan does not depend on what else is found.

    Returns:
        The index of the chosen mask and its plan; -1 and None if none can be planned for.

    Raises:
        InputError: If the masks and the depth image differ in shape.
    """
    plans = {}
    for index, mask in enumerate(detections.masks[:MAX_PLANNED]):
        plan = gripper.plan(depth, camera, mask, np.random.default_rng(key), housing.clear)
        if plan is not None:
            plans[index] = plan
    best = max(plans, key=lambda index: (plans[index].n_cups, plans[index].score), default=-1)
    return best, plans.get(best)


def record_pick(camera: Camera, contact: Contact | None, grasp: Grasp | None, **known: object) -> Pick:
    """Puts together all that is known about an attempt.

    Args:
        camera: The camera of the picture.
        contact: What the cups met, or in a collision would have met; None without a plan.
        grasp: The grasp; None where the tool never pressed.
        known: The fields of `Pick` that do not follow from these.
    """
    return Pick(
        **known,
        cup_sealed=grasp.cup_sealed if grasp else np.zeros(N_CUPS, bool),
        cup_ids=contact.object_ids if grasp else np.zeros(N_CUPS, np.int64),
        cup_uv=cup_pixels(contact, camera) if contact else np.full((N_CUPS, 2), np.nan, np.float32),
        grasp=grasp,
    )


def generator_of_start(seed: int, number: int) -> np.random.Generator:
    """The generator of how an episode begins.

    Args:
        seed: The seed of the whole evaluation.
        number: The number of the episode within the evaluation.
    """
    return _generator(seed, number, 0, _START)


def look_before(layers: Layers, dials: Dials, seed: int, number: int, attempt: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture and the depth image before an attempt.

    Args:
        layers: The rendering of the bin.
        dials: The world's dials; `light_flicker` is used.
        seed: The seed of the whole evaluation.
        number: The number of the episode within the evaluation.
        attempt: The number of the attempt.

    Returns:
        The photograph, RGB uint8 [H, W, 3], and the measured depth in metres, float32 [H, W].
    """
    rng = _generator(seed, number, attempt, _PICTURE)
    return photograph(layers, rng, dials), measure_depth(layers, rng)


def generator_after(seed: int, number: int, attempt: int) -> np.random.Generator:
    """The generator of the picture and the depth image after an attempt.

    Args:
        seed: The seed of the whole evaluation.
        number: The number of the episode within the evaluation.
        attempt: The number of the attempt.
    """
    return _generator(seed, number, attempt, _PICTURE_AFTER)


class _Bin:
    """One of the two bins: what is in it, its looks, and the last rendering of it."""

    def __init__(self, cell: Cell, looks: Looks) -> None:
        self.cell, self._looks = cell, looks
        self._seen: Moment | None = None

    def look(self, renderer: Renderer, samples: int) -> Moment:
        """The bin as it stands, rendered anew only if something stirred."""
        scene = self._looks.scene(dict(self.cell.items), self.cell.poses())
        if self._seen is None or not same_poses(self._seen.scene.poses, scene.poses):
            self._seen = Moment(scene, renderer.render(scene, samples))
        return self._seen


@dataclasses.dataclass(frozen=True, eq=False)
class _Tried:
    """What came of a plan; without `pulled`, the tool never pressed, and `contact` is what it would have met."""

    outcome: str
    contact: Contact
    gauges: np.ndarray | None = None
    pulled: Pulled | None = None
    held: bool = False


def _execute(
    plan: Plan, scene: Scene, rays: RayScene, source: Cell, target: Cell, dials: Dials, rng: np.random.Generator
) -> _Tried:
    """Lowers the tool, pulls, and carries what comes out to the other bin."""
    # drawn first, so that it does not depend on what the pull draws
    over = rng.uniform(-1, 1, 2) * PUT_DOWN
    contact = press(plan.pose, rays)
    if housing.collides(plan.pose, contact, rays):
        return _Tried("collision", contact)
    gauges = read_gauges(contact, rng)
    pulled = pull(source, contact, dials.neighbour_movement, rng)
    outcome, held = pulled.outcome, False
    if pulled.taken:
        load = Load(
            items={object_id: scene.items[object_id] for object_id in pulled.taken},
            sealed_at={object_id: scene.poses[object_id] for object_id in pulled.taken},
            poses={object_id: pulled.last_poses[object_id] for object_id in pulled.taken},
            contact=contact,
            peeled=pulled.peeled,
        )
        carried = carry(target, load, over)
        held = bool(carried.held)
        if outcome == "success" and carried.fallen:
            outcome = "fell"
        elif outcome == "success" and carried.thrown:
            outcome = "lost"
    return _Tried(outcome, contact, gauges, pulled, held)


def split_of(item: Item | None) -> Split:
    """The split an item is of; "train" for none.

    Args:
        item: The item, or None.
    """
    return "test" if item and in_split(item.shape.number, "test") else "train"


def _generator(*key: int) -> np.random.Generator:
    """A generator that depends on (seed, number, attempt, what it is for) alone."""
    return np.random.default_rng(key)
