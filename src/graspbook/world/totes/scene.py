"""One tote of apparel: drawn, laid, photographed, and asked about (§V-A)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.assets.items import Item
from graspbook.world.assets.tote import draw_tote
from graspbook.world.choices import Choices
from graspbook.world.labellers.coins import draw_answers
from graspbook.world.render.camera import Camera, draw_camera
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import Layers, Renderer
from graspbook.world.render.sensor import photograph
from graspbook.world.scene import Pose, Scene, draw_light
from graspbook.world.totes.answers import Answers, Question
from graspbook.world.totes.config import ApparelConfig
from graspbook.world.totes.laying import HeightMap, Placed, draw_place, lay_all
from graspbook.world.totes.packs import draw_pack


@dataclasses.dataclass(frozen=True, eq=False)
class ToteScene:
    """A tote before anybody looks at it.

    Attributes:
        placed: The bags at their places, the lowest first; bag number i + 1 of `scene` is placed[i].
        scene: The items, their poses, the tote, the light and the camera.
    """

    placed: tuple[Placed, ...]
    scene: Scene

    @property
    def films(self) -> tuple[int, ...]:
        """Numbers of the transparent bags."""
        return tuple(k for k, place in enumerate(self.placed, 1) if place.pack.kind == "film")


def muted(catalogue: Catalogue, contrast: float) -> Catalogue:
    """A catalogue without shapes, its textures drawn towards their mean colour, as prints seen through film.

    Args:
        catalogue: The catalogue whose textures are muted.
        contrast: The share of the contrast that is left, from 0 to 1.
    """
    pool = catalogue.texture_pool.astype(np.float32)
    mean = pool.mean((1, 2), keepdims=True)
    return Catalogue((), np.clip(mean + contrast * (pool - mean), 0, 255).astype(np.uint8))


def draw_tote_scene(
    rng: np.random.Generator, config: ApparelConfig, textures: np.ndarray, choices: Choices | None = None
) -> ToteScene:
    """Draws a tote of bags.

    Args:
        rng: The source of randomness.
        config: The configuration of the totes and their packs.
        textures: The indices into the texture pool that prints are drawn from, int [K].
        choices: Where bags are laid; by default, that is found out.
    """
    choices = choices or Choices()
    camera, looks, light = draw_camera(rng, config.height), draw_tote(rng, config.dials), draw_light(rng, config.dials)
    tote_texture = int(rng.choice(textures))
    count = int(rng.integers(config.min_packs, config.max_packs + 1))
    packs = [draw_pack(rng, config, textures, tote_texture) for _ in range(count)]
    if rng.random() < config.films:
        packs.append(draw_pack(rng, config, textures, tote_texture, film=True))
    heap, placed = HeightMap(), []
    for pack in packs:
        placed.append(draw_place(rng, pack, heap, choices=choices))
        if not choices.follow:
            heap.lay(placed[-1])
    items, poses = lay_all(placed)
    return ToteScene(tuple(placed), Scene(items, poses, looks, light, camera))


def render(tote: ToteScene, renderer: Renderer, samples: int) -> Layers:
    """Renders a tote; where a bag is translucent, what is below the translucent bags shines through.

    Args:
        tote: The tote to render.
        renderer: The renderer, made of the catalogue whose textures the bags wear.
        samples: The number of light samples per pixel along each axis.

    Returns:
        The light, the ids and the depth of each pixel; ids and depth are those of the uppermost bag, opaque or not.
    """
    layers = renderer.render(tote.scene, samples)
    opacity = np.ones(len(tote.placed) + 1, np.float32)
    opacity[1:] = [place.pack.opacity for place in tote.placed]
    clear = {key for key in tote.scene.items if opacity[key] < 1}
    if not clear:
        return layers
    below = renderer.render(_without(tote.scene, clear), samples)
    share = opacity[layers.ids][..., None]
    ambient, direct = (
        share * getattr(layers, name) + (1 - share) * getattr(below, name) for name in ("ambient", "direct")
    )
    return dataclasses.replace(layers, ambient=ambient, direct=direct)


def ask(tote: ToteScene, layers: Layers, rng: np.random.Generator, agreement: float) -> Answers:
    """The codes of a tote's pixels, its questions, and answers drawn by its coins (see `answers`).

    Args:
        tote: The tote.
        layers: The rendering of the tote, as `render` returns it.
        rng: The source of the coins.
        agreement: The probability that an answer follows the tote's coin.
    """
    films, (top, below) = set(tote.films), pixel_codes(tote, layers)
    seen = set(np.unique(top // 2)) | set(np.unique(below // 2))
    questioned = [k for k, place in enumerate(tote.placed, 1) if k in seen and (place.pack.ambiguous or k in films)]
    coin = bool(rng.random() < 0.5)
    answers = draw_answers(rng, coin, len(questioned), agreement)
    questions = tuple(
        Question(k, tote.placed[k - 1].pack.kind, two) for k, two in zip(questioned, answers, strict=True)
    )
    return Answers(top, below, questions, coin)


def pixel_codes(tote: ToteScene, layers: Layers) -> tuple[np.ndarray, np.ndarray]:
    """The codes (see `Answers`) of what is seen with and without films, each uint8 [H, W].

    Args:
        tote: The tote.
        layers: The rendering of the tote, as `render` returns it.
    """
    films = set(tote.films)
    top = below = _codes(tote, layers.ids, layers.depth)
    if films:
        scene = _without(tote.scene, films)
        below = _codes(tote, *_first_hits(scene.items, scene.poses, tote.scene.camera))
    return top, below


def photograph_tote(
    tote: ToteScene,
    renderer: Renderer,
    rng: np.random.Generator,
    config: ApparelConfig,
    known: tuple[tuple[Question, ...], bool] | None = None,
) -> tuple[np.ndarray, Answers]:
    """A photograph of a tote, and what it may be labelled as.

    Args:
        tote: The tote.
        renderer: The renderer, made of the catalogue whose textures the bags wear.
        rng: The source of the photograph's flicker and noise, then of the coins.
        config: The configuration of the totes.
        known: The questions with their answers, and the coin; by default, they are drawn.

    Returns:
        The photograph, sRGB-like uint8 [H, W, 3], and its `Answers`.
    """
    layers = render(tote, renderer, config.samples)
    image = photograph(layers, rng, config.dials)
    if known is not None:
        return image, Answers(*pixel_codes(tote, layers), *known)
    return image, ask(tote, layers, rng, config.agreement)


def _codes(tote: ToteScene, ids: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Codes (see `Answers`) of pixels that show bags `ids` at `depth`, uint8 [H, W]."""
    camera = tote.scene.camera
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    points = camera.backproject(np.stack([u, v], -1), depth)
    codes = 2 * ids.astype(np.uint8)
    for number, place in enumerate(tote.placed, 1):
        pixels = ids == number
        if place.pack.ambiguous and pixels.any():
            x, _ = place.local(points[pixels][:, 0], points[pixels][:, 1])
            codes[pixels] += place.pack.part(x).astype(np.uint8)
    return codes


def _first_hits(items: Mapping[int, Item], poses: Mapping[int, Pose], camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Numbers uint8 [H, W] and depth float32 [H, W] of what is seen, without light."""
    rays = RayScene(items, poses)
    hits = rays.cast(*camera.rays(1))
    shape = camera.height, camera.width
    return rays.object_at(hits).reshape(shape), np.where(hits.geom >= 0, hits.t, 0).reshape(shape)


def _without(scene: Scene, keys: set[int]) -> Scene:
    items = {key: item for key, item in scene.items.items() if key not in keys}
    return dataclasses.replace(scene, items=items, poses={key: scene.poses[key] for key in items})
