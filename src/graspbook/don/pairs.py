"""Pairs of views to learn from: drawn, augmented, with the pixels that match (§III, §III-A, §III-B)."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float32, UInt8

from graspbook.core.errors import InputError
from graspbook.data.bop import RgbdScene
from graspbook.don.augmentations import AugmentConfig, augment
from graspbook.don.config import Row, TrainConfig, enable
from graspbook.don.correspondences import View, draw_matches, map_pixels

PATIENCE = 200
"""So many pairs of views are drawn before it counts as certain that none overlaps."""
NO_CHANGE = None


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Two views of a scene.

    Attributes:
        scene: Index of the scene.
        images: RGB images A and B as the network sees them, uint8 [H, W, 3] each.
        a: Pixel coordinates (u, v) of the matches in A, float32 [n, 2].
        b: Pixel coordinates (u, v) of the matches in B, float32 [n, 2].
        inside: Row-major indices of B's pixels on known objects, or None where masks are not used.
        outside: Row-major indices of B's other pixels, or None where masks are not used.
        table: Pixel coordinates (u, v) in A, then in B, [m, 2] each, that show no known object and serve as further
            negatives; or None.
    """

    scene: int
    images: tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w 3"]]
    a: Float32[np.ndarray, "n 2"]
    b: Float32[np.ndarray, "n 2"]
    inside: np.ndarray | None
    outside: np.ndarray | None
    table: tuple[np.ndarray, np.ndarray] | None


class PairSource:
    """Draws the image pairs that a row learns from."""

    def __init__(self, scenes: list[RgbdScene], row: Row, train: TrainConfig, augmentations: AugmentConfig) -> None:
        """Takes scenes in memory.

        Args:
            scenes: Training scenes.
            row: Row to draw for.
            train: Tolerance of depth, and least number of matches.
            augmentations: Strengths of all augmentations; the row says which are used.

        Raises:
            InputError: The row wants masks, and a scene has none.
        """
        self.scenes, self.row, self.train = scenes, row, train
        self.augmentations = enable(augmentations, row.chosen) if row.chosen else NO_CHANGE
        self.masked = row.data == "single" or row.objects_only
        for scene in scenes:
            if (self.masked or row.background) and not scene.ids.any():
                raise InputError(f"{scene.folder}: field mask_visib: {row.title} needs masks, there are none")

    def batch(self, rng: np.random.Generator) -> list[Pair]:
        """Draws the pairs of one step.

        Args:
            rng: Source of all random draws.
        """
        pairs: list[Pair] = []
        for _ in range(self.row.batch):
            taken = {pair.scene for pair in pairs} if self.row.different_scenes else set()
            pairs.append(self.draw(rng, taken if len(taken) < len(self.scenes) else set()))
        return pairs

    def draw(self, rng: np.random.Generator, without: set[int] | frozenset[int] = frozenset()) -> Pair:
        """One pair, of a scene that is not among `without`.

        Args:
            rng: Source of all random draws.
            without: Indices of scenes to leave out.

        Raises:
            InputError: No two views share enough pixels; the message names the last scene tried.
        """
        places = [place for place in range(len(self.scenes)) if place not in without]
        for _ in range(PATIENCE):
            place = places[int(rng.integers(len(places)))]
            pair = self._between(place, *rng.choice(len(self.scenes[place].cameras), 2, replace=False), rng)
            if pair is not None:
                return pair
        raise InputError(
            f"{self.scenes[place].folder}: fields depth, cam_R_w2c: no two views have {self.train.least_matches} "
            "pixels in common"
        )

    def sample_cross_object(self, pair: Pair, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws a view of another object: the cross-object non-matches of [1].

        Args:
            pair: Pair whose objects the view must not show.
            rng: Source of the draws.

        Returns:
            RGB image, uint8 [H, W, 3], and the row-major indices of its object's pixels.

        Raises:
            InputError: No other scene shows another object.
        """
        own = set(self.scenes[pair.scene].objects)
        others = [place for place, scene in enumerate(self.scenes) if not own & set(scene.objects)]
        if not others:
            raise InputError(f"{self.scenes[pair.scene].folder}: field obj_id: no other scene shows another object")
        while True:
            scene = self.scenes[others[int(rng.integers(len(others)))]]
            view = int(rng.integers(len(scene.cameras)))
            pixels = np.flatnonzero(scene.ids[view])
            if len(pixels):
                return scene.images[view], pixels

    def _between(self, place: int, first: int, second: int, rng: np.random.Generator) -> Pair | None:
        """Views A and B of a scene; None where they share too few pixels."""
        scene = self.scenes[place]
        view_a, view_b = (View(scene.images[k], scene.depth[k], scene.cameras[k]) for k in (first, second))
        uv, seen = map_pixels(view_a, view_b, self.train.tolerance)
        if self.masked:
            seen &= scene.ids[first] > 0
        if seen.sum() < self.train.least_matches:
            return None
        # more than wanted, since an augmentation pushes some out of the picture
        a, b = draw_matches(uv, seen, self.row.matches * (1 if self.augmentations is None else 4), rng)
        image_a, image_b = view_a.image, view_b.image
        table = self._table(scene, first, second, rng) if self.row.background else None
        if self.augmentations is not None:
            changed = augment(image_a, self.augmentations, rng)
            image_a = changed.image
            a, kept = changed.follow(a)
            if table is not None:
                table = changed.follow(table[0])[0], table[1]
            if self.row.both:
                changed = augment(image_b, self.augmentations, rng)
                image_b = changed.image
                b, still = changed.follow(b)
                kept &= still
            a, b = a[kept], b[kept]
            if len(a) < self.train.least_matches:
                return None
        if len(a) < self.row.matches:
            again = rng.integers(len(a), size=self.row.matches)
            a, b = a[again], b[again]
        inside = outside = None
        if self.masked and self.row.loss == "pixelwise":
            on_object = scene.ids[second].ravel() > 0
            inside, outside = np.flatnonzero(on_object), np.flatnonzero(~on_object)
        n = self.row.matches
        return Pair(place, (image_a, image_b), a[:n], b[:n], inside, outside, table)

    def _table(
        self, scene: RgbdScene, first: int, second: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of each view that show no known object."""
        found = []
        for view in (first, second):
            candidates = np.flatnonzero(scene.ids[view] == 0)
            rows, columns = np.divmod(rng.choice(candidates, self.row.background), scene.ids.shape[2])
            found.append(np.stack([columns, rows], 1).astype(np.float32))
        return found[0], found[1]
