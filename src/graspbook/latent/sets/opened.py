"""The images that rows learn and are judged on: made ones, or those of a real data set in COCO's layout (§V-A)."""

from __future__ import annotations

from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.data.coco import ANNOTATIONS
from graspbook.latent.dataset import LabelledImages
from graspbook.latent.sets.categories import category_names, load_classes
from graspbook.latent.sets.collect import Split
from graspbook.latent.sets.config import SetConfig


def open_split(config: SetConfig, made: Path, split: Split) -> LabelledImages:
    """Opens a split of a data set.

    Of a real one, the first images of its training file are learned from and the last ones are held out for
    validation.

    Args:
        config: Settings of the data set.
        made: Folder of the data set, if it is simulated.
        split: Split to open.

    Raises:
        InputError: A file or a field is missing; the message names it.
    """
    if config.real is None:
        return load_classes(Path(made) / split / ANNOTATIONS)
    real, folder = config.real, Path(config.real.folder)
    part = real.test if split == "test" else real.train
    which = {"train": slice(-config.n_validation), "validation": slice(-config.n_validation, None), "test": slice(None)}
    most = getattr(config, f"n_{split}")
    return load_classes(folder / part.annotations, folder / part.images, (real.height, real.width), which[split], most)


def class_names(config: SetConfig, made: Path) -> tuple[str, ...]:
    """The names of a data set's classes, by their numbers.

    Args:
        config: Settings of the data set.
        made: Folder of the data set, if it is simulated.

    Raises:
        InputError: The two files of a real data set do not name the same classes.
    """
    if config.real is None:
        return tuple(category_names(Path(made) / "train" / ANNOTATIONS).values())
    folder = Path(config.real.folder)
    train, test = (folder / part.annotations for part in (config.real.train, config.real.test))
    names = category_names(train)
    if category_names(test) != names:
        raise InputError(f"{test}: field categories: expected those of {train}")
    return tuple(names.values())
