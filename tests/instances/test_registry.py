import dataclasses

import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.instances.registry import build_instance_model, load_instance_model, save_instance_model, start_from
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import Pretrained

NAMES = ("mask2former", "mask_rcnn")


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_another_backbone_are_refused(name, tiny):
    body = build_backbone("resnet50").state_dict()
    with pytest.raises(InputError, match="mobilenet_v2"):
        build_instance_model(name, tiny[name], Pretrained(body), seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_initial_weights_and_nobody_elses_random_numbers(name, tiny):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first, again = (build_instance_model(name, tiny[name], None, seed=1) for _ in range(2))
    assert torch.equal(torch.rand(2), expected)
    for one, other in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_predicts_as_before_up_to_half_precision(name, tmp_path, tiny):
    model = build_instance_model(name, tiny[name], None, seed=0)
    save_instance_model(model, name, tmp_path / "m.safetensors")
    loaded = load_instance_model(tmp_path / "m.safetensors")
    assert type(loaded) is type(model) and not loaded.training
    assert dataclasses.asdict(loaded.config) == dataclasses.asdict(model.config) or name == "mask_rcnn"
    for one, other in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_model_can_start_from_the_file_of_another_of_its_size(tmp_path, tiny):
    model = build_instance_model("mask2former", tiny["mask2former"], None, seed=0)
    save_instance_model(model, "mask2former", tmp_path / "m.safetensors")
    robust = dataclasses.replace(tiny["mask2former"], robust_margin=0.7)
    other = build_instance_model("mask2former", robust, None, seed=1)
    start_from(other, tmp_path / "m.safetensors")
    assert other.config == robust
    for one, two in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-6)
    larger = build_instance_model("mask2former", dataclasses.replace(robust, queries=6), None, seed=1)
    with pytest.raises(InputError, match="not the weights"):
        start_from(larger, tmp_path / "m.safetensors")


def test_files_that_are_no_model_are_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        load_instance_model(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_instance_model(tmp_path / "text.safetensors")
    with pytest.raises(InputError, match="mask2former"):
        build_instance_model("yolo", None, None, 0)
