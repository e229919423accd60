"""Training a row of Table II."""

import dataclasses

import pytest
import torch

from graspbook.instances.registry import build_instance_model, save_instance_model, start_from
from graspbook.selfsup.instance_segmentation import rows
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.instance_segmentation.rows import train_row
from graspbook.selfsup.instance_segmentation.train import train_instance_model
from tests.conftest import standard
from tests.selfsup.instance_segmentation.test_train import TINY, toy_scenes

SELFSUP = standard("selfsup")
NETWORK = dataclasses.replace(SELFSUP.network, weights="random", mask2former=TINY)
TRAINING = dataclasses.replace(SELFSUP.segment, seed=3, steps=2, evaluate_every=2, start="none", margin=0.6)
ROW = SELFSUP.rows["paste-grasp"]


@pytest.fixture
def scenes(tmp_path):
    return toy_scenes(tmp_path / "scenes")


@pytest.fixture
def generic(tmp_path):
    save_instance_model(build_instance_model("mask2former", TINY, None, 8), "mask2former", tmp_path / "g.safetensors")
    return tmp_path / "g.safetensors"


def supply(scenes):
    return BatchSampler(scenes, 2, 3, config=SELFSUP.pasting)


@pytest.mark.slow
@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize("start", ["none", "generic"])
def test_a_row_is_trained_as_by_hand(tmp_path, scenes, generic, robust, start):
    training = dataclasses.replace(TRAINING, start=start)
    row = dataclasses.replace(ROW, robust=robust)
    trained = train_row(row, supply(scenes), scenes, NETWORK, training, generic, tmp_path / "one")
    model = build_instance_model(
        "mask2former", dataclasses.replace(TINY, robust_margin=0.6 if robust else None), None, 3
    )
    if start == "generic":
        start_from(model, generic)
    by_hand = train_instance_model(model, training, supply(scenes), scenes, tmp_path / "two")
    weights, others = trained.model.state_dict(), by_hand.model.state_dict()
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    assert trained.model.config.robust_margin == (0.6 if robust else None)


def test_mask_rcnn_knows_no_generic_start(tmp_path, scenes, monkeypatch):
    monkeypatch.setattr(rows, "train_instance_model", lambda model, *rest: model)
    row = dataclasses.replace(ROW, model="mask_rcnn")
    training = dataclasses.replace(TRAINING, start="generic")
    model = train_row(row, supply(scenes), scenes, NETWORK, training, tmp_path / "missing", tmp_path)
    assert type(model).__name__ == "MaskRCNN"
