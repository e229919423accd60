import os

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from graspbook.joint.model_file import save_network
from graspbook.joint.network import build_network
from graspbook.pipeline.cli import app
from tests.joint.conftest import ROW


@pytest.fixture
def model(tmp_path, network_config):
    path = tmp_path / "model.safetensors"
    save_network(build_network(ROW, network_config, 1), ROW, network_config, path)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["joint", *map(str, arguments)])


def test_a_folder_becomes_overlays_and_a_rate(tmp_path, model, streets):
    (tmp_path / "in").mkdir()
    for place in range(2):
        cv2.imwrite(str(tmp_path / "in" / f"{place}.png"), streets[place].image[..., ::-1])
    said = run("segment", tmp_path / "in", "--model", model, "--out", tmp_path / "out").output
    assert "2 pictures in" in said
    assert " FPS (superpixels " in said
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["0.png", "1.png", "times.csv"]
    assert cv2.imread(str(tmp_path / "out" / "0.png")).shape == (32, 64, 3)
    assert list(pd.read_csv(tmp_path / "out" / "times.csv"))[2:] == ["superpixels", "network", "clustering"]


@pytest.mark.slow
def test_a_grey_picture_is_refused_by_name(tmp_path, model):
    cv2.imwrite(str(tmp_path / "grey.png"), np.zeros((32, 64), np.uint8))
    for source, network, complaint in (
        ("grey.png", model, "grey.png: a grey picture"),
        ("none", model, "none: missing; expected a folder"),
        (".", tmp_path / "none.safetensors", "none.safetensors: missing; expected a trained model"),
    ):
        result = run("segment", tmp_path / source, "--model", network, "--out", tmp_path / "out")
        assert result.exit_code != 0
        assert complaint in " ".join(result.output.split())


def test_a_network_becomes_a_program_for_pictures_of_a_size(tmp_path, model, monkeypatch):
    asked = []

    def save(network, height, width, path):
        asked.append((network.k, height, width, path.name))
        path.touch()

    monkeypatch.setattr("graspbook.joint.export.save_program", save)
    path = tmp_path / "a.onnx"
    assert "64x32" in run("export", "--model", model, "--out", path, "--height", 32, "--width", 64).output
    run("export", "--model", model, "--out", path)
    assert asked == [(4, 32, 64, "a.onnx"), (4, 128, 256, "a.onnx")]  # without a size, that of training


def test_a_program_in_the_place_of_a_users_file_is_refused(tmp_path, model):
    (tmp_path / "a.onnx").write_text("mine")
    assert "not overwriting it" in run("export", "--model", model, "--out", tmp_path / "a.onnx").output
    assert (tmp_path / "a.onnx").read_text() == "mine"
    huge = run("export", "--model", model, "--out", tmp_path / "b.onnx", "--height", 10**6, "--width", 10**6).output
    assert "would take about 2.5e+05 GB of memory" in huge


def test_the_users_own_pictures_are_kept(tmp_path, model, streets):
    cv2.imwrite(str(tmp_path / "a.png"), streets[0].image)
    before = (tmp_path / "a.png").read_bytes()
    result = run("segment", tmp_path / "a.png", "--model", model, "--out", tmp_path)
    assert result.exit_code == 1 and "a.png: is read, and would be overwritten" in result.output
    assert (tmp_path / "a.png").read_bytes() == before and not (tmp_path / "times.csv").exists()


@pytest.mark.slow
def test_two_pictures_named_alike_become_two(tmp_path, model, streets):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.bmp", os.fsdecode(b"caf\xe9.bmp")):
        (tmp_path / "in" / name).write_bytes(cv2.imencode(name[-4:], streets[0].image)[1].tobytes())
    result = run("segment", tmp_path / "in", "--model", model, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    written = sorted(os.fsencode(path.name) for path in (tmp_path / "out").glob("[!.]*"))
    assert written == [b"a.bmp.png", b"a.png.png", b"caf\xe9.png", b"times.csv"]
    assert list(pd.read_csv(tmp_path / "out/times.csv")["picture"]) == ["a.bmp", "a.png", "caf\\udce9"]
