import json
from dataclasses import dataclass, field

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.data.folder import open_grasps
from graspbook.data.grasps import GraspDataset
from graspbook.data.images import write_png
from graspbook.data.writer import write_grasps
from graspbook.selfsup.pasting import bank as bank_module
from graspbook.selfsup.pasting.bank import ObjectBank, bank_of_scenes, collect_objects, quality
from graspbook.selfsup.pasting.bank_file import BANK_SCHEMA, bank_metadata, cut_row, write_bank
from graspbook.selfsup.pasting.sources import SCORES, FoundMasks

H, W = 32, 48


@dataclass
class RandomSource:
    """Masks by the brightness of the first pixel: sometimes none, sometimes not kept; counts its calls."""

    name: str = "random"
    die_after: int = 10**9
    seen: list[int] = field(default_factory=list)

    def find(self, before, after, suction):
        if len(self.seen) >= self.die_after:
            raise KeyboardInterrupt
        self.seen.append(len(before))
        masks = np.zeros(before.shape[:3], bool)
        for mask, image in zip(masks, before, strict=True):
            rng = np.random.default_rng(int(image[0, 0, 0]))
            mask[:] = (rng.random(mask.shape) < 0.01) & (rng.random() < 0.8)
        kept = masks.any((1, 2)) & (before[:, 0, 1, 0] > 60)
        scores = pd.DataFrame({name: before[:, 0, 0, 0] / 255 for name in SCORES})
        scores["n_contours"] = np.nan
        return FoundMasks(masks, kept, scores)

    def key(self):
        return self.name


@pytest.fixture
def grasps(tmp_path, make_grasp):
    outcomes = ["success", "success", "dropped"]
    write_grasps(tmp_path / "set", [make_grasp(number, outcome=outcomes[number % 3]) for number in range(30)])
    return GraspDataset(tmp_path / "set").successful()


@pytest.fixture
def make_bank(tmp_path):
    """A function (masks, height, width) -> path of a bank of random crops, grasp k's object being mask k."""

    def make(masks, name="bank.parquet"):
        rng = np.random.default_rng(0)
        rows = [
            cut_row(f"g{number}", number, rng.integers(0, 256, (*mask.shape, 3), dtype=np.uint8), mask)
            for number, mask in enumerate(masks)
        ]
        write_bank([BANK_SCHEMA.empty_table().from_pylist(rows, BANK_SCHEMA)], tmp_path / name, bank_metadata("x", 9))
        return tmp_path / name

    return make


def blob(y, x, h, w):
    mask = np.zeros((H, W), bool)
    mask[y : y + h, x : x + w] = True
    return mask


def test_a_bank_holds_exactly_what_the_source_kept(tmp_path, grasps):
    path = collect_objects(RandomSource(), grasps, tmp_path / "a/bank.parquet", tmp_path / "scratch", "random", shard=7)
    bank = ObjectBank(path)
    batch = grasps.arrays()
    found = RandomSource().find(batch.before, batch.after, batch.suction)
    kept = np.flatnonzero(found.kept)
    assert 0 < len(kept) < found.masks.any((1, 2)).sum() < len(grasps)
    assert bank.table["number"].tolist() == kept.tolist()
    assert bank.table["grasp_id"].tolist() == [batch.grasp_ids[number] for number in kept]
    assert (bank.source, bank.n_grasps, len(bank)) == ("random", len(grasps), len(kept))
    for index, number in enumerate(kept):
        row, crop, mask = bank.table.iloc[index], bank.crop(index), found.masks[number]
        box = (slice(row["y"], row["y"] + row["h"]), slice(row["x"], row["x"] + row["w"]))
        assert np.array_equal(crop.image, batch.before[number][box]) and np.array_equal(crop.mask, mask[box])
        assert crop.mask.any(0)[[0, -1]].all() and crop.mask.any(1)[[0, -1]].all()
        assert np.array_equal(bank.full_mask(index), mask)
        assert (row["area"], row["height"], row["width"]) == (mask.sum(), H, W)
        assert row["occlusion_ratio"] == pytest.approx(batch.before[number, 0, 0, 0] / 255, abs=5e-5), (
            "four decimals are kept"
        )
        assert np.isnan(row["n_contours"])
    assert not list((tmp_path / "scratch").iterdir()), "finished shards are removed"
    assert not set(bank.table.columns) & {"iou", "error", "visible_rle"}, "the truth is not in it"


def test_a_killed_collection_goes_on_and_gives_the_same_bytes(tmp_path, grasps):
    whole = collect_objects(RandomSource(), grasps, tmp_path / "whole.parquet", tmp_path / "s1", "r", 4, 2)
    killed = RandomSource(die_after=5)  # in the third shard
    with pytest.raises(KeyboardInterrupt):
        collect_objects(killed, grasps, tmp_path / "bank.parquet", tmp_path / "s2", "r", 4, 2)
    assert not (tmp_path / "bank.parquet").exists()
    source = RandomSource()
    path = collect_objects(source, grasps, tmp_path / "bank.parquet", tmp_path / "s2", "r", 4, 2)
    assert sum(source.seen) == len(grasps) - 8, "two whole shards are not done again"
    assert path.read_bytes() == whole.read_bytes()


def test_shards_of_another_source_or_other_grasps_are_not_taken(tmp_path, grasps):
    with pytest.raises(KeyboardInterrupt):
        collect_objects(RandomSource(die_after=5), grasps, tmp_path / "b.parquet", tmp_path / "s", "r", 4, 2)
    for source, some in ((RandomSource("other"), grasps), (RandomSource(), grasps.subset(range(8)))):
        collect_objects(source, some, tmp_path / "b.parquet", tmp_path / "s", "r", 4, 2)
        assert sum(source.seen) == len(some)


def test_never_more_than_a_batch_of_grasps_is_asked_for(tmp_path, grasps):
    source = RandomSource()
    collect_objects(source, grasps, tmp_path / "b.parquet", tmp_path / "s", "r", shard=8, batch_size=3)
    assert source.seen == [3, 3, 2, 3, 3, 2, 3, 1]


def test_own_grasps_without_a_table_make_a_bank(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "own").mkdir()
    for number in range(6):
        for name in ("before", "after"):
            image = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
            write_png(tmp_path / f"own/g{number}_{name}.png", image)
        write_png(tmp_path / f"own/g{number}_cups.png", blob(3, 3, 2, 2))
    source = RandomSource()
    bank = ObjectBank(collect_objects(source, open_grasps(tmp_path / "own"), tmp_path / "b.parquet", tmp_path, "own"))
    assert bank.n_grasps == 6 and 0 < len(bank) <= 6


def test_a_source_that_keeps_nothing_makes_an_empty_bank(tmp_path, grasps):
    class Nothing(RandomSource):
        def find(self, before, after, suction):
            found = super().find(before, after, suction)
            return FoundMasks(found.masks, found.kept & False, found.scores)

    path = collect_objects(Nothing(), grasps, tmp_path / "b.parquet", tmp_path / "s", "none")
    bank = ObjectBank(path, 16)
    assert len(bank) == len(bank.first(3)) == 0 and bank.n_grasps == len(grasps)
    assert len(quality(bank, grasps)) == 0


@pytest.mark.parametrize("shard, batch_size", [(0, 1), (1, 0)])
def test_senseless_numbers_are_refused(tmp_path, grasps, shard, batch_size):
    with pytest.raises(InputError, match="shard, batch_size"):
        collect_objects(RandomSource(), grasps, tmp_path / "b.parquet", tmp_path, "r", shard, batch_size)
    with pytest.raises(InputError, match="at least one grasp"):
        collect_objects(RandomSource(), grasps.subset([]), tmp_path / "b.parquet", tmp_path, "r")


def test_the_first_grasps_objects_are_a_view(make_bank):
    bank = ObjectBank(make_bank([blob(1, 1, 5, 5 + k) for k in range(6)]))
    some = bank.first(4)
    assert some.table["number"].tolist() == [0, 1, 2, 3] and some.n_grasps == 4
    assert all(some.crop(k) is bank.crop(k) for k in range(4))
    assert len(bank) == 6 and len(bank.first(0)) == 0 and bank.first(100).n_grasps == 9
    assert len(some.first(2)) == 2
    with pytest.raises(InputError, match="n: "):
        bank.first(-1)


def test_crops_shrink_with_the_images_they_are_for(make_bank):
    path = make_bank([blob(2, 4, 8, 16), blob(3, 4, 10, 6)])
    whole, half = ObjectBank(path), ObjectBank(path, H // 2)
    for index in range(2):
        crop, small = whole.crop(index), half.crop(index)
        h, w = small.mask.shape
        assert small.image.shape == (h, w, 3) and (2 * h, 2 * w) == crop.mask.shape and small.mask.all()
        assert np.abs(crop.image.reshape(h, 2, w, 2, 3).mean((1, 3)) - small.image).max() <= 0.5
    assert ObjectBank(path, 2 * H).crop(0).mask.shape == (16, 32)


def test_a_shrunk_mask_is_where_more_than_half_is_covered(make_bank):
    mask = np.random.default_rng(3).random((H, W)) < 0.6
    mask[0] = mask[-1] = True
    mask[:, 0] = mask[:, -1] = True
    small = ObjectBank(make_bank([mask]), H // 4).crop(0).mask
    assert np.array_equal(small, mask.reshape(H // 4, 4, W // 4, 4).mean((1, 3)) > 0.5)


def test_objects_that_vanish_when_shrunk_are_left_out(make_bank):
    sparse = np.zeros((H, W), bool)
    sparse[::8, ::8] = True
    bank = ObjectBank(make_bank([blob(0, 0, 8, 8), sparse, blob(0, 0, 6, 6)]), H // 4)
    assert bank.table["number"].tolist() == [0, 2]
    assert bank.crop(1).mask.shape == (2, 2)
    assert np.array_equal(bank.full_mask(1), blob(0, 0, 6, 6))


def test_decoded_crops_are_kept_but_not_without_limit(make_bank, monkeypatch):
    bank = ObjectBank(make_bank([blob(1, 1, 4, 4)] * 5))
    assert bank.crop(0) is bank.crop(0)
    monkeypatch.setattr(bank_module, "CACHED_CROPS", 2)
    for index in range(5):
        bank.crop(index)
        assert len(bank._decoded) <= 2


def test_labelled_images_give_their_visible_objects(tmp_path):
    rng = np.random.default_rng(1)
    scenes = []
    for number in range(4):
        ids = np.zeros((64, 96), np.uint16)
        for value in range(1, 6):
            y, x = rng.integers(0, 50, 2)
            ids[y : y + rng.integers(2, 12), x : x + rng.integers(2, 12)] = value
        scenes.append(LabelledScene(f"s{number}", rng.integers(0, 256, (64, 96, 3), dtype=np.uint8), ids))
    read = CocoScenes(write_scenes(tmp_path / "scenes", scenes, range(4)))
    bank = ObjectBank(bank_of_scenes(read, tmp_path / "train.parquet", min_area=1500))  # 15 pixels here
    expected = [
        (scene.name, number, (scene.ids == value))
        for number, scene in enumerate(read)
        for value in range(1, scene.ids.max() + 1)
        if (scene.ids == value).sum() >= 15
    ]
    assert 0 < len(expected) == len(bank) < 20 and bank.n_grasps == 4 and bank.source == "train"
    for index, (name, number, mask) in enumerate(expected):
        assert (bank.table["grasp_id"][index], bank.table["number"][index]) == (name, number)
        assert np.array_equal(bank.full_mask(index), mask)


def test_a_bank_of_labelled_images_is_written_in_parts(tmp_path, monkeypatch):
    ids = np.zeros((64, 96), np.uint16)
    ids[:20, :20], ids[30:50, 30:50] = 1, 2
    scenes = [LabelledScene(f"s{k}", np.zeros((64, 96, 3), np.uint8), ids) for k in range(5)]
    read = CocoScenes(write_scenes(tmp_path / "scenes", scenes, range(5)))
    monkeypatch.setattr(bank_module, "ROWS_AT_ONCE", 4)
    path = bank_of_scenes(read, tmp_path / "train.parquet")
    assert parquet.ParquetFile(path).num_row_groups == 3 and len(ObjectBank(path)) == 10


def test_quality_compares_with_the_truth(tmp_path, grasps):
    bank = ObjectBank(collect_objects(RandomSource(), grasps, tmp_path / "b.parquet", tmp_path / "s", "r"))
    found = quality(bank, grasps)
    truths = dict(zip(grasps.table["grasp_id"], grasps.arrays().visible, strict=True))
    for index, row in enumerate(found.itertuples()):
        mask, truth = bank.full_mask(index), truths[row.grasp_id]
        assert row.iou == (mask & truth).sum() / (mask | truth).sum()
        assert row.error == (mask != truth).sum() / truth.sum()
    with pytest.raises(InputError, match="is not in"):
        quality(bank, grasps.subset([0]))
    del grasps.table["visible_rle"]
    with pytest.raises(InputError, match="no visible mask"):
        quality(bank, grasps)


def test_files_that_are_no_bank_are_named(tmp_path, make_bank, grasps):
    (tmp_path / "text.parquet").write_text("no")
    write_bank([], tmp_path / "shard.parquet", {})
    for path, message in (
        (tmp_path / "none.parquet", "no such file"),
        (tmp_path / "text.parquet", "not a Parquet file"),
        (grasps.path, "no field 'source'"),
        (tmp_path / "shard.parquet", "no field 'source'"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            ObjectBank(path)
        assert str(path) in str(caught.value)
    with pytest.raises(InputError, match="height"):
        ObjectBank(make_bank([blob(0, 0, 3, 3)]), height=0)


def test_faulty_rows_and_columns_are_named(tmp_path, make_bank):
    path = make_bank([blob(0, 0, 3, 3), blob(0, 0, 4, 4)])
    table = parquet.read_table(path)
    rows = table.to_pylist()
    metadata = json.loads(table.schema.metadata[b"graspbook"])

    def rewrite(**change):
        write_bank([table.from_pylist([rows[0], rows[1] | change], BANK_SCHEMA)], path, metadata)

    rewrite(crop_png=b"no image")
    with pytest.raises(InputError, match="row 1: column crop_png"):
        ObjectBank(path).crop(1)
    rewrite(crop_png=cv2.imencode(".png", np.zeros((3, 4, 3), np.uint8))[1].tobytes())
    with pytest.raises(InputError, match=r"row 1: column crop_png: expected a PNG of 4x4"):
        ObjectBank(path).crop(1)
    rewrite(mask_rle="0")
    with pytest.raises(InputError, match="row 1: column mask_rle"):
        ObjectBank(path)
    parquet.write_table(table.drop_columns(["area"]), path)
    with pytest.raises(InputError, match="expected the columns"):
        ObjectBank(path)


def test_writing_that_fails_leaves_nothing(tmp_path):
    def tables():
        yield BANK_SCHEMA.empty_table()
        raise InputError("an image is faulty")

    with pytest.raises(InputError, match="faulty"):
        write_bank(tables(), tmp_path / "bank.parquet", bank_metadata("x", 1))
    assert not list(tmp_path.iterdir())
