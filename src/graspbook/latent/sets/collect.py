"""Making the data sets `objects` and `aisle`.

The labels are COCO JSON; beside them, `<split>-answers.npz` has everything that an image could have been labelled as
(`graspbook.world.labellers.answers`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from graspbook.core.progress import progress
from graspbook.data.coco import LabelledScene
from graspbook.data.collect import Episodes
from graspbook.data.replay import Keep
from graspbook.data.states import Fields, State, make_state, states_path
from graspbook.latent.sets.categories import Scene, write_classes
from graspbook.latent.sets.config import AisleSetConfig, ObjectsConfig
from graspbook.latent.sets.truth import pack_answers, unpack_answers, write_answers
from graspbook.world.aisle.classes import THINGS
from graspbook.world.aisle.labels import photograph_aisle
from graspbook.world.choices import Choices
from graspbook.world.hall.scene import photograph_hall
from graspbook.world.hall.things import CLASSES
from graspbook.world.labellers.answers import Answers

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
STORED = "picture.npz"
"""What is stored of a picture: its pixels and its answers."""


@dataclasses.dataclass(frozen=True)
class Pictures(Episodes):
    """Everything that decides a picture, besides its number.

    Attributes:
        config: Settings of the data set.
        split: Split of it; each has a seed of its own.
    """

    kind = "labelled"
    fields: ClassVar[Fields] = {
        "choices": ("|u1", ()),
        "instance": ("<i4", (2,)),  # of each unit, as in `Answers`
        "classes": ("<i4", (2,)),
        "asked": ("<i4", ()),
        "kind": ("<i4", ()),  # of each question, by the place in `KINDS`
        "yes": ("|b1", ()),
    }
    config: ObjectsConfig | AisleSetConfig
    split: Split

    @property
    def seed(self) -> int:
        """Of the split, so that splits draw apart and share no texture."""
        return self.config.seed + SPLITS.index(self.split)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return CLASSES if isinstance(self.config, ObjectsConfig) else tuple(thing.name for thing in THINGS)

    def settings(self) -> list:
        """Of the pictures, but not how many are wanted."""
        return [dataclasses.asdict(self.config.world), dataclasses.asdict(self.config.labels), self.seed]

    def photograph(
        self, number: int, choices: Choices | None = None, known: Answers | None = None
    ) -> tuple[np.ndarray, Answers]:
        """A picture, uint8 [h, w, 3], and everything that it could be labelled as.

        Args:
            number: Number of the picture, from 0.
            choices: Where things have room; None: that is found out.
            known: The answers, whatever units they show; None: they are drawn.
        """
        if isinstance(self.config, ObjectsConfig):
            return photograph_hall(self.config.world, self.config.labels, self.seed, number, choices, known)
        return photograph_aisle(self.config.world, self.config.labels, self.seed, number, choices, known)

    def record(self, number: int, folder: Path) -> State:
        """Takes a picture and writes it with its answers."""
        choices = Choices()
        image, answers = self.photograph(number, choices)
        arrays = pack_answers([answers])
        np.savez_compressed(folder / STORED, image=image, **arrays)
        turned = {name: arrays[name].T for name in ("instance", "classes")}
        return make_state(self.fields, **arrays | turned, choices=choices.made)

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Takes a picture whose answers are known, and writes it."""
        packed = state | {name: state[name].T for name in ("instance", "classes")}
        packed |= {"counts": np.array([len(state["asked"])]), "questions": np.array([len(state["yes"])])}
        [known] = unpack_answers(packed | {"units": np.zeros((1, 1, 1), np.uint16)})
        image, answers = self.photograph(number, Choices(state["choices"].tolist()), known)
        np.savez_compressed(folder / STORED, image=image, **pack_answers([answers]))


def collect_set(
    out_dir: Path,
    config: ObjectsConfig | AisleSetConfig,
    workers: int | None = None,
    scratch_dir: Path = Path("scratch"),
    keep: Keep | None = None,
) -> None:
    """Makes the splits of a data set with their labels and all their answers; nothing where there is a real one.

    Args:
        out_dir: Folder that gets, for each split, the folder `<split>` in COCO's layout and the file
            `<split>-answers.npz`.
        config: Settings of the data set.
        workers: Number of processes; None: `worker_count`. The result does not depend on it.
        scratch_dir: Folder for finished pictures of an unfinished set.
        keep: Whether states are kept beside the set, a file for each split, and what becomes of those that are there;
            see `Episodes.collected`.
    """
    if config.real is not None:
        return
    for split in SPLITS:
        _collect(Path(out_dir), Pictures(config, split), workers, scratch_dir, keep)


def _collect(out_dir: Path, pictures: Pictures, workers: int | None, scratch_dir: Path, keep: Keep | None) -> None:
    split, answers = pictures.split, []
    count = getattr(pictures.config, f"n_{split}")
    states = states_path(out_dir, split)
    with pictures.collected(scratch_dir, workers, count, states=states, keep=keep) as stored:

        def scenes() -> Iterator[Scene]:
            for number, path in enumerate(progress(stored, f"pictures ({split})", total=count)):
                with np.load(path / STORED) as arrays:
                    image, answer = arrays["image"], unpack_answers(dict(arrays))[0]
                answers.append(answer)
                ids, classes = answer.labels(pictures.config.labels.least_pixels)
                yield LabelledScene(f"{split}_{number:05d}", image, ids), classes

        write_classes(out_dir / split, scenes(), pictures.names, count)
    write_answers(out_dir / f"{split}-answers.npz", answers)
