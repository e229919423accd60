"""An episode of picking once more, from its state: the pictures are drawn, no segmenter and no planner is asked."""

from __future__ import annotations

from collections.abc import Iterator

from graspbook.data.schema import OUTCOMES
from graspbook.data.states import State
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.bin.beginning import begin_picking
from graspbook.world.bin.episode import Moment, record_grasp
from graspbook.world.bin.notes import contact_in, moments_in
from graspbook.world.bin.pick_notes import detections_in
from graspbook.world.bin.picking import Pick, generator_after, generator_of_start, look_before, record_pick, split_of
from graspbook.world.bin.picks import PICK_OUTCOMES
from graspbook.world.config import WorldConfig
from graspbook.world.render.renderer import Renderer


def redraw_picking(
    state: State,
    seed: int,
    catalogue: Catalogue,
    config: WorldConfig,
    number: int = 0,
    *,
    share_new: float,
    renderer: Renderer | None = None,
) -> Iterator[Pick]:
    """The attempts that `run_picking` yielded; masks that were not chosen are empty, their scores without meaning.

    Args:
        state: What was taken down then (`PickNotes.state`).
        seed: The seed of the whole evaluation.
        catalogue: The catalogue that shapes and textures are drawn from.
        config: The configuration of the world.
        number: The number of the episode within the evaluation.
        share_new: The probability, from 0 to 1, that an object is of the split "test", else "train".
        renderer: The renderer of this catalogue; a new one is made by default.

    Yields:
        The attempts, one after another.
    """
    start = begin_picking(generator_of_start(seed, number), catalogue, config, share_new)
    renderer = renderer or Renderer(catalogue)
    camera, moments, used = start.camera, moments_in(state, start.items), 0
    seen: dict[int, tuple[int, Moment]] = {}

    def look(here: int, moment: int) -> Moment:
        """A bin at a moment, rendered anew only if something has stirred since it was last looked at."""
        if here not in seen or seen[here][0] != moment:
            scene = start.bins[here].scene(*moments[moment])
            seen[here] = moment, Moment(scene, renderer.render(scene, config.samples))
        return seen[here][1]

    for attempt, found in enumerate(detections_in(state, camera.height, camera.width)):
        row = {name: state[name][attempt].item() for name in ("bin", "before", "after", "planned", "pull")}
        before = look(row["bin"], row["before"])
        image, depth = look_before(before.layers, config.dials, seed, number, attempt)
        tool, contact = contact_in(state, attempt)
        grasp = None
        if row["after"] >= 0:
            others = [key for key in sorted(before.scene.items) if key != contact.grasped_id]
            grasp = record_grasp(
                renderer,
                config.dials,
                generator_after(seed, number, attempt),
                before,
                look(row["bin"], row["after"]),
                tool,
                contact,
                episode=number,
                index=attempt,
                split=split_of(before.scene.items.get(contact.grasped_id)),
                before=image,
                depth_before=depth,
                cup_gauge=state["gauges"][attempt],
                outcome=OUTCOMES[row["pull"]],
                moved=dict(zip(others, state["moved"][used : used + len(others)].tolist(), strict=True)),
                lost_while_filling=int(state["lost"][0]),
            )
            used += len(others)
        yield record_pick(
            camera,
            contact if row["planned"] else None,
            grasp,
            episode=number,
            attempt=attempt,
            bin=row["bin"],
            image=image,
            depth=depth,
            ids=before.layers.ids,
            detections=found,
            chosen=int(state["chosen"][attempt]),
            planned_cups=int(state["planned_cups"][attempt]),
            outcome=PICK_OUTCOMES[state["outcome"][attempt]],
            n_objects=len(before.scene.items),
            held=bool(state["held"][attempt]),
        )
