"""Images whose instances are labelled, as COCO JSON: own data, and the scenes of the `selfsup` paper (§V).

    FOLDER/annotations.json   masks as polygons or run-length encodings; every category counts as "object"
    FOLDER/images/<name>.png  8-bit; `file_name` is relative to the JSON file, or to `images` beside it
                              (FOLDER/annotations/x.json: also to FOLDER/images)

A field `bin` on the images, ours and not COCO's, says which images show the same bin: they are alike, and a
bootstrap over images must resample them together.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from graspbook.core.atomic import new_folder
from graspbook.core.errors import InputError
from graspbook.data.coco_file import decode_segmentation, read_coco, read_groups
from graspbook.data.images import MAX_PIXELS, write_png
from graspbook.data.pictures import read_labelled
from graspbook.data.rle import encode_mask

ANNOTATIONS = "annotations.json"
"""The JSON file's name in a folder that `write_scenes` makes."""


@dataclass(frozen=True)
class LabelledScene:
    """A labelled image.

    Attributes:
        name: The scene's name, unique in its set: the image file's name without folder and ending.
        image: The image, uint8 RGB [H, W, 3].
        ids: The instance that each pixel shows, uint16 [H, W]: 0 is background, 1 to n are the image's instances in the
            file's order. An instance that others cover, or that vanished when the image was shrunk, has no pixel.
    """

    name: str
    image: np.ndarray
    ids: np.ndarray


class CocoScenes:
    """The images of a COCO file with their instances; pixels are decoded when asked for.

    Instances become visible masks: where two overlap, the later annotation wins. Annotations of crowds are
    left out, which is said. Everything but the pixels of the images is checked at once.

    Images of several shapes are handed out at one size: at its right and lower edge, what is narrower or lower is
    black and background.

    Args:
        annotations: The COCO JSON file.
        height: The height to which images are resized, in pixels; the width follows from the aspect ratio. None leaves
            images as they are.
        images: The folder that `file_name` is relative to; None looks beside the JSON file, in `images` there, and for
            a file in a folder `annotations` in `images` beside that.

    Attributes:
        names: The names of the images, in the file's order.
        groups: The group of each image, int64 [n]: images of one group show the same bin; the image's own number where
            the file does not say.
        size: Height and width, in pixels, of every image handed out.
        annotations: The annotations of each image that are not left out, as the file has them.

    Raises:
        InputError: There is no such file, it is no COCO JSON, or a field is faulty (the message names file, image or
            annotation, and field).
    """

    def __init__(self, annotations: Path | str, height: int | None = None, images: Path | str | None = None):
        self.path = Path(annotations)
        self._folders = _image_folders(self.path) if images is None else [Path(images)]
        if height is not None and height < 1:
            raise InputError(f"height: expected at least 1 pixel, got {height}")
        entries, by_image = read_coco(self.path)
        self._images = entries
        self.annotations = [by_image[image["id"]] for image in entries]
        self.names = tuple(PurePosixPath(image["file_name"]).stem for image in entries)
        self._files = [self._find(image) for image in entries]
        self.groups = read_groups(entries, self.path)
        self._sizes = [_resized(image["height"], image["width"], height) for image in entries]
        self.size = max(size[0] for size in self._sizes), max(size[1] for size in self._sizes)
        if self.size[0] * self.size[1] > MAX_PIXELS:
            raise InputError(
                f"{self.path}: images of {self.size[0]}x{self.size[1]} pixels, expected at most {MAX_PIXELS} pixels"
            )
        self._check_names()

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[LabelledScene]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> LabelledScene:
        """Read one scene.

        Args:
            index: The number of the image in the set, from 0.

        Returns:
            The image and its instances at `size`.

        Raises:
            InputError: The image file cannot be read, or has another size than the annotations say.
            IndexError: There is no image of this number.
        """
        entry, file = self._images[index], self._files[index]
        where = f"image {entry['id']} of {self.path}: fields height, width"
        image = read_labelled(file, (entry["height"], entry["width"]), where)
        image = _padded(resize_image(image, self._sizes[index]), self.size)
        return LabelledScene(self.names[index], image, self.ids(index))

    def ids(self, index: int) -> np.ndarray:
        """`LabelledScene.ids` of one image, without reading the image.

        Args:
            index: The number of the image in the set, from 0.

        Returns:
            The instance that each pixel shows, uint16 [H, W] at `size`.
        """
        entry = self._images[index]
        ids = np.zeros((entry["height"], entry["width"]), np.uint16)
        for number, annotation in enumerate(self.annotations[index], 1):
            ids[self._mask(annotation, entry)] = number
        return _padded(resize_ids(ids, self._sizes[index]), self.size)

    @property
    def annotated(self) -> int:
        """The number of annotations of the images, without those left out."""
        return sum(map(len, self.annotations))

    def subset(self, indices: Sequence[int]) -> CocoScenes:
        """A view of the images `indices`, in that order.

        Args:
            indices: The numbers of the images, from 0.
        """
        indices = list(indices)
        view = copy.copy(self)
        for field in ("_images", "annotations", "_files", "_sizes"):
            setattr(view, field, [getattr(self, field)[index] for index in indices])
        view.names = tuple(self.names[index] for index in indices)
        view.groups = self.groups[indices]
        return view

    def spread(self, count: int) -> CocoScenes:
        """A view of `count` images that are spread evenly over the set; of all images where there are fewer.

        Args:
            count: The number of images.
        """
        chosen = np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)
        return self.subset(np.unique(chosen))

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """The visible masks of at least one pixel, at `size`, as a COCO dictionary for pycocotools.

        Image i has the id i + 1 and its name as `file_name`; annotations count from 1 (pycocotools takes an
        annotation 0 for no match).
        """
        height, width = self.size
        images, annotations = [], []
        for index, name in enumerate(self.names):
            group = int(self.groups[index])
            images.append({"id": index + 1, "file_name": name, "height": height, "width": width, "bin": group})
            annotations += _annotations(self.ids(index), index + 1, len(annotations) + 1)
        return _dictionary(images, annotations)

    def _find(self, image: dict) -> Path:
        places = [folder / image["file_name"] for folder in self._folders]
        for file in places:
            if os.path.isfile(file):  # unlike Path.is_file, also False for a name that no file can have
                return file
        raise InputError(
            f"{self.path}: image {image['id']}: field file_name: expected the file {' or '.join(map(str, places))}"
        )

    def _check_names(self) -> None:
        first: dict[str, dict] = {}
        for name, image in zip(self.names, self._images, strict=True):
            other = first.setdefault(name, image)
            if other is not image:
                raise InputError(
                    f"{self.path}: image {image['id']}: field file_name: expected another name than image "
                    f"{other['id']} has, both are {name!r} without folder and ending"
                )

    def _mask(self, annotation: dict, image: dict) -> np.ndarray:
        return decode_segmentation(annotation["segmentation"], image["height"], image["width"])


def write_scenes(folder: Path | str, scenes: Iterable[LabelledScene], bins: Sequence[int]) -> Path:
    """Write labelled images as COCO, one at a time; the folder appears only when it is whole.

    Args:
        folder: The folder to make; one that an earlier call made is replaced.
        scenes: The labelled images; an instance without a pixel is left out.
        bins: The number of the bin that each scene shows, one for each scene.

    Returns:
        The path of the JSON file.

    Raises:
        InputError: A scene is faulty or its name taken, there are not as many bins as scenes, or `folder` holds
            something that was not made here.
    """
    folder = Path(folder)
    images: list[dict] = []
    annotations: list[dict] = []
    names: set[str] = set()
    with new_folder(folder) as partial:
        (partial / "images").mkdir()
        for number, scene in enumerate(scenes):
            _check_scene(scene)
            if scene.name in names:
                raise InputError(f"{folder}: scene {scene.name} is added twice")
            if number == len(bins):
                raise InputError(f"bins: expected one for each scene, got {len(bins)} for more scenes")
            names.add(scene.name)
            height, width = scene.ids.shape
            file = f"images/{scene.name}.png"
            write_png(partial / file, scene.image)
            entry = {"id": number + 1, "file_name": file, "height": height, "width": width}
            images.append(entry | {"bin": int(bins[number])})
            annotations += _annotations(scene.ids, number + 1, len(annotations) + 1)
        if not images or len(images) != len(bins):
            raise InputError(f"bins: expected one for each of {len(images)} scenes (at least one), got {len(bins)}")
        text = json.dumps(_dictionary(images, annotations), separators=(",", ":"))
        (partial / ANNOTATIONS).write_text(text + "\n", encoding="utf-8")
    return folder / ANNOTATIONS


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image: by area means where its height shrinks, else bilinearly.

    Args:
        image: The image, uint8 [H, W, 3].
        size: The new height and width in pixels.

    Returns:
        The resized image, uint8 [height, width, 3].
    """
    if image.shape[:2] == size:
        return image
    way = cv2.INTER_AREA if size[0] < image.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(image, size[::-1], interpolation=way)


def resize_ids(ids: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image of ids: each new pixel takes the id at its centre (on an edge, that of the next pixel).

    Args:
        ids: The ids, whole numbers [H, W].
        size: The new height and width in pixels.

    Returns:
        The resized ids, [height, width].
    """
    if ids.shape == size:
        return ids
    # In whole numbers, where OpenCV rounds: a third of the centres lie on an edge when 128 become 96.
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, ids.shape, strict=True))
    return ids[rows][:, columns]


def resize_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a mask: a new pixel is in it where the mask covers more than half of it.

    Args:
        mask: The mask, bool [H, W].
        size: The new height and width in pixels.

    Returns:
        The resized mask, bool [height, width].
    """
    if mask.shape == size:
        return mask
    way = cv2.INTER_AREA if size[0] < mask.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(mask.astype(np.float32), size[::-1], interpolation=way) > 0.5


def _image_folders(annotations: Path) -> list[Path]:
    """The folders in which the images of a COCO file usually lie."""
    folder = annotations.parent
    around = [folder.parent / "images"] if folder.resolve().name == "annotations" else []
    return [folder, folder / "images", *around]


def _padded(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image, or ids, with zeros at its right and lower edge up to a size."""
    if pixels.shape[:2] == size:
        return pixels
    whole = np.zeros((*size, *pixels.shape[2:]), pixels.dtype)
    whole[: pixels.shape[0], : pixels.shape[1]] = pixels
    return whole


def _resized(height: int, width: int, wanted: int | None) -> tuple[int, int]:
    return (height, width) if wanted is None else (wanted, max(1, round(width * wanted / height)))


def _annotations(ids: np.ndarray, image: int, first: int) -> list[dict]:
    """Annotations of the instances that have a pixel, their ids counting from `first`."""
    annotations = []
    for value in np.unique(ids[ids > 0]):
        mask = ids == value
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        y, x = int(rows[0]), int(columns[0])
        annotations.append(
            {
                "id": first + len(annotations),
                "image_id": image,
                "category_id": 1,
                "iscrowd": 0,
                "area": int(mask.sum()),
                "bbox": [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y],
                "segmentation": {"size": list(mask.shape), "counts": encode_mask(mask)},
            }
        )
    return annotations


def _dictionary(images: list[dict], annotations: list[dict]) -> dict:
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "object"}]}


def _check_scene(scene: LabelledScene) -> None:
    shape = np.shape(scene.ids)
    if scene.ids.dtype != np.uint16 or len(shape) != 2:
        raise InputError(f"scene {scene.name}: field ids: expected uint16 [H, W], got {scene.ids.dtype} {list(shape)}")
    if scene.image.dtype != np.uint8 or scene.image.shape != (*shape, 3):
        raise InputError(
            f"scene {scene.name}: field image: expected uint8 {[*shape, 3]}, got {scene.image.dtype} "
            f"{list(scene.image.shape)}"
        )
    if (
        not scene.name
        or "/" in scene.name
        or "\\" in scene.name
        or PurePosixPath(f"{scene.name}.png").stem != scene.name
    ):
        raise InputError(f"scene {scene.name!r}: field name: expected the name of a file, without folder")
