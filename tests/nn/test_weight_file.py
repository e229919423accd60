import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from graspbook.core.errors import InputError
from graspbook.nn.weight_file import load_weights, save_weights

FORM = "graspbook.tests.Model"


def build(about):
    return nn.Sequential(nn.Linear(about["inputs"], 3), nn.BatchNorm1d(3))


@pytest.fixture
def model():
    torch.manual_seed(1)
    return build({"inputs": 4})


def load(path):
    return load_weights(path, FORM, "a test model", build)


def test_what_was_saved_comes_back_in_half_precision_where_that_is_said(model, tmp_path):
    model[1].running_var.fill_(1e6)  # out of the range of half precision
    model[1].num_batches_tracked.fill_(70_000)
    path = tmp_path / "new" / "m.safetensors"
    save_weights(model, path, FORM, {"inputs": 4})
    loaded = load(path)
    assert not loaded.training
    expected = {key: value.clone() for key, value in model.state_dict().items()}
    expected["0.weight"] = expected["0.weight"].half().float()
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, expected[key]) and value.dtype == expected[key].dtype, key
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_vectors_are_stored_in_half_precision_on_request_and_counters_never(model, tmp_path):
    save_weights(model, tmp_path / "m", FORM, {"inputs": 4}, half_vectors=True)
    with safe_open(tmp_path / "m", "pt") as file:
        kinds = {key: file.get_tensor(key).dtype for key in file.keys()}
    assert kinds.pop("1.num_batches_tracked") == torch.int64
    assert set(kinds.values()) == {torch.float16}


def test_the_same_model_gives_the_same_bytes_whatever_the_order_of_its_settings(model, tmp_path):
    save_weights(model, tmp_path / "a", FORM, {"inputs": 4, "b": 1})
    save_weights(model, tmp_path / "b", FORM, {"b": 1, "inputs": 4})
    save_weights(load(tmp_path / "a"), tmp_path / "c", FORM, {"inputs": 4, "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_a_write_that_fails_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    save_weights(model, path, FORM, {"inputs": 4})
    before = path.read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_weights(build({"inputs": 4}), path, FORM, {"inputs": 4})
    assert path.read_bytes() == before


def test_loading_leaves_torchs_generator_alone(model, tmp_path):
    save_weights(model, tmp_path / "m", FORM, {"inputs": 4})
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    load(tmp_path / "m")
    assert torch.equal(torch.rand(4), expected)


def test_files_that_are_no_such_model_are_named_with_what_is_wrong(model, tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(InputError, match=r"m\.safetensors: missing; expected a test model"):
        load(path)
    path.write_text("hello")
    with pytest.raises(InputError, match=r"m\.safetensors: not a safetensors file"):
        load(path)
    save_file({"x": torch.zeros(1)}, path, {"graspbook.tests.Other": "{}"})
    with pytest.raises(InputError, match=r"m\.safetensors: its metadata have no field 'graspbook.tests.Model'"):
        load(path)
    for text in ("not JSON", "{}", json.dumps({"inputs": "four"}), json.dumps({"inputs": 5})):
        save_file(model.state_dict(), path, {FORM: text})
        with pytest.raises(InputError, match=r"m\.safetensors: configuration and weights do not make a model"):
            load(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(model, tmp_path, value):
    model[0].weight.data[1, 2] = value
    save_weights(model, tmp_path / "m.safetensors", FORM, {"inputs": 4})
    with pytest.raises(InputError, match=r"m\.safetensors: the weights '0\.weight' are not finite numbers"):
        load(tmp_path / "m.safetensors")
