from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.instances.average_precision import average_precision, match_detections
from graspbook.instances.detection_table import tabulate
from graspbook.instances.model import predict_instances
from graspbook.instances.registry import build_instance_model, load_instance_model, save_instance_model
from graspbook.selfsup.instance_segmentation.areas import object_areas
from graspbook.selfsup.picking import round_scores
from graspbook.selfsup.picking.continual import ROBOTS
from graspbook.selfsup.picking.round_scores import measure_round, write_scores
from tests.conftest import standard

CONFIG = replace(standard("selfsup").continual, test_bins=4, attempts=5, threshold=0.3, replicates=20, seed=3)
WORLD = standard("selfsup").world
METRICS = ["error_known", "ap_known", "error_new", "ap_new"]
HEIGHT, WIDTH = 32, 48


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A round's folder with three small models."""
    settings = replace(
        standard("selfsup").network.mask2former,
        queries=4, hidden=32, encoder_feedforward=16, decoder_layers=2, feedforward=16, points=16,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("round")
    for seed, robot in enumerate(ROBOTS):
        model = build_instance_model("mask2former", settings, None, seed)
        save_instance_model(model, "mask2former", folder / f"{robot}.safetensors")
    return folder


@pytest.fixture
def images(models, tmp_path):
    """Labelled images of both kinds, three each; the labels are some of what the first robot finds."""

    def make(kind, seed):
        rng = np.random.default_rng(seed)
        pictures = rng.integers(0, 256, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)
        found = predict_instances(load_instance_model(models / "own.safetensors"), pictures)
        scenes = [
            LabelledScene(f"{kind}-{k}", picture, detections.masks[-1].astype(np.uint16))
            for k, (picture, detections) in enumerate(zip(pictures, found, strict=True))
        ]
        return CocoScenes(write_scenes(tmp_path / kind, scenes, [0, 1, 2]))

    return {"known": make("known", 0), "new": make("new", 1)}


@pytest.fixture
def asked(monkeypatch):
    """Puts made-up picks in place of real ones, and records what was asked for."""
    calls = {}

    def collect_picks(out, seed, world, segmenter, **options):
        calls[out.stem] = (seed, world, segmenter, options)
        return out

    def read_picks(path):
        outcomes = np.random.default_rng(len(path.stem)).choice(["success", "dropped"], 20)
        return pd.DataFrame({"episode": np.arange(20) // 5, "outcome": outcomes})

    monkeypatch.setattr(round_scores, "collect_picks", collect_picks)
    monkeypatch.setattr(round_scores, "read_picks", read_picks)
    return calls


@pytest.mark.slow
def test_all_robots_are_measured_on_both_kinds_of_bins(models, images, asked, tmp_path):
    table, _ = measure_round(models, 2, CONFIG, WORLD, images, tmp_path)
    assert list(table) == ["round", *METRICS]
    assert table["round"].tolist() == [f"{name}, round 2" for name in ROBOTS.values()]
    assert sorted(asked) == sorted(f"{robot}-{kind}" for robot in ROBOTS for kind in ("known", "new"))
    for name, (seed, world, segmenter, options) in asked.items():
        robot, kind = name.split("-")
        assert (seed, world) == (3, WORLD) and segmenter.path == models / f"{robot}.safetensors"
        assert (segmenter.height, segmenter.threshold) == (HEIGHT, 0.3)
        assert (options["episodes"], options["attempts"], options["share_new"]) == (4, 5, float(kind == "new"))
        scenes, row = images[kind], table.iloc[list(ROBOTS).index(robot)]
        picks = round_scores.read_picks(tmp_path / f"{name}.parquet")
        assert row[f"error_{kind}"] == pytest.approx(100 * (picks["outcome"] != "success").mean())
        found = (predict_instances(load_instance_model(segmenter.path), scene.image[None])[0] for scene in scenes)
        matches = match_detections(scenes.truth(), tabulate(scenes.names, found), object_areas(HEIGHT))
        assert row[f"ap_{kind}"] == pytest.approx(average_precision(matches)["ap"][0])
    assert (table["ap_known"] > 0).any() and table["ap_known"].nunique() == 3


def test_replicates_resample_bins_and_come_with_each_robot(models, images, asked, tmp_path):
    _, replicates = measure_round(models, 1, CONFIG, WORLD, images, tmp_path)
    assert list(replicates) == ["replicate", *METRICS, "round"]
    assert replicates.groupby("round", sort=False)["replicate"].agg(list).to_dict() == {
        f"{name}, round 1": list(range(20)) for name in ROBOTS.values()
    }
    assert all(replicates[metric].nunique() > 1 for metric in METRICS)


def test_before_anybody_has_learned_all_robots_are_one(models, images, asked, tmp_path):
    table, replicates = measure_round(models, 0, CONFIG, WORLD, images, tmp_path)
    assert sorted(asked) == ["own-known", "own-new"]
    own, *others = (rows.drop(columns="round").to_numpy() for _, rows in replicates.groupby("round", sort=False))
    assert len(others) == 2
    for other in others:
        np.testing.assert_array_equal(own, other)
    assert table[METRICS].nunique().tolist() == [1, 1, 1, 1]
    assert table["round"].tolist() == [f"{name}, round 0" for name in ROBOTS.values()]


def test_scores_are_written_as_a_table_and_replicates_in_single_precision(tmp_path):
    table = pd.DataFrame({"round": ["Own grasps, round 0"], "error_known": [1 / 3], "objects": [7]})
    replicates = pd.DataFrame({"replicate": [0, 1], "error_known": [0.1, 0.2], "round": "Own grasps, round 0"})
    write_scores(tmp_path, table, replicates)
    assert (tmp_path / "round.csv").read_text() == 'round,error_known,objects\n"Own grasps, round 0",0.333333,7\n'
    read = pd.read_parquet(tmp_path / "round.replicates.parquet")
    assert read["error_known"].dtype == np.float32 and read["replicate"].tolist() == [0, 1]
    np.testing.assert_allclose(read["error_known"], [0.1, 0.2], rtol=1e-6)
