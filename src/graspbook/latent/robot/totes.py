"""Two totes that are emptied pack by pack, and what the robot sees of them (§V-E).

The robot of the paper empties one of two totes into the other, again and again. Here a tote is filled, and after each
look one pack is taken out and the others sink, the same one whatever anybody would have grasped: so every model sees
the same pictures, and each grasp is tried as if it were the only one. Two totes are in use at any time, and an empty
one is filled anew; a number names a filling.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, UInt8

from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.labellers.coins import draw_answers
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import Renderer
from graspbook.world.render.sensor import measure_depth, photograph
from graspbook.world.totes.config import ApparelConfig
from graspbook.world.totes.laying import lay_all
from graspbook.world.totes.scene import ToteScene, draw_tote_scene, muted, render

STREAM = 77
"""Of random numbers, so that the robot's totes are those of no data set."""


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """Contents of a tote at one moment, its pictures, and the truth.

    Attributes:
        filling: Number of the tote's filling.
        left: Number of packs in the tote.
        image: RGB image, uint8 [h, w, 3].
        depth: Depth along the optical axis, metres, [h, w]; 0 where the sensor has none.
        tote: Packs in the tote, the lowest first.
        two: Whether each pack is two items, as the filling's coin says.
    """

    filling: int
    left: int
    image: UInt8[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]
    tote: ToteScene
    two: tuple[bool, ...]

    def rays(self) -> RayScene:
        """The packs as they lie."""
        return RayScene(self.tote.scene.items, self.tote.scene.poses)

    def items_at(self, packs: np.ndarray, points: Float[np.ndarray, "n 3"]) -> np.ndarray:
        """Which item each point on a pack belongs to: 2 x the pack's number, plus 1 in the second of two.

        Args:
            packs: Number of the pack under each point, from 1, [n].
            points: World points on these packs, metres, [n, 3].
        """
        items = 2 * packs.astype(np.int64)
        for number, place in enumerate(self.tote.placed, 1):
            pixels = packs == number
            if pixels.any() and self.two[number - 1]:
                x, _ = place.local(points[pixels][:, 0], points[pixels][:, 1])
                items[pixels] += place.pack.part(x)
        return items


@functools.cache
def tools(data_dir: str, contrast: float) -> tuple[Catalogue, Renderer]:
    """The catalogue, and a renderer of its muted prints, once in each process.

    Args:
        data_dir: Folder that holds `catalogue/`.
        contrast: Contrast of the prints, 0..1.
    """
    catalogue = Catalogue.load(data_dir)
    return catalogue, Renderer(muted(catalogue, contrast))


def looks_at(
    filling: int, seed: int, config: ApparelConfig, catalogue: Catalogue, renderer: Renderer, least: int
) -> Iterator[Look]:
    """Empties one filling of a tote, the topmost pack first, with a look before each pack.

    Args:
        filling: Number of the filling.
        seed: Seed of all fillings.
        config: Contents of the totes; films are left out, since what counts as an item of its own is then another
            question.
        catalogue: Catalogue of prints, of which those of the test images are used.
        renderer: Renderer with this catalogue's prints.
        least: Least number of packs in a tote that is looked into.
    """
    rng = np.random.default_rng([seed, STREAM, filling])
    config = dataclasses.replace(config, films=0.0)
    tote = draw_tote_scene(rng, config, catalogue.textures("test"))
    coin = bool(rng.random() < 0.5)
    answers = draw_answers(rng, coin, len(tote.placed), config.agreement)
    packs = [(place, bool(two) and place.pack.ambiguous) for place, two in zip(tote.placed, answers, strict=True)]
    while len(packs) >= least:
        placed, two = zip(*packs, strict=True)
        items, poses = lay_all(placed)
        now = ToteScene(placed, dataclasses.replace(tote.scene, items=items, poses=poses))
        layers = render(now, renderer, config.samples)
        image, depth = photograph(layers, rng, config.dials), measure_depth(layers, rng)
        yield Look(filling, len(packs), image, depth, now, two)
        del packs[-1]  # the last that was laid lies on top
