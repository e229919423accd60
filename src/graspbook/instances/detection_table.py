"""What an instance segmentation model found in a set of images, as a table and as a file (`selfsup` paper, §V).

One Parquet file holds a model's detections on one set of images: one row per detection with the columns

    image     int32    number of the image in the set, from 0
    name      string   the image's name
    score     float32  confidence, 0..1
    area      int32    pixels of the mask
    mask_rle  string   the mask, COCO's compressed run-length counts

Images without a detection have no row; the file's metadata lists all names and the images' size.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
from pycocotools import mask as coco_mask

from graspbook.core.atomic import new_file
from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask
from graspbook.instances.types import Instances, of_one_class

MAX_PER_IMAGE = 40
"""Detections kept of each image, the surest first. COCO's AP looks at 100; no bin here holds half as many."""

MIN_SCORE = 0.03
"""Detections less sure than this are not kept: they come last in every ranking and hardly change any AP."""

_METADATA = b"graspbook"
_SCHEMA = arrow.schema(
    [
        ("image", arrow.int32()),
        ("name", arrow.string()),
        ("score", arrow.float32()),
        ("area", arrow.int32()),
        ("mask_rle", arrow.string()),
    ]
)


@dataclass(frozen=True)
class DetectionTable:
    """Detections on a set of images.

    Attributes:
        names: The names of all images, those without a detection included.
        size: Height and width of every image in pixels.
        rows: One row per detection, with the columns of the file; by image, then by falling score.
    """

    names: tuple[str, ...]
    size: tuple[int, int]
    rows: pd.DataFrame

    def of_image(self, image: int) -> Instances:
        """The detections of one image, decoded.

        Args:
            image: The number of the image in the set, from 0.
        """
        rows = self.rows[self.rows["image"] == image]
        masks = [decode_mask(counts, *self.size) for counts in rows["mask_rle"]]
        return of_one_class(np.array(masks, bool).reshape(-1, *self.size), rows["score"].to_numpy())


def tabulate(
    names: Sequence[str],
    detections: Iterable[Instances],
    max_per_image: int = MAX_PER_IMAGE,
    min_score: float = MIN_SCORE,
) -> DetectionTable:
    """Detections on a set of images as a table; only the rows are held, never all masks.

    Args:
        names: The names of the images.
        detections: The detections on each image in turn; may be a generator.
        max_per_image: The largest number of detections kept of each image; those with the highest scores are kept.
        min_score: The lowest score of a detection that is kept, 0..1.

    Raises:
        InputError: There are not as many detections as names or no image at all, masks differ in size, scores are not
            in 0..1, or a mask is empty; the message names the image.
    """
    names = tuple(names)
    size, columns = None, {name: [] for name in _SCHEMA.names}
    number = -1
    for number, found in enumerate(detections):
        if number >= len(names):
            raise InputError(f"detections: more than the {len(names)} images that have a name")
        scores, masks = _checked(found, names[number])
        size = size or masks.shape[1:]
        if masks.shape[1:] != size:
            raise InputError(f"image {names[number]}: masks of {masks.shape[1:]} pixels, those before had {size}")
        best = np.flatnonzero(scores >= min_score)[:max_per_image]
        # all masks of an image in one call, in the column-major order that COCO counts in
        codes = coco_mask.encode(np.asfortranarray(masks[best].transpose(1, 2, 0).view(np.uint8)))
        columns["image"] += [number] * len(best)
        columns["name"] += [names[number]] * len(best)
        columns["score"] += scores[best].tolist()
        columns["area"] += masks[best].sum((1, 2)).tolist()
        columns["mask_rle"] += [code["counts"].decode("ascii") for code in codes]
    if number + 1 != len(names) or size is None:
        raise InputError(f"detections: {number + 1} images, expected one entry per name, {len(names)}, at least one")
    types = {"image": np.int32, "name": "str", "score": np.float32, "area": np.int32, "mask_rle": "str"}
    return DetectionTable(names, (int(size[0]), int(size[1])), pd.DataFrame(columns).astype(types))


def write_detections(path: Path, table: DetectionTable) -> int:
    """Write a table of detections whole or not at all.

    The same detections make the same bytes.

    Args:
        path: The Parquet file.
        table: The detections.

    Returns:
        The file's size in bytes.
    """
    path = Path(path)
    about = json.dumps({"names": table.names, "height": table.size[0], "width": table.size[1]})
    data = arrow.Table.from_pandas(table.rows[_SCHEMA.names], _SCHEMA, preserve_index=False)
    data = data.replace_schema_metadata({_METADATA: about.encode()})
    with new_file(path) as partial:
        parquet.write_table(data, partial, compression="zstd", compression_level=19)
    return path.stat().st_size


def read_detections(path: Path) -> DetectionTable:
    """Read what `write_detections` wrote.

    Args:
        path: The Parquet file.

    Raises:
        InputError: There is no such file, it is no table of detections, or a row names an image that is not in the set;
            the message names file and field.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected detections, written by the notebook that trains")
    try:
        data = parquet.read_table(path)
        about = json.loads((data.schema.metadata or {})[_METADATA])
        names, size = tuple(about["names"]), (int(about["height"]), int(about["width"]))
    except (arrow.ArrowInvalid, OSError):
        raise InputError(f"{path}: expected a Parquet file") from None
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path}: metadata: expected the images' names and size; not a table of detections") from None
    if data.schema.remove_metadata() != _SCHEMA:
        expected = ", ".join(f"{field.name}: {field.type}" for field in _SCHEMA)
        raise InputError(f"{path}: expected the columns {expected}; found {', '.join(data.schema.names)}")
    rows = data.to_pandas()
    if not rows["image"].between(0, len(names) - 1).all():
        raise InputError(f"{path}: column image: expected 0 to {len(names) - 1}, the numbers of its {len(names)} names")
    return DetectionTable(names, size, rows)


def _checked(found: Instances, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Scores float32 [k] and masks bool [k, h, w], if scores are in 0..1 and masks have pixels."""
    scores, masks = np.asarray(found.scores, np.float32), found.masks
    if not ((scores >= 0) & (scores <= 1)).all():  # NaN too
        raise InputError(f"image {name}: expected scores from 0 to 1, got {scores.min()} to {scores.max()}")
    if not masks.any((1, 2)).all():
        raise InputError(f"image {name}: a mask has no pixel")
    return scores, masks
