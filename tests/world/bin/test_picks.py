import cv2
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from graspbook.core.errors import InputError
from graspbook.data.rle import encode_mask
from graspbook.world.bin.picks import (
    PICK_OUTCOMES,
    PICK_SCHEMA,
    chosen_mask,
    encode_png,
    read_picks,
    seen_image,
    true_ids,
)

SIZE = (12, 18)
RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 5, SIZE, dtype=np.uint8)
IMAGE = RNG.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
MASK = RNG.random(SIZE) < 0.5


def row(**fields):
    pick = {
        "episode": 1, "attempt": 2, "bin": 0, "outcome": "fell", "n_objects": 3, "n_masks": 2, "score": 0.5,
        "planned_cups": 4, "height": SIZE[0], "width": SIZE[1], "mask_rle": encode_mask(MASK),
        "cup_sealed": [True] * 5, "cup_ids": [1] * 5, "cup_u": [1.5] * 5, "cup_v": [2.5] * 5,
        "ids_png": encode_png(IDS), "image_png": encode_png(cv2.cvtColor(IMAGE, cv2.COLOR_RGB2BGR)),
    }  # fmt: skip
    return pick | fields


def table(*rows):
    return arrow.Table.from_pylist(list(rows), PICK_SCHEMA)


def test_masks_ids_and_images_are_decoded(tmp_path):
    parquet.write_table(table(row(), row(outcome="success", mask_rle=None, image_png=None)), tmp_path / "picks")
    picks = read_picks(tmp_path / "picks")
    (_, first), (_, second) = picks.iterrows()
    np.testing.assert_array_equal(chosen_mask(first), MASK)
    np.testing.assert_array_equal(true_ids(first), IDS)
    np.testing.assert_array_equal(seen_image(first), IMAGE)
    assert chosen_mask(second) is None
    with pytest.raises(InputError, match="episode 1, attempt 2: image_png: not kept"):
        seen_image(second)


def test_every_outcome_may_come(tmp_path):
    parquet.write_table(table(*(row(outcome=outcome) for outcome in PICK_OUTCOMES)), tmp_path / "picks")
    assert read_picks(tmp_path / "picks")["outcome"].tolist() == list(PICK_OUTCOMES)


def test_other_files_are_refused_by_name_and_column(tmp_path):
    path = tmp_path / "picks.parquet"
    with pytest.raises(InputError, match=r"picks.parquet: .* no such file"):
        read_picks(path)
    path.write_text("no Parquet")
    with pytest.raises(InputError, match=r"picks.parquet: expected a Parquet file"):
        read_picks(path)
    good = table(row())
    parquet.write_table(good.drop_columns("bin"), path)
    with pytest.raises(InputError, match=r"picks.parquet: column bin is missing"):
        read_picks(path)
    parquet.write_table(good.set_column(2, "bin", arrow.array(["left"])), path)
    with pytest.raises(InputError, match=r"picks.parquet: column bin: expected int32, found string"):
        read_picks(path)
    parquet.write_table(good.set_column(3, "outcome", arrow.array(["flown"])), path)
    with pytest.raises(InputError, match=r"picks.parquet: column outcome: row 0: expected one of success, .*'flown'"):
        read_picks(path)
    parquet.write_table(good, path)
    assert isinstance(read_picks(path), pd.DataFrame)
