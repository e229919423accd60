"""Picks as a table: what a robot did, attempt by attempt (`selfsup` paper, §VI-A).

One Parquet file holds the attempts of one segmenter, one row each:

    episode, attempt    int32   numbers, from 0
    bin                 int32   0 or 1, where it was picked from
    outcome             string  one of `PICK_OUTCOMES`
    n_objects           int32   in that bin
    n_masks             int32   that the segmenter found
    score               float32 of the chosen mask; null where none was chosen
    planned_cups        int32   that the plan lands on the chosen mask
    height, width       int32   of the images, pixels
    mask_rle            string  the chosen mask, COCO counts; null where none was chosen
    cup_sealed          bool    [5]
    cup_ids             int32   [5], the item under each cup, 0 = none
    cup_u, cup_v        float32 [5], pixel coordinates of the cups; NaN without a plan
    ids_png             binary  true object ids, grey PNG
    image_png           binary  what the camera saw, RGB PNG; null for successes, which nobody looks at again
"""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask

PICK_OUTCOMES = ("success", "no_mask", "no_plan", "collision", "nothing_held", "dropped", "fell", "multiple", "lost")
"""How an attempt ends. "no_mask": nothing was found; "no_plan": no mask has depth and can be reached;
"collision": the body of the tool hit something, nothing was pressed. "nothing_held", "dropped", "multiple" and
"lost" are those of `pull`. "fell": the object left its bin, but not to lie in the other one as put there."""

PICK_SCHEMA = arrow.schema(
    [
        ("episode", arrow.int32()),
        ("attempt", arrow.int32()),
        ("bin", arrow.int32()),
        ("outcome", arrow.string()),
        ("n_objects", arrow.int32()),
        ("n_masks", arrow.int32()),
        ("score", arrow.float32()),
        ("planned_cups", arrow.int32()),
        ("height", arrow.int32()),
        ("width", arrow.int32()),
        ("mask_rle", arrow.string()),
        ("cup_sealed", arrow.list_(arrow.bool_())),
        ("cup_ids", arrow.list_(arrow.int32())),
        ("cup_u", arrow.list_(arrow.float32())),
        ("cup_v", arrow.list_(arrow.float32())),
        ("ids_png", arrow.binary()),
        ("image_png", arrow.binary()),
    ]
)


def read_picks(path: Path | str) -> pd.DataFrame:
    """Reads what `collect_picks` wrote, one row per attempt, in the order of episodes and attempts.

    Args:
        path: The Parquet file.

    Returns:
        A table with the columns of `PICK_SCHEMA`, one row per attempt.

    Raises:
        InputError: If there is no such file, it is no Parquet file, a column is missing or of the wrong type, or an
            outcome is unknown; the message names the file and the column.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected the picks of a segmenter (Parquet), there is no such file")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: expected a Parquet file ({error})") from error
    for field in PICK_SCHEMA:
        if field.name not in table.column_names:
            raise InputError(f"{path}: column {field.name} is missing; expected {', '.join(PICK_SCHEMA.names)}")
        found = table.schema.field(field.name).type
        if found != field.type:
            raise InputError(f"{path}: column {field.name}: expected {field.type}, found {found}")
    picks = table.select(PICK_SCHEMA.names).to_pandas()
    for row in np.flatnonzero(~picks["outcome"].isin(PICK_OUTCOMES)):
        found = picks["outcome"].iat[row]
        raise InputError(
            f"{path}: column outcome: row {row}: expected one of {', '.join(PICK_OUTCOMES)}, got {found!r}"
        )
    return picks


def chosen_mask(row: Mapping) -> np.ndarray | None:
    """The mask that an attempt was planned on.

    Args:
        row: One row of `read_picks`.

    Returns:
        The mask, bool [H, W]; None where none was chosen.
    """
    return None if pd.isna(row["mask_rle"]) else decode_mask(row["mask_rle"], row["height"], row["width"])


def true_ids(row: Mapping) -> np.ndarray:
    """The true object ids of an attempt's picture.

    Args:
        row: One row of `read_picks`.

    Returns:
        The ids, uint8 [H, W]; 0 is the background.
    """
    return cv2.imdecode(np.frombuffer(row["ids_png"], np.uint8), cv2.IMREAD_UNCHANGED)


def seen_image(row: Mapping) -> np.ndarray:
    """The picture that the camera took before an attempt that failed.

    Args:
        row: One row of `read_picks`.

    Returns:
        The picture, RGB uint8 [H, W, 3].

    Raises:
        InputError: If the attempt succeeded; its picture was not kept.
    """
    if row["image_png"] is None:
        raise InputError(f"episode {row['episode']}, attempt {row['attempt']}: image_png: not kept, it succeeded")
    return cv2.imdecode(np.frombuffer(row["image_png"], np.uint8), cv2.IMREAD_COLOR_RGB)


def encode_png(pixels: np.ndarray) -> bytes:
    """Encodes an image as a PNG file, as the columns `ids_png` and `image_png` hold it.

    Args:
        pixels: The grey [H, W] or BGR [H, W, 3] image, uint8.

    Returns:
        The bytes of the file.
    """
    return cv2.imencode(".png", pixels)[1].tobytes()
