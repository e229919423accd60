import shutil
from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pandas as pd
import pyarrow as arrow
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.data.grasps import GraspDataset
from graspbook.data.writer import write_grasps
from graspbook.instances.registry import build_instance_model, load_instance_model, save_instance_model
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.pasting.bank_file import BANK_SCHEMA, bank_metadata, cut_row, write_bank
from graspbook.selfsup.pasting.sources import SCORES, FoundMasks
from graspbook.selfsup.picking import continual
from graspbook.selfsup.picking.continual import (
    ROBOTS,
    grow_bank,
    join_banks,
    keep_round,
    pick_round,
    round_batches,
    share_of_new,
    train_round,
    weights_before,
)
from graspbook.world.bin.segmenter import TrueSegmenter
from tests.conftest import standard

CONFIG = replace(standard("selfsup").continual, bins=2, attempts=3, steps=2, batch_size=2, enter_round=3)
WORLD, PASTING, SEGMENT = (getattr(standard("selfsup"), section) for section in ("world", "pasting", "segment"))
HEIGHT, WIDTH = 32, 48


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


class SuctionSource:
    """Takes the suction mask for the object."""

    def find(self, before, after, suction):
        scores = pd.DataFrame(np.nan, range(len(suction)), SCORES)
        return FoundMasks(suction, np.ones(len(suction), bool), scores)

    def key(self):
        return "suction"


@pytest.fixture
def scenes(tmp_path):
    """Two labelled images of two objects each."""
    rng = np.random.default_rng(0)

    def scene(number):
        ids = np.zeros((HEIGHT, WIDTH), np.uint16)
        ids[4:16, 4:20], ids[18:30, 24:44] = 1, 2
        return LabelledScene(f"scene-{number}", rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8), ids)

    return CocoScenes(write_scenes(tmp_path / "scenes", map(scene, range(2)), [0, 1]))


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A folder with a small model to start from."""
    settings = replace(
        standard("selfsup").network.mask2former,
        queries=4, hidden=32, encoder_feedforward=16, decoder_layers=2, feedforward=16, points=16,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("start")
    model = build_instance_model("mask2former", settings, None, 0)
    save_instance_model(model, "mask2former", folder / "model.safetensors")
    return folder


def test_all_robots_start_from_one_model_and_go_on_from_their_own(tmp_path):
    assert weights_before(tmp_path, 0) == dict.fromkeys(ROBOTS, tmp_path / "model.safetensors")
    assert weights_before(tmp_path, 2) == {robot: tmp_path / f"{robot}.safetensors" for robot in ROBOTS}


def test_new_objects_enter_in_their_round():
    assert [share_of_new(CONFIG, number) for number in range(5)] == [0, 0, 0, CONFIG.share_new, CONFIG.share_new]


@pytest.mark.parametrize("held", [0, 2])
def test_a_round_of_picking_keeps_what_held_and_nothing_of_an_earlier_run(tmp_path, monkeypatch, make_grasp, held):
    asked = []

    def collect_picks(out, seed, world, segmenter, *, grasps_out, **options):
        asked.append((seed, world, segmenter.key, options))
        assert not grasps_out.exists()
        if held:
            write_grasps(grasps_out, map(make_grasp, range(held)))
        return out

    monkeypatch.setattr(continual, "collect_picks", collect_picks)
    monkeypatch.setattr(continual, "read_picks", lambda path: pd.DataFrame({"file": [path]}))
    write_grasps(tmp_path / "grasps", [make_grasp(9)])
    picked = pick_round(CONFIG, 3, WORLD, TrueSegmenter(), tmp_path, "data", tmp_path)
    where = {"data_dir": "data", "scratch_dir": tmp_path}
    options = {"episodes": 2, "attempts": 3, "share_new": CONFIG.share_new} | where
    assert asked == [(1000 * CONFIG.seed + 3, WORLD, "true", options)]
    assert picked.picks["file"].tolist() == [tmp_path / "picks.parquet"]
    assert len(picked.grasps or []) == held


def test_the_bank_grows_by_what_was_grasped(tmp_path, make_grasp):
    write_grasps(tmp_path / "grasps", map(make_grasp, range(3)))
    grasps, previous = GraspDataset(tmp_path / "grasps"), tmp_path / "round-1"
    assert grow_bank(previous, None, SuctionSource(), 1, tmp_path / "a", tmp_path / "scratch") is None
    first = grow_bank(previous, grasps, SuctionSource(), 1, tmp_path / "a", tmp_path / "scratch")
    assert (ObjectBank(first).source, ObjectBank(first).n_grasps) == ("rounds 1 to 1", 3)
    previous.mkdir()
    shutil.copy(first, previous / "bank.parquet")
    second = ObjectBank(grow_bank(previous, grasps, SuctionSource(), 2, tmp_path / "b", tmp_path / "scratch"))
    assert second.table["number"].tolist() == [0, 1, 2, 3, 4, 5] and second.source == "rounds 1 to 2"
    barren = ObjectBank(grow_bank(previous, None, SuctionSource(), 2, tmp_path / "c", tmp_path / "scratch"))
    assert barren.table["number"].tolist() == [0, 1, 2]


def test_the_robots_differ_in_what_is_pasted_alone(scenes, tmp_path):
    banks = {
        "own": ObjectBank(bank(tmp_path / "a.parquet", ["a", "b"], [0, 1], 2, 1), HEIGHT),
        "pasted": ObjectBank(bank(tmp_path / "b.parquet", ["c"], [0], 1, 2), HEIGHT),
    }
    pasting = replace(PASTING, min_objects=3, min_area=0)

    def images(number, banks):
        batches = round_batches(CONFIG, number, scenes, pasting, banks, None, 5.0)
        return {robot: batches[robot](0).images for robot in ROBOTS}

    first = images(1, banks)
    assert len(first) == 3 and len(first["own"]) == CONFIG.batch_size
    for one, other in combinations(ROBOTS, 2):
        assert not torch.equal(first[one], first[other])
    for empty in ({}, {"own": None}, {"own": banks["own"].first(0)}):
        bare = images(1, empty)
        assert all(torch.equal(bare[robot], first["labels"]) for robot in ROBOTS)
    exchanged = images(1, {"own": banks["pasted"], "pasted": banks["own"]})
    assert torch.equal(exchanged["own"], first["pasted"]) and torch.equal(exchanged["pasted"], first["own"])
    assert not torch.equal(images(2, banks)["labels"], first["labels"])


@pytest.mark.slow
def test_what_was_learned_is_kept_for_the_next_round(scenes, start, tmp_path):
    weights = weights_before(start, 0)
    keep_round(tmp_path / "round-0", weights, {}, None)
    assert sorted(file.name for file in (tmp_path / "round-0").iterdir()) == sorted(
        f"{robot}.safetensors" for robot in ROBOTS
    )
    for file in (tmp_path / "round-0").iterdir():
        assert file.read_bytes() == (start / "model.safetensors").read_bytes()

    weights = weights_before(tmp_path / "round-0", 1)
    objects = bank(tmp_path / "bank.parquet", ["a"], [0], 1, 1)
    pasting = replace(PASTING, min_objects=3, min_area=0)
    other = ObjectBank(bank(tmp_path / "other.parquet", ["b"], [0], 1, 2), HEIGHT)
    banks = {"own": ObjectBank(objects, HEIGHT), "pasted": other}
    batches = round_batches(CONFIG, 1, scenes, pasting, banks, None, 5.0)
    trained = train_round(weights, batches, CONFIG.training(SEGMENT), scenes, tmp_path / "scratch")
    keep_round(tmp_path / "round-1", weights, trained, objects)
    kept = {file.name: file for file in (tmp_path / "round-1").iterdir()}
    assert sorted(kept) == ["bank.parquet", *sorted(f"{robot}.safetensors" for robot in ROBOTS)]
    assert len({kept[f"{robot}.safetensors"].read_bytes() for robot in ROBOTS} | {weights["own"].read_bytes()}) == 4
    for robot in ROBOTS:
        assert trained[robot].history["step"].tolist() == [1, 2]
        for one, other in zip(
            load_instance_model(kept[f"{robot}.safetensors"]).state_dict().values(),
            trained[robot].model.state_dict().values(),
            strict=True,
        ):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


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
