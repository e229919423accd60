import dataclasses
from pathlib import Path

import pytest

from graspbook.core.errors import InputError
from graspbook.joint.model_file import FILES, save_network
from graspbook.joint.network import build_network
from graspbook.papers import slugs
from graspbook.pipeline import models
from graspbook.pipeline.models import DEFAULTS, find_model, load
from tests.conftest import committed, standard
from tests.joint.conftest import ROW

JOINT = standard("joint")


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A repository without models, which is also where graspbook is installed from."""
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "params").mkdir()
    monkeypatch.setattr(models, "_root_of", lambda start: tmp_path)
    return tmp_path


def test_every_paper_has_a_model_of_its_name():
    assert set(DEFAULTS) == set(slugs()) == set(models.PAPER_OF.values())


def test_a_name_is_found_once_it_has_been_fetched(clone):
    with pytest.raises(InputError) as error:
        load("joint")
    wanted = f"not fetched yet; run `dvc pull artifacts/joint/network.safetensors` in {clone}"
    assert str(error.value) == f"model 'joint': {wanted}"
    (clone / "artifacts/joint").mkdir(parents=True)
    network = build_network(ROW, dataclasses.replace(JOINT.network, mobilenet_weights="random"), 1)
    save_network(network, ROW, JOINT.network, clone / "artifacts/joint/network.safetensors")
    assert find_model("joint") == find_model("joint/network") == clone / "artifacts/joint/network.safetensors"
    assert load("joint").row == ROW


def test_what_a_file_does_not_say_the_papers_parameters_say_and_nothing_else(tmp_path):
    network = build_network(ROW, JOINT.network, 1)
    save_network(network, ROW, JOINT.network, tmp_path / "old.safetensors")
    found = load(tmp_path / "old.safetensors").settings
    assert (found.height, found.compactness) == (JOINT.world.height, JOINT.superpixels.compactness)
    other = dataclasses.replace(found, height=7)
    FILES.save(tmp_path / "new.safetensors", network, other, row=ROW, network=JOINT.network)
    assert load(str(tmp_path / "new.safetensors")).settings == other


def test_what_is_no_model_is_refused_in_a_sentence(tmp_path, clone, monkeypatch):
    (tmp_path / "text.safetensors").write_text("text")
    for model, complaint in (
        (None, "model: expected a name or the path of a .safetensors file, got NoneType"),
        ("no/such", "model 'no/such': no artifacts/no/such.safetensors in "),
        (tmp_path / "none.safetensors", "none.safetensors: missing"),
        (tmp_path / "text.safetensors", "text.safetensors: not a safetensors file"),
    ):
        with pytest.raises(InputError, match=complaint):
            load(model)
    monkeypatch.setattr(models, "_root_of", lambda start: None)
    with pytest.raises(InputError, match="names need a clone of graspbook"):
        load("joint")


def test_parameters_are_those_of_the_code_whatever_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert models.home() == Path(__file__).parents[2]
    assert models.standard("joint") == committed().joint
