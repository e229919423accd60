"""What models found in images, as one Parquet file: so that a page judges them without the models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask, encode_mask
from graspbook.instances.types import Instances, no_instances

COLUMNS = ("image", "sample", "score", "kind", "mask")
"""Number of the image and of the sample of it, both from 0; score, class, and COCO's compressed run lengths."""


def to_table(found: Sequence[Sequence[Instances]]) -> pd.DataFrame:
    """Segmentations of images as a table with the columns `COLUMNS`.

    Args:
        found: For each image its samples; a plain prediction is one sample.
    """
    rows = [
        (image, sample, score, kind, encode_mask(mask))
        for image, samples in enumerate(found)
        for sample, one in enumerate(samples)
        for score, kind, mask in zip(one.scores, one.classes, one.masks, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


class FoundFile(Sequence[list[Instances]]):
    """The samples of each image, read from a table; masks are decoded when an image is asked for.

    Args:
        table: Table with the columns `COLUMNS`.
        images: Number of images; in some nothing may be found.
        samples: Number of samples of each image.
        size: Height and width of the images, pixels.

    Raises:
        InputError: The table names an image or a sample beyond these numbers.
    """

    def __init__(self, table: pd.DataFrame, images: int, samples: int, size: tuple[int, int]) -> None:
        if len(table) and (table["image"].max() >= images or table["sample"].max() >= samples):
            raise InputError(f"predictions of more than {images} images with {samples} samples each")
        self._images, self._samples, self._size = images, samples, size
        self._of_image = dict(iter(table.groupby("image", sort=False)))

    def __len__(self) -> int:
        return self._images

    def __getitem__(self, image: int) -> list[Instances]:
        """All samples of an image; those that found nothing are empty."""
        if not 0 <= image < self._images:
            raise IndexError(image)
        found = [no_instances(self._size) for _ in range(self._samples)]
        if image in self._of_image:
            for sample, own in self._of_image[image].groupby("sample", sort=False):
                masks = np.stack([decode_mask(mask, *self._size) for mask in own["mask"]])
                kinds, scores = own["kind"].to_numpy(np.int64), own["score"].to_numpy(np.float64)
                found[sample] = Instances(masks, kinds, scores)
        return found


def write_found(path: Path, found: Sequence[Sequence[Instances]]) -> None:
    """Writes segmentations of images.

    Args:
        path: File to write, .parquet.
        found: For each image its samples; a plain prediction is one sample.
    """
    to_table(found).to_parquet(path, index=False, compression="zstd")


def read_found(path: Path, images: int, samples: int, size: tuple[int, int]) -> FoundFile:
    """Reads what `write_found` wrote; see `FoundFile`.

    Args:
        path: File to read.
        images: Number of images.
        samples: Number of samples of each image.
        size: Height and width of the images, pixels.

    Raises:
        InputError: There is no such file, or it names an image or a sample beyond these numbers.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; the stage `train` writes it")
    return FoundFile(pd.read_parquet(path), images, samples, size)
