"""The published file layout of Cityscapes (Cordts et al., 2016), read and written.

    FOLDER/leftImg8bit/<split>/<city>/<city>_<sequence>_<frame>_leftImg8bit.png        8-bit RGB
    FOLDER/gtFine/<split>/<city>/<city>_<sequence>_<frame>_gtFine_labelIds.png         8-bit: the label of each pixel
    FOLDER/gtFine/<split>/<city>/<city>_<sequence>_<frame>_gtFine_instanceIds.png      16-bit: label * 1000 + index for
                                                             things that were told apart, else the label alone

A simulated drive takes the place of a city: splits share none.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.core.notices import say, some
from graspbook.data.images import write_png
from graspbook.data.pictures import read_labelled, read_levels

IMAGES, LABELS = "leftImg8bit", "gtFine"
"""The two halves of a folder."""
THING_LABELS = (24, 25, 26, 27, 28, 31, 32, 33)
"""`labelId` of person, rider, car, truck, bus, train, motorcycle, bicycle: class k + 1 has THING_LABELS[k]."""
LAST_LABEL = 33
"""Of Cityscapes' labels."""
CLASSES = 1 + len(THING_LABELS)
"""Background and eight things."""

_CLASS = np.zeros(256, np.uint8)
_CLASS[list(THING_LABELS)] = np.arange(1, len(THING_LABELS) + 1)


@dataclasses.dataclass(frozen=True)
class Street:
    """A labelled picture.

    Attributes:
        image: The picture, uint8 RGB [H, W, 3].
        classes: The class of each pixel, uint8 [H, W], 1 to 8 in the order of `THING_LABELS`; 0 for anything else.
        instances: The instance that each pixel shows, int32 [H, W], 1 to N; 0 for no thing, or for things that the
            labels do not tell apart.
    """

    image: np.ndarray
    classes: np.ndarray
    instances: np.ndarray


class Streets:
    """The pictures of a split, in the order of their names; each is read when asked for.

    Args:
        folder: The data set's folder, which holds `leftImg8bit` and `gtFine`.
        split: The name of a folder in both of them: "train", "val" or "test".
        size: Height and width in pixels to which pictures and labels are resized; None leaves them as they are.
        only: The cities to take; None takes all.
        without: The cities to leave out.

    Raises:
        InputError: One of the two folders is missing, a picture has no labels, or there is no picture.
    """

    def __init__(
        self,
        folder: Path | str,
        split: str,
        size: tuple[int, int] | None = None,
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
    ) -> None:
        folder = Path(folder)
        for half, holds in ((IMAGES, "pictures"), (LABELS, "labels")):
            if not (folder / half / split).is_dir():
                raise InputError(f"{folder}: the {holds} are missing: no folder {half}/{split}")
        self.folder, self.split, self.size = folder, split, size
        found = sorted((folder / IMAGES / split).glob(f"*/*_{IMAGES}.png"))
        wanted = [
            path for path in found if (only is None or path.parent.name in only) and path.parent.name not in without
        ]
        if not wanted:
            raise InputError(f"{folder / IMAGES / split}: no picture <city>/*_{IMAGES}.png of the cities wanted")
        self._say_what_is_left_out(found)
        self.names = tuple(f"{path.parent.name}/{path.name.removesuffix(f'_{IMAGES}.png')}" for path in wanted)
        absent = [name for name in self.names if not self._label_path(name).is_file()]
        if absent:
            raise InputError(
                f"{self._label_path(absent[0])}: missing; {len(absent)} of {len(self.names)} pictures have no labels"
            )

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Street]:
        return (self[place] for place in range(len(self)))

    @property
    def cities(self) -> tuple[str, ...]:
        """City or drive of each picture: those of one are alike."""
        return tuple(name.partition("/")[0] for name in self.names)

    def __getitem__(self, place: int) -> Street:
        name = self.names[place]
        ids = read_ids(self._label_path(name))
        image = read_labelled(self._image_path(name), ids.shape, f"labels {self._label_path(name).name}")
        if self.size is not None and self.size != ids.shape:
            height, width = self.size
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            ids = cv2.resize(ids, (width, height), interpolation=cv2.INTER_NEAREST)
        return Street(image, *decode_ids(ids))

    def digest(self) -> str:
        """A hash of the names, of the files' bytes and of the size.

        Returns:
            16 hexadecimal digits.
        """
        sha = hashlib.sha256(repr((self.names, self.size)).encode())
        for name in self.names:
            for path in (self._image_path(name), self._label_path(name)):
                sha.update(hashlib.sha256(path.read_bytes()).digest())
        return sha.hexdigest()[:16]

    def _say_what_is_left_out(self, found: list[Path]) -> None:
        """Files that are no pictures by their names, and labels of pictures that are not there."""
        pictures, labels = self.folder / IMAGES / self.split, self.folder / LABELS / self.split
        ending = f"_{LABELS}_instanceIds.png"
        known = {f"{path.parent.name}/{path.name.removesuffix(f'_{IMAGES}.png')}" for path in found}
        others = sorted(set(pictures.glob("*/[!.]*")) - set(found))
        alone = [path for path in sorted(labels.glob(f"*/*{ending}")) if _name(path).removesuffix(ending) not in known]
        for folder, paths, why in (
            (pictures, others, f"files are left out, whose names do not end in _{IMAGES}.png"),
            (labels, alone, "files of labels are left out, which have no picture"),
        ):
            if paths:
                say(f"{folder}: {len(paths)} {why}: {some([_name(path) for path in paths])}")

    def _image_path(self, name: str) -> Path:
        return self.folder / IMAGES / self.split / f"{name}_{IMAGES}.png"

    def _label_path(self, name: str) -> Path:
        return self.folder / LABELS / self.split / f"{name}_{LABELS}_instanceIds.png"


def decode_ids(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split Cityscapes' instance ids into classes and instances.

    Args:
        ids: The instance ids of one picture, whole numbers [H, W]: label * 1000 + index for things told apart, else the
            label.

    Returns:
        Classes, uint8 [H, W] as in `Street`, and instances, int32 [H, W], 1 to N in the order of their ids; 0 for none.
    """
    ids = ids.astype(np.int32)
    label = np.where(ids >= 1000, ids // 1000, ids)
    classes = _CLASS[np.clip(label, 0, 255)]
    values, places = np.unique(np.where((ids >= 1000) & (classes > 0), ids, 0), return_inverse=True)
    places = places.reshape(ids.shape)
    return classes, (places if values[0] == 0 else places + 1).astype(np.int32)


def encode_ids(classes: np.ndarray, instances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Instance ids uint16 [H, W]: label * 1000 + index within the class from 0; where there is no thing, the label.

    Args:
        classes: The class of each pixel, [H, W], 1 to 8; 0 for no thing.
        instances: The instance that each pixel shows, [H, W]; 0 for no thing.
        labels: The `labelId` of each pixel, uint8 [H, W].

    Raises:
        InputError: A class has more than 1,000 instances.
    """
    ids = labels.astype(np.uint16)
    for number, label in enumerate(THING_LABELS, 1):
        values = np.unique(instances[(classes == number) & (instances > 0)])
        if len(values) > 1000:
            raise InputError(f"label {label}: {len(values)} instances in one picture; the encoding has room for 1000")
        for index, value in enumerate(values):
            ids[instances == value] = label * 1000 + index
    return ids


def write_street(
    folder: Path, split: str, city: str, frame: int, image: np.ndarray, labels: np.ndarray, ids: np.ndarray
) -> str:
    """Write one picture and its labels; returns its name, `<city>/<city>_<sequence>_<frame>`.

    Args:
        folder: The data set's folder, which gets both halves.
        split: The name of the split, as in `Streets`.
        city: The name of the city, without underscores.
        frame: The number of the picture within the city, written with six digits.
        image: The picture, uint8 RGB [H, W, 3].
        labels: The `labelId` of each pixel, uint8 [H, W].
        ids: The instance ids that `encode_ids` makes, uint16 [H, W].
    """
    name = f"{city}/{city}_000000_{frame:06d}"
    files = {
        folder / IMAGES / split / f"{name}_{IMAGES}.png": image,
        folder / LABELS / split / f"{name}_{LABELS}_labelIds.png": labels,
        folder / LABELS / split / f"{name}_{LABELS}_instanceIds.png": ids,
    }
    for path, pixels in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, pixels)
    return name


def read_ids(path: Path) -> np.ndarray:
    """Read instance ids; 8 bits are taken where they suffice, in a picture whose things are not told apart.

    Args:
        path: The PNG file.

    Returns:
        The ids, uint16 [H, W].

    Raises:
        InputError: The file cannot be read, is not grey, or has 8 bits that cannot be the ids meant.
    """
    ids = read_levels(path)
    if ids.dtype == np.uint8 and ids.max() > LAST_LABEL:
        raise InputError(
            f"{path}: expected instance ids of 16 bits, found 8 bits and values up to {ids.max()}, which are no labels "
            f"(0 to {LAST_LABEL})"
        )
    return ids.astype(np.uint16)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
