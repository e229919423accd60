"""An episode of grasping once more, from its state: the pictures are drawn, nothing falls and nothing is planned."""

from __future__ import annotations

from collections.abc import Iterator

from graspbook.core.generators import generator_from
from graspbook.data.schema import OUTCOMES
from graspbook.data.states import State
from graspbook.world.assets.catalogue import Catalogue, Split
from graspbook.world.bin.beginning import begin_episode
from graspbook.world.bin.episode import Grasp, Moment, record_grasp
from graspbook.world.bin.notes import contact_in, moments_in
from graspbook.world.config import WorldConfig
from graspbook.world.render.renderer import Renderer
from graspbook.world.render.sensor import measure_depth, photograph


def redraw_episode(
    state: State,
    seed: int,
    split: Split,
    catalogue: Catalogue,
    config: WorldConfig,
    number: int = 0,
    renderer: Renderer | None = None,
) -> Iterator[Grasp]:
    """The grasps that `run_episode` yielded.

    Args:
        state: What was taken down then (`GraspNotes.state`).
        seed: The seed of the whole collection.
        split: The split of shapes and textures, "train" or "test".
        catalogue: The catalogue that shapes and textures are drawn from.
        config: The configuration of the world.
        number: The number of the episode within the collection.
        renderer: The renderer of this catalogue; a new one is made by default.

    Yields:
        The grasps, one after another.
    """
    start, renderer = begin_episode(seed, split, catalogue, config, number), renderer or Renderer(catalogue)
    scenes = [start.bins[0].scene(*moment) for moment in moments_in(state, start.items)]
    seen: dict[int, Moment] = {}
    used = 0
    for index, ends in enumerate(zip(state["before"].tolist(), state["after"].tolist(), strict=True)):
        seen = {k: seen.get(k) or Moment(scenes[k], renderer.render(scenes[k], config.samples)) for k in ends}
        before, after = (seen[k] for k in ends)
        tool, contact = contact_in(state, index)
        others = [key for key in sorted(before.scene.items) if key != contact.grasped_id]
        rng = generator_from(state["drawn_before"][index])
        image, depth = photograph(before.layers, rng, config.dials), measure_depth(before.layers, rng)
        yield record_grasp(
            renderer,
            config.dials,
            generator_from(state["drawn_after"][index]),
            before,
            after,
            tool,
            contact,
            episode=number,
            index=index,
            split=split,
            before=image,
            depth_before=depth,
            cup_gauge=state["gauges"][index],
            outcome=OUTCOMES[state["outcome"][index]],
            moved=dict(zip(others, state["moved"][used : used + len(others)].tolist(), strict=True)),
            lost_while_filling=int(state["lost"][0]),
        )
        used += len(others)
