import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.data.images import read_rgb, write_png
from graspbook.instances.model import predict_instances
from graspbook.instances.registry import build_instance_model, load_instance_model, save_instance_model
from graspbook.pipeline.cli import app
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter, save_grasp_segmenter
from graspbook.selfsup.instance_segmentation.config import OwnDataConfig
from graspbook.selfsup.instance_segmentation.own_data import hold_out, train_on_own_data
from graspbook.selfsup.pasting.bank import ObjectBank
from tests.conftest import standard

HEIGHT = 64
SELFSUP = standard("selfsup")
CONFIG = OwnDataConfig(
    height=HEIGHT,
    held_out=0.2,
    filtered=False,
    filter=SELFSUP.evaluate.filter,
    pasting=replace(SELFSUP.pasting, max_objects=3),
    training=replace(SELFSUP.segment, steps=2, batch_size=2, evaluate_every=1),
    model=replace(
        SELFSUP.network.mask2former,
        queries=5,
        hidden=32,
        encoder_feedforward=32,
        decoder_layers=2,
        feedforward=32,
        points=16,
    ),
)


@pytest.fixture(scope="module")
def segmenter():
    config = replace(SELFSUP.train.network, fpn_channels=8, first_layer="random")
    return build_grasp_segmenter(config, pretrained=None, seed=0).eval()


@pytest.fixture
def own(tmp_path, toy_grasps):
    """A folder of one's own: three labelled images and three unlabelled grasps."""
    drawn = toy_grasps(6, HEIGHT)
    scenes = [
        LabelledScene(f"image{number}", drawn.before[number], drawn.visible[number].astype(np.uint16))
        for number in range(3)
    ]
    write_scenes(tmp_path / "labelled", scenes, range(3))
    (tmp_path / "grasps").mkdir()
    for number in range(3, 6):
        for field, name in (("before", "before"), ("after", "after"), ("suction", "cups")):
            write_png(tmp_path / f"grasps/g{number}_{name}.png", getattr(drawn, field)[number])
    return tmp_path


def run(own, segmenter, **changes):
    labels = own / "labelled/annotations.json"
    return train_on_own_data(labels, own / "grasps", segmenter, own / "out", changes.get("config", CONFIG))


@pytest.mark.slow
def test_labels_and_grasps_are_enough_for_a_model(own, segmenter):
    result = run(own, segmenter)
    assert (result.n_labelled, result.n_held_out, result.n_grasps) == (2, 1, 3)
    assert sorted(file.name for file in (own / "out").iterdir()) == [
        "composites.png", "history.csv", "model.safetensors", "objects.parquet",
    ]  # fmt: skip
    bank = ObjectBank(own / "out/objects.parquet")
    assert len(bank) == result.n_objects > 0
    assert set(bank.table["grasp_id"]) <= {"g3", "g4", "g5"}
    history = pd.read_csv(own / "out/history.csv")
    assert history["step"].tolist() == [1, 2]
    assert history["validation_ap"].max() == pytest.approx(result.best_ap, abs=1e-3)
    assert read_rgb(own / "out/composites.png", "composites").shape == (3 * HEIGHT, 4 * 96, 3)
    model = load_instance_model(own / "out/model.safetensors")
    image = CocoScenes(own / "labelled/annotations.json")[0].image
    assert predict_instances(model, image[None])[0].masks.shape[1:] == (HEIGHT, 96)
    assert [path.name for path in own.glob(".out*")] == [".out.manifest"]  # no scratch is left


@pytest.mark.slow
def test_it_is_the_same_every_time_and_replaces_its_own_folder(own, segmenter):
    run(own, segmenter)
    first = {file.name: file.read_bytes() for file in (own / "out").iterdir()}
    run(own, segmenter)
    assert {file.name: file.read_bytes() for file in (own / "out").iterdir()} == first


def test_what_is_wrong_is_said_before_anything_is_made(own, segmenter):
    (own / "out").mkdir()
    (own / "out/thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds thesis\.txt, which was not made here"):
        run(own, segmenter)
    assert (own / "out/thesis.txt").read_text() == "mine"
    shutil.rmtree(own / "out")

    content = json.loads((own / "labelled/annotations.json").read_text())
    for broken, complaint in (
        (content | {"images": content["images"][:1], "annotations": []}, "expected at least 2 images"),
        (content | {"images": content["images"][1:]}, "field image_id: expected the id of an image"),
        (content | {"annotations": []}, "at least one labelled object in the images held out to measure on, image"),
    ):
        (own / "labelled/annotations.json").write_text(json.dumps(broken))
        with pytest.raises(InputError, match=complaint):
            run(own, segmenter)
    (own / "labelled/annotations.json").write_text(json.dumps(content))
    (own / "grasps/g4_after.png").unlink()
    with pytest.raises(InputError, match=r"g4_after\.png"):
        run(own, segmenter)
    assert not (own / "out").exists()


def test_images_of_one_bin_are_held_out_together(tmp_path):
    image = np.zeros((8, 12, 3), np.uint8)
    bins = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]
    scenes = [LabelledScene(f"s{k}", image, np.zeros((8, 12), np.uint16)) for k in range(10)]
    scenes = CocoScenes(write_scenes(tmp_path / "s", scenes, bins))
    for seed in range(5):
        learned, held_out = hold_out(scenes, 0.2, seed)
        assert sorted([*learned.names, *held_out.names]) == sorted(scenes.names)
        assert not set(learned.groups) & set(held_out.groups)
        assert 2 <= len(held_out) <= 3
    assert len(set(hold_out(scenes, 1.0, 0)[0].groups)) == 1  # something is left to learn from
    assert len(set(hold_out(scenes, 0.0, 0)[1].groups)) == 1  # and something to measure on


def call(own, *more):
    arguments = ["--labels", own / "labelled/annotations.json", "--grasps", own / "grasps", "--out", own / "out"]
    return CliRunner().invoke(app, ["selfsup", "train", *map(str, [*arguments, *more])])


@pytest.mark.slow
def test_the_command_trains_and_says_what_it_did(own, segmenter):
    save_grasp_segmenter(segmenter, own / "cut.safetensors")
    begun = build_instance_model("mask2former", CONFIG.model, None, seed=0)
    save_instance_model(begun, "mask2former", own / "start.safetensors")
    result = call(
        own, "--model", own / "cut.safetensors", "--start", own / "start.safetensors", "--steps", 1,
        "--batch-size", 1, "--height", HEIGHT, "--max-objects", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "of 3 grasps; learned from 2 labelled images" in result.output
    trained = load_instance_model(own / "out/model.safetensors")
    assert trained.config == CONFIG.model
    moved = [
        not torch.equal(a, b) for a, b in zip(trained.parameters(), begun.half().float().parameters(), strict=True)
    ]
    assert any(moved)


def test_the_command_names_a_missing_file_in_one_line(own):
    for option in ("--model", "--start"):
        result = call(own, option, own / "none.safetensors")
        assert result.exit_code == 1
        assert result.output.startswith("error: ")
        assert "none.safetensors" in result.output or "mobilenet_v2.safetensors" in result.output
        assert "Traceback" not in result.output
