"""An object bank on disk (`selfsup` paper, §III-B.1): what `bank.py` writes and reads.

A bank is one Parquet file, one row per object:

    grasp_id           of the grasp, or name of the labelled image, that it was cut from
    number             of that grasp among all that were looked at, from 0: "the first n grasps" are number < n
    y, x, h, w         tight box of the mask in the image, pixels
    height, width      of the image
    area               pixels of the mask
    occlusion_ratio, relative_entropy, n_contours     what the filter looked at, to four decimals (the last bits of a
                       network differ between processors); null where there is none
    crop_png           the box's pixels, RGB PNG
    mask_rle           the mask in the box, COCO counts
"""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet

from graspbook.core.atomic import new_file
from graspbook.core.errors import InputError
from graspbook.data.rle import encode_mask
from graspbook.selfsup.pasting.sources import SCORES

BANK_SCHEMA = arrow.schema(
    [
        ("grasp_id", arrow.string()),
        ("number", arrow.int32()),
        ("y", arrow.int32()),
        ("x", arrow.int32()),
        ("h", arrow.int32()),
        ("w", arrow.int32()),
        ("height", arrow.int32()),
        ("width", arrow.int32()),
        ("area", arrow.int32()),
        *((name, arrow.float32()) for name in SCORES),
        ("crop_png", arrow.binary()),
        ("mask_rle", arrow.string()),
    ]
)
_METADATA = b"graspbook"
CROP_COLUMNS = ("crop_png", "mask_rle")
"""The columns that hold the crops themselves."""


def cut_row(
    grasp_id: str, number: int, image: np.ndarray, mask: np.ndarray, scores: dict[str, float] | None = None
) -> dict:
    """One object as a row of the bank: `mask` bool [H, W] (not empty) of `image` uint8 RGB [H, W, 3]."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    y, x = int(rows[0]), int(columns[0])
    h, w = int(rows[-1]) + 1 - y, int(columns[-1]) + 1 - x
    box = (slice(y, y + h), slice(x, x + w))
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image[box], cv2.COLOR_RGB2BGR))
    if not done:
        raise InputError(f"grasp {grasp_id}: a crop of {h}x{w} pixels cannot be encoded as PNG")
    return {
        **{"grasp_id": grasp_id, "number": number, "y": y, "x": x, "h": h, "w": w},
        **{"height": mask.shape[0], "width": mask.shape[1], "area": int(mask.sum())},
        **{score: None if np.isnan(value) else round(float(value), 4) for score, value in (scores or {}).items()},
        **{"crop_png": encoded.tobytes(), "mask_rle": encode_mask(np.ascontiguousarray(mask[box]))},
    }


def bank_metadata(source: str, n_grasps: int) -> dict[str, object]:
    """Name of the mask source, grasps that it looked at, and version of this package."""
    return {"source": source, "grasps": n_grasps, "version": version("graspbook")}


def write_bank(tables: Iterable[arrow.Table], out: Path, metadata: dict[str, object]) -> None:
    """Write tables one by one to a file that appears whole or not at all."""
    schema = BANK_SCHEMA.with_metadata({_METADATA: json.dumps(metadata, sort_keys=True).encode()})
    with new_file(out) as partial, parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table.cast(schema))


def read_bank(path: Path) -> tuple[arrow.Table, dict]:
    """Read a bank's rows and metadata; raises InputError if there is no such file or it is no bank."""
    if not path.is_file():
        raise InputError(f"{path}: expected an object bank (Parquet), there is no such file")
    try:
        content = parquet.read_table(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: expected an object bank, not a Parquet file ({error})") from error
    metadata = json.loads((content.schema.metadata or {}).get(_METADATA, b"{}"))
    for field in ("source", "grasps"):
        if field not in metadata:
            raise InputError(f"{path}: expected an object bank, its metadata have no field {field!r}")
    if not content.schema.equals(BANK_SCHEMA, check_metadata=False):
        expected, found = ", ".join(BANK_SCHEMA.names), ", ".join(content.schema.names)
        raise InputError(f"{path}: expected the columns of an object bank, {expected}, found {found}")
    return content, metadata
