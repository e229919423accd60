"""Making the data set `apparel`.

The labels are COCO JSON; beside them, `<split>-answers.npz` has everything that an image could have been labelled as
(`graspbook.world.totes.answers`).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from graspbook.core.progress import progress
from graspbook.data.coco import LabelledScene, write_scenes
from graspbook.data.collect import Episodes
from graspbook.data.replay import Keep
from graspbook.data.states import Fields, State, make_state, states_path
from graspbook.latent.apparel.config import DataConfig
from graspbook.latent.apparel.truth import pack_answers, unpack_answers, write_answers
from graspbook.world.assets.catalogue import Catalogue, hash_catalogue
from graspbook.world.choices import Choices
from graspbook.world.render.renderer import Renderer
from graspbook.world.totes.answers import Answers, Question
from graspbook.world.totes.packs import KINDS
from graspbook.world.totes.scene import draw_tote_scene, muted, photograph_tote

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
STORED = "tote.npz"
"""What is stored of a tote: its image and its answers."""


@dataclasses.dataclass(frozen=True)
class Totes(Episodes):
    """Everything that decides a tote, besides its number.

    Attributes:
        split: Split of the data set; each has a seed of its own.
        config: Seed and contents of the totes.
        data_dir: Folder that holds `catalogue/`.
    """

    kind = "apparel"
    fields: ClassVar[Fields] = {
        "choices": ("|u1", ()),
        "coin": ("|b1", ()),
        "item": ("<i4", ()),  # of each question, as in `Question`
        "kind": ("<i4", ()),  # by the place in `KINDS`
        "two": ("|b1", ()),
    }
    split: Split
    config: DataConfig
    data_dir: str

    @property
    def seed(self) -> int:
        """Of the split, so that the splits draw apart."""
        return self.config.seed + SPLITS.index(self.split)

    def settings(self) -> list:
        """Of the totes, and of the catalogue its bytes."""
        own = [self.split, self.seed, dataclasses.asdict(self.config.totes)]
        return [own, hash_catalogue(self.data_dir)]

    def record(self, number: int, folder: Path) -> State:
        """Photographs a tote and writes image and answers."""
        choices = Choices()
        arrays = self._photograph(number, folder, choices, None)
        return make_state(self.fields, **arrays | {"choices": choices.made})

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Photographs a tote whose answers are known, and writes them."""
        asked = zip(*(state[name].tolist() for name in ("item", "kind", "two")), strict=True)
        questions = tuple(Question(item, KINDS[kind], two) for item, kind, two in asked)
        self._photograph(number, folder, Choices(state["choices"].tolist()), (questions, bool(state["coin"][0])))

    def _photograph(
        self, number: int, folder: Path, choices: Choices, known: tuple[tuple[Question, ...], bool] | None
    ) -> dict[str, np.ndarray]:
        renderer, textures = _tools(self.data_dir, self.split, self.config.totes.contrast)
        rng = np.random.default_rng([self.seed, number])
        tote = draw_tote_scene(rng, self.config.totes, textures, choices)
        image, answers = photograph_tote(tote, renderer, rng, self.config.totes, known)
        arrays = pack_answers([answers])
        np.savez_compressed(folder / STORED, image=image, **arrays)
        return arrays


def collect_totes(
    out_dir: Path,
    split: Split,
    n_images: int,
    config: DataConfig,
    workers: int | None = None,
    data_dir: Path = Path("data"),
    scratch_dir: Path = Path("scratch"),
    keep: Keep | None = None,
) -> Path:
    """Makes images of totes with their labels and all their answers.

    Args:
        out_dir: Folder that gets the folder `<split>`, in COCO's layout, and the file `<split>-answers.npz`.
        split: Split to make: "train", "validation" or "test".
        n_images: Number of images.
        config: Seed and contents of the totes.
        workers: Number of processes; None: `worker_count`. The result does not depend on it.
        data_dir: Folder that holds `catalogue/`.
        scratch_dir: Folder for finished totes of an unfinished set.
        keep: Whether states are kept beside `out_dir`, and what becomes of those that are there; see
            `Episodes.collected`.

    Returns:
        Path of the JSON file.
    """
    totes = Totes(split, config, str(Path(data_dir).resolve()))
    answers: list[Answers] = []
    states = states_path(Path(out_dir), split)
    with totes.collected(scratch_dir, workers, n_images, states=states, keep=keep) as stored:

        def scenes() -> Iterator[LabelledScene]:
            for number, path in enumerate(progress(stored, f"totes ({split})", total=n_images)):
                image, answer = _read(path / STORED)
                answers.append(answer)
                yield LabelledScene(f"{split}_{number:05d}", image, answer.labels(config.totes.least_pixels))

        path = write_scenes(Path(out_dir) / split, scenes(), range(n_images))
    write_answers(Path(out_dir) / f"{split}-answers.npz", answers)
    return path


def _read(path: Path) -> tuple[np.ndarray, Answers]:
    with np.load(path) as stored:
        arrays = dict(stored)
    return arrays.pop("image"), unpack_answers(arrays)[0]


@functools.lru_cache(maxsize=4)
def _tools(data_dir: str, split: Split, contrast: float) -> tuple[Renderer, np.ndarray]:
    """The renderer of the prints, and which of them a split may show: test prints are on no other image."""
    catalogue = Catalogue.load(data_dir)
    return Renderer(muted(catalogue, contrast)), catalogue.textures("test" if split == "test" else "train")
