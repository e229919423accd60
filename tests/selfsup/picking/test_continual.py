import cv2
import numpy as np
import pyarrow as arrow
import pytest

from graspbook.errors import InputError
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.pasting.bank_file import BANK_SCHEMA, bank_metadata, cut_row, write_bank
from graspbook.selfsup.picking.continual import join_banks


def bank(path, names, numbers, grasps, seed):
    rng = np.random.default_rng(seed)
    rows = []
    for name, number in zip(names, numbers, strict=True):
        mask = np.zeros((24, 36), bool)
        y, x = rng.integers(0, 12, 2)
        mask[y : y + 6, x : x + 9] = True
        rows.append(cut_row(name, number, rng.integers(0, 256, (24, 36, 3), dtype=np.uint8), mask))
    write_bank([arrow.Table.from_pylist(rows, BANK_SCHEMA)], path, bank_metadata("made up", grasps))
    return path


def test_a_joined_bank_has_all_objects_in_order_and_counts_the_grasps_on(tmp_path):
    first = bank(tmp_path / "a.parquet", ["a", "b"], [0, 3], 5, 1)
    empty = bank(tmp_path / "empty.parquet", [], [], 2, 2)
    last = bank(tmp_path / "c.parquet", ["c"], [1], 4, 3)
    joined = ObjectBank(join_banks([first, empty, last], tmp_path / "all.parquet", "rounds"))
    assert joined.table["grasp_id"].tolist() == ["a", "b", "c"]
    assert joined.table["number"].tolist() == [0, 3, 5 + 2 + 1]
    assert (joined.source, joined.n_grasps) == ("rounds", 11)
    for place, part in enumerate([ObjectBank(first), ObjectBank(first), ObjectBank(last)]):
        other = part.crop(place if place < 2 else 0)
        assert np.array_equal(joined.crop(place).image, other.image)
        assert np.array_equal(joined.crop(place).mask, other.mask)
    assert len(joined.first(7)) == 2 and len(joined.first(9)) == 3


def test_a_bank_may_grow_in_place(tmp_path):
    path = bank(tmp_path / "a.parquet", ["a"], [0], 1, 1)
    other = bank(tmp_path / "b.parquet", ["b"], [0], 1, 2)
    for count in (2, 3):
        join_banks([path, other], path, "rounds")
        assert ObjectBank(path).table["number"].tolist() == list(range(count))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_nothing_to_join_and_files_that_are_no_banks_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least one object bank"):
        join_banks([], tmp_path / "out.parquet", "rounds")
    cv2.imwrite(str(tmp_path / "picture.png"), np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match=r"picture\.png"):
        join_banks([tmp_path / "picture.png"], tmp_path / "out.parquet", "rounds")
    assert not (tmp_path / "out.parquet").exists()
