"""COCO files of several classes: written with them, and read, whatever the sizes of the images.

`graspbook.data.coco` knows one class. Classes are numbered in the order of the ids of the file's
`categories`, so that splits agree even if one of them shows no instance of some class.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from graspbook.core.atomic import new_folder
from graspbook.core.errors import InputError
from graspbook.data.coco import ANNOTATIONS, LabelledScene, resize_image, resize_mask, write_scenes
from graspbook.data.coco_file import decode_segmentation, read_coco, read_groups
from graspbook.data.pictures import read_labelled
from graspbook.latent.dataset import LabelledImages

Scene = tuple[LabelledScene, np.ndarray]
"""A labelled image, and the class of each number of its instances int64 [n + 1]; each number has a pixel."""


def write_classes(folder: Path, scenes: Iterable[Scene], names: Sequence[str], count: int) -> Path:
    """Writes labelled images of several classes as COCO; the folder appears only once it is complete.

    Args:
        folder: Folder to make.
        scenes: Labelled images, each of a scene of its own.
        names: Names of the classes; class k gets the category id k + 1.
        count: Number of images.

    Returns:
        Path of the JSON file.
    """
    classes: list[int] = []

    def labelled_scenes() -> Iterable[LabelledScene]:
        for scene, own in scenes:
            classes.extend(own[1:].tolist())
            yield scene

    with new_folder(Path(folder)) as partial:
        inner = write_scenes(partial / "set", labelled_scenes(), range(count))
        content = json.loads(inner.read_text(encoding="utf-8"))
        content["categories"] = [{"id": k, "name": name} for k, name in enumerate(names, 1)]
        for note, kind in zip(content["annotations"], classes, strict=True):
            note["category_id"] = kind + 1
        for path in sorted((partial / "set").iterdir()):
            path.rename(partial / path.name)
        (partial / "set").rmdir()
        (partial / ANNOTATIONS).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    return Path(folder) / ANNOTATIONS


def category_names(annotations: Path) -> dict[int, str]:
    """The names of a COCO file's categories by their ids, in the order of the ids.

    Args:
        annotations: COCO's JSON file.

    Raises:
        InputError: There is no such file, or its field `categories` is faulty.
    """
    try:
        content = json.loads(Path(annotations).read_text(encoding="utf-8"))
        categories = content["categories"]
        named = {category["id"]: category["name"] for category in categories}
    except FileNotFoundError:
        raise InputError(f"{annotations}: expected a COCO JSON file, there is none") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{annotations}: field categories: expected a list of objects with id and name") from None
    if not named or len(named) < len(categories) or any(type(number) is not int for number in named):
        raise InputError(f"{annotations}: field categories: expected at least one, each with an integer id of its own")
    return {number: str(named[number]) for number in sorted(named)}


def load_classes(
    annotations: Path,
    images: Path | None = None,
    size: tuple[int, int] | None = None,
    which: slice = slice(None),
    most: int | None = None,
) -> LabelledImages:
    """Reads a COCO file of several classes, and its images.

    Args:
        annotations: JSON file; crowds are left out, and where instances overlap the later one is on top.
        images: Folder that `file_name` is relative to; None: that of the JSON file.
        size: Height and width that images are fitted into, pixels; the rest is black and unlabelled. None: as they are,
            all of one size.
        which: Slice of the images to read.
        most: Largest number of images of that slice, the first ones; None: all.

    Raises:
        InputError: A file or a field is missing or faulty; the message names it.
    """
    annotations = Path(annotations)
    order = {number: place for place, number in enumerate(category_names(annotations))}
    entries, by_image = read_coco(annotations)
    groups, chosen = read_groups(entries, annotations)[which][:most], entries[which][:most]
    folder = annotations.parent if images is None else Path(images)
    if not chosen:
        raise InputError(f"{annotations}: field images: expected more than {len(entries)}")
    size = size or (chosen[0]["height"], chosen[0]["width"])
    pictures, ids = np.zeros((len(chosen), *size, 3), np.uint8), np.zeros((len(chosen), *size), np.uint16)
    classes = []
    for number, entry in enumerate(chosen):
        picture, fit = _picture(folder / entry["file_name"], entry, annotations), _fit(entry, size)
        pictures[number, : fit[0], : fit[1]] = resize_image(picture, fit)
        own = [0]
        for note in by_image[entry["id"]]:
            if note.get("category_id") not in order:
                raise InputError(
                    f"{annotations}: annotation {note.get('id')}: field category_id: expected the id of a category "
                    f"in this file, got {note.get('category_id')!r}"
                )
            mask = decode_segmentation(note["segmentation"], entry["height"], entry["width"])
            ids[number, : fit[0], : fit[1]][resize_mask(mask, fit)] = len(own)
            own.append(order[note["category_id"]])
        classes.append(np.array(own, np.int64))
    return LabelledImages(pictures, ids, tuple(classes), groups)


def _picture(file: Path, entry: dict, annotations: Path) -> np.ndarray:
    where = f"{annotations}: image {entry['id']}: field file_name"
    if not file.is_file():
        raise InputError(f"{where}: expected the file {file}, there is none")
    return read_labelled(file, (entry["height"], entry["width"]), where)


def _fit(entry: dict, size: tuple[int, int]) -> tuple[int, int]:
    """The largest size with the shape of an image that fits into `size`."""
    shrink = min(size[0] / entry["height"], size[1] / entry["width"])
    return max(1, round(entry["height"] * shrink)), max(1, round(entry["width"] * shrink))
