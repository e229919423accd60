import dataclasses
import json

import pytest
import torch
from safetensors import safe_open
from torch import nn

from graspbook.core.configuration import Count, configuration
from graspbook.core.errors import InputError
from graspbook.nn.model_file import Model, ModelFiles, check_model


@configuration
class Sizes:
    widths: tuple[Count, Count]


@configuration
class Use:
    height: Count


FILES = ModelFiles(
    "tiny", "a tiny network", {"row": Sizes, "bias": bool}, lambda row, bias: nn.Linear(*row.widths, bias), Use
)
ROW = Sizes((2, 3))


@pytest.mark.parametrize("use", [Use(96), None])
def test_a_network_comes_back_with_its_row_and_how_it_is_used(tmp_path, use):
    network = nn.Linear(2, 3, False)
    FILES.save(tmp_path / "a.safetensors", network, use, row=ROW, bias=False)
    found = FILES.load(tmp_path / "a.safetensors")
    assert (found.row, found.inference, found.network.training) == (ROW, use, False)
    torch.testing.assert_close(found.network.weight, network.weight, atol=2e-3, rtol=2e-3)


def test_settings_that_the_file_does_not_have_are_asked_for_in_a_sentence():
    with pytest.raises(InputError, match=r"read it with graspbook\.load"):
        _ = Model(nn.Linear(2, 3), ROW).settings


def test_without_settings_the_metadata_are_the_configurations_alone(tmp_path):
    FILES.save(tmp_path / "a.safetensors", nn.Linear(2, 3), None, row=ROW, bias=True)
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert json.loads(file.metadata()["tiny"]) == {"row": {"widths": [2, 3]}, "bias": True}


def test_a_wrong_configuration_and_another_kind_of_file_are_refused(tmp_path):
    FILES.save(tmp_path / "a.safetensors", nn.Linear(2, 3), None, row={"widths": [2, "3"]}, bias=True)
    with pytest.raises(InputError, match=r"a\.safetensors: configuration and weights do not make a model"):
        FILES.load(tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="no field 'other'; not a tiny network"):
        dataclasses.replace(FILES, form="other").load(tmp_path / "a.safetensors")


def test_a_model_of_another_kind_is_refused():
    check_model(Model(nn.Linear(2, 3), None), nn.Linear, "a linear network")
    with pytest.raises(InputError, match=r"model: expected a network, as graspbook\.load returns it, got Linear"):
        check_model(Model(nn.Linear(2, 3), None), nn.Conv2d, "a network")
