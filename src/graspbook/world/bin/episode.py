"""One episode: a bin is filled, photographed, and emptied grasp by grasp (`selfsup`, §IV-A).

Each grasp is photographed before and after. The picture after grasp k and the picture before grasp k + 1 show the
same moment but are two photographs: the stored layers of one rendering, lit and exposed anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from graspbook.core.generators import generator_place
from graspbook.world.assets.catalogue import Catalogue, Split
from graspbook.world.bin.beginning import begin_episode
from graspbook.world.bin.fill import fill
from graspbook.world.bin.notes import GraspNotes
from graspbook.world.bin.segmenter import Segmenter, find_items
from graspbook.world.config import Dials, WorldConfig
from graspbook.world.grippers.suction.gripper import Plan, SuctionGripper, cup_pixels, footprints
from graspbook.world.grippers.suction.pull import pull
from graspbook.world.grippers.suction.seal import Contact, ToolPose, press, read_gauges
from graspbook.world.physics.simulation import Cell
from graspbook.world.render.camera import Camera
from graspbook.world.render.renderer import Layers, Renderer
from graspbook.world.render.sensor import measure_depth, photograph
from graspbook.world.scene import Pose, Scene

MAX_FAILURES = 4
"""An episode ends after this many failures in a row."""
MAX_ATTEMPTS = 40
"""An episode ends after this many attempts."""
CONSIDERED = 3
"""How many of the believed masks are planned for; the best plan is executed."""


@dataclasses.dataclass(frozen=True, eq=False)
class Grasp:
    """One grasp, with everything known about it.

    Attributes:
        episode: The number of the episode, from 0.
        index: The number of the grasp within the episode, from 0.
        split: The split of the item's shape and texture, "train" or "test".
        before, after: The photographs before and after the grasp, RGB uint8 [H, W, 3].
        depth_before, depth_after: The measured depth along the optical axis in metres, float32 [H, W]; 0 is a drop-out.
        ids_before, ids_after: The true object ids, uint8 [H, W]; 0 is the background.
        visible, amodal: The visible and the amodal mask of the grasped item in `before`, bool [H, W]; all False if no
            cup touched an item.
        suction: The grasp mask g, bool [H, W]: the footprints of the active cups, or of all if none is active.
        cup_sealed: Whether each cup sealed, bool [5].
        cup_gauge: The pressure that each cup's gauge shows, relative to ambient, float32 [5] kPa.
        cup_uv: The pixel coordinates (u, v) of the cups' centres, float32 [5, 2].
        grasped_id: The id of the item under the first sealed (else the first touching) cup; 0 if there is none.
        outcome: How the pull ended, one of `graspbook.data.schema.OUTCOMES`.
        moved: The distance that every other item moved, by object id: metres between its centres of mass before and
            after; items that left the bin are counted to where they were last.
        n_objects: The number of items in the bin in `before`.
        camera: The camera of both pictures.
        lost_while_filling: The number of items that missed the bin before the episode's first picture.
    """

    episode: int
    index: int
    split: str
    before: np.ndarray
    after: np.ndarray
    depth_before: np.ndarray
    depth_after: np.ndarray
    ids_before: np.ndarray
    ids_after: np.ndarray
    visible: np.ndarray
    amodal: np.ndarray
    suction: np.ndarray
    cup_sealed: np.ndarray
    cup_gauge: np.ndarray
    cup_uv: np.ndarray
    grasped_id: int
    outcome: str
    moved: dict[int, float]
    n_objects: int
    camera: Camera
    lost_while_filling: int = 0


def run_episode(
    seed: int,
    split: Split,
    catalogue: Catalogue,
    config: WorldConfig,
    segmenter: Segmenter,
    number: int = 0,
    renderer: Renderer | None = None,
    notes: GraspNotes | None = None,
) -> Iterator[Grasp]:
    """Fills a bin and empties it, one grasp after another.

    Args:
        seed: The seed of the whole collection; (seed, split, number) decide everything.
        split: The split of shapes and textures, "train" or "test".
        catalogue: The catalogue that shapes and textures are drawn from.
        config: The configuration of the world.
        segmenter: The segmenter that finds the objects, drawing from the episode's own generator.
        number: The number of the episode within the collection.
        renderer: The renderer of this catalogue; a new one is made by default.
        notes: What takes down what is chaotic, for `redraw_episode`.

    Yields:
        Grasps until the bin is empty, `MAX_FAILURES` attempts in a row failed, or `MAX_ATTEMPTS` were made. An
        attempt for which the segmenter found no item with depth is a failure without a grasp.

    Raises:
        InputError: If the split is unknown, or masks do not have the image's shape.
    """
    start = begin_episode(seed, split, catalogue, config, number)
    rng, camera, looks, gripper = start.rng, start.camera, start.bins[0], SuctionGripper()
    renderer, notes = renderer or Renderer(catalogue), notes or GraspNotes()
    with Cell() as cell:
        lost = fill(cell, start.items, rng, config.dials.occlusion)
        scene = looks.scene(dict(cell.items), cell.poses())
        layers = renderer.render(scene, config.samples)
        index = failures = 0
        notes.lost, here = len(lost), notes.moments.note(cell)
        for _ in range(MAX_ATTEMPTS):
            if not cell.items or failures == MAX_FAILURES:
                return
            place = generator_place(rng)
            image, depth = photograph(layers, rng, config.dials), measure_depth(layers, rng)
            plan = _choose(find_items(segmenter, image, layers.ids, rng).masks, depth, camera, gripper, rng)
            if plan is None:
                failures += 1
                continue
            contact = press(plan.pose, layers.rays)
            gauges = read_gauges(contact, rng)
            pulled = pull(cell, contact, config.dials.neighbour_movement, rng)
            scene_after = looks.scene(dict(cell.items), cell.poses())
            moved = moved_by(scene.poses, scene_after.poses | pulled.last_poses, contact.grasped_id)
            there = notes.moments.note(cell)
            notes.grasp(here, there, place, generator_place(rng), plan.pose, contact, gauges, pulled.outcome, moved)
            # where nothing stirred, the moment is the same; only the photographs differ
            unchanged = same_poses(scene.poses, scene_after.poses)
            layers_after = layers if unchanged else renderer.render(scene_after, config.samples)
            yield record_grasp(
                renderer,
                config.dials,
                rng,
                Moment(scene, layers),
                Moment(scene_after, layers_after),
                plan.pose,
                contact,
                episode=number,
                index=index,
                split=split,
                before=image,
                depth_before=depth,
                cup_gauge=gauges,
                outcome=pulled.outcome,
                moved=moved,
                lost_while_filling=len(lost),
            )
            failures = 0 if pulled.outcome == "success" else failures + 1
            scene, layers, index, here = scene_after, layers_after, index + 1, there


@dataclasses.dataclass(frozen=True, eq=False)
class Moment:
    """A bin as it stands, and its rendering.

    Attributes:
        scene: The items, their poses, the bin, the light and the camera.
        layers: The rendering of the scene.
    """

    scene: Scene
    layers: Layers


def record_grasp(
    renderer: Renderer,
    dials: Dials,
    rng: np.random.Generator,
    start: Moment,
    end: Moment,
    tool: ToolPose,
    contact: Contact,
    **known: object,
) -> Grasp:
    """Takes the picture afterwards, and puts together all that is known about a grasp.

    Args:
        renderer: The renderer of the scene's catalogue.
        dials: The world's dials; the photograph uses `light_flicker`.
        rng: The source of randomness of the photograph and of the depth image afterwards, drawn in this order.
        start: The moment that the grasp was planned for.
        end: The moment after the pull.
        tool: The pose of the tool.
        contact: What the cups met.
        known: The fields of `Grasp` that do not follow from these.
    """
    scene, grasped = start.scene, contact.grasped_id
    return Grasp(
        **known,
        after=photograph(end.layers, rng, dials),
        depth_after=measure_depth(end.layers, rng),
        ids_before=start.layers.ids,
        ids_after=end.layers.ids,
        visible=(start.layers.ids == grasped) & (grasped > 0),
        amodal=_amodal(renderer, scene, grasped),
        suction=_suction(contact, tool, scene.camera),
        cup_sealed=contact.sealed,
        cup_uv=cup_pixels(contact, scene.camera),
        grasped_id=grasped,
        n_objects=len(scene.items),
        camera=scene.camera,
    )


def _choose(
    masks: np.ndarray, depth: np.ndarray, camera: Camera, gripper: SuctionGripper, rng: np.random.Generator
) -> Plan | None:
    """Plans for a few of the masks that the segmenter found, and returns the best plan, if there is any."""
    chosen = rng.permutation(len(masks))[:CONSIDERED]
    plans = [gripper.plan(depth, camera, masks[k], rng) for k in chosen]
    return max((plan for plan in plans if plan), key=lambda plan: plan.score, default=None)


def _amodal(renderer: Renderer, scene: Scene, grasped: int) -> np.ndarray:
    """The whole outline of an item, bool [H, W], as if nothing stood in front of it; all False for id 0."""
    if grasped == 0:
        return np.zeros((scene.camera.height, scene.camera.width), bool)
    return renderer.silhouette(scene.items[grasped], scene.poses[grasped], scene.camera)


def _suction(contact: Contact, tool: ToolPose, camera: Camera) -> np.ndarray:
    """The grasp mask g: footprints of the active cups, or of all cups where none is active."""
    masks = footprints(contact, tool, camera)
    return masks[contact.sealed].any(axis=0) if contact.sealed.any() else masks.any(axis=0)


def same_poses(before: Mapping[int, Pose], after: Mapping[int, Pose]) -> bool:
    """Whether the same items stand at exactly the same poses.

    Args:
        before: The poses by object id at one moment.
        after: The poses by object id at another.
    """
    return before.keys() == after.keys() and all(
        np.array_equal(old, new) for k in before for old, new in zip(before[k], after[k], strict=True)
    )


def moved_by(before: Mapping[int, Pose], after: Mapping[int, Pose], grasped: int) -> dict[int, float]:
    """How far each item but the grasped one has moved: metres between its centres of mass before and after.

    Args:
        before: The poses by object id at one moment.
        after: The poses of the same items at another, or when they were last seen.
        grasped: The id of the grasped item.
    """
    return {
        object_id: float(np.linalg.norm(after[object_id][1] - before[object_id][1]))
        for object_id in before
        if object_id != grasped
    }
