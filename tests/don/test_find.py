import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.pictures import read_colour
from graspbook.don.config import NetworkConfig, Row
from graspbook.don.find import descriptors_of, find_descriptors, find_point
from graspbook.don.model_file import save_network
from graspbook.don.network import build_network, describe
from graspbook.nn.model_file import Model
from graspbook.pipeline.cli import app

CONFIG = NetworkConfig("mobilenet_v2", "random", None)


def trained_with(loss):
    return Model(build_network(CONFIG, 4, 1).eval(), Row("a", loss, "multi", 1, dimensions=4, matches=25))


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return [cv2.resize(rng.integers(0, 255, (6, 8, 3)).astype(np.uint8), (64, 48)) for _ in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["nt-xent", "pixelwise"])
def test_the_best_match_is_that_of_a_loop(pictures, loss):
    trained, (reference, picture) = trained_with(loss), pictures
    match = find_point(trained, reference, (20.0, 10.0), picture)
    wanted = describe(trained.network, torch.from_numpy(reference))[10 * 64 + 20]
    near = [
        cosine_similarity(d, wanted, dim=0) if loss == "nt-xent" else -torch.dist(d, wanted)
        for d in describe(trained.network, torch.from_numpy(picture))
    ]
    np.testing.assert_allclose(match.heat.ravel(), np.array(near), atol=1e-5)
    assert match.heat[match.found[1], match.found[0]] == match.heat.max() == pytest.approx(match.closeness)
    found = find_descriptors(trained, descriptors_of(trained, reference, [(20, 10), (1, 2)]), picture)
    column, row = found[0].astype(int)
    # descriptors of an untrained network differ by 1e-4: |d|^2 - 2 q.d cannot tell such distances apart
    assert match.heat[row, column] >= match.closeness - (1e-6 if loss == "nt-xent" else 1e-3)


@pytest.mark.parametrize(("loss", "place"), [("nt-xent", (5, 1)), ("pixelwise", (7, 2))])
def test_descriptors_are_compared_as_the_row_was_trained(pictures, monkeypatch, loss, place):
    described = torch.full((48, 64, 2), -5.0)
    described[1, 5] = torch.tensor([10.0, 0.0])  # the same direction
    described[2, 7] = torch.tensor([1.0, 0.1])  # the nearest one
    monkeypatch.setattr("graspbook.don.find._described", lambda *_: described.flatten(0, 1))
    found = find_descriptors(trained_with(loss), torch.tensor([[1.0, 0.0]]), pictures[0])
    assert found.tolist() == [list(place)]


def test_a_point_is_found_in_its_own_picture(pictures):
    match = find_point(trained_with("nt-xent"), pictures[0], (33.0, 21.0), pictures[0])
    assert match.closeness == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("point", [(1,), (1, 2, 3), "ab", None, ("1", "2"), [None, 3], 5.0, {}, (True, 3)])
def test_what_is_no_point_is_refused(pictures, point):
    with pytest.raises(InputError, match=r"point: expected two numbers \(u, v\)"):
        find_point(trained_with("nt-xent"), pictures[0], point, pictures[1])


def test_what_is_no_model_is_refused(pictures):
    with pytest.raises(InputError, match=r"model: expected a descriptor network, .* got str"):
        find_point("don", pictures[0], (1, 2), pictures[1])


@pytest.mark.parametrize("point", [(64, 3), (-1, 3), (3, 48), (np.nan, 3), (np.inf, 0), (10**400, 0)])
def test_a_point_outside_is_refused(pictures, point):
    with pytest.raises(InputError, match=r"outside the reference picture of 64x48 pixels"):
        find_point(trained_with("nt-xent"), pictures[0], point, pictures[1])


@pytest.mark.parametrize(
    "picture", [None, np.zeros((48, 64)), np.zeros((48, 64, 4), np.uint8), np.zeros((0, 64, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(pictures, picture):
    with pytest.raises(InputError, match=r"expected uint8 \[H, W, 3\]"):
        find_point(trained_with("nt-xent"), pictures[0], (3, 3), picture)


def command(tmp_path, *changes):
    given = ["--reference", "a.png", "--point", "20,10", "--in", "b.png", "--out", "out", "--model", "m.safetensors"]
    given[1:2], given[5:6] = [str(tmp_path / "a.png")], [str(tmp_path / "b.png")]
    given[7:8], given[9:10] = [str(tmp_path / "out")], [str(tmp_path / "m.safetensors")]
    for place, value in changes:
        given[place] = value
    return CliRunner().invoke(app, ["don", "find", *given])


def test_the_command_writes_a_table_and_a_picture_and_says_what_is_wrong(tmp_path, pictures):
    trained = trained_with("nt-xent")
    save_network(trained.network, trained.row, CONFIG, tmp_path / "m.safetensors")
    for name, picture in zip(("a.png", "b.png"), pictures, strict=True):
        cv2.imwrite(str(tmp_path / name), picture[..., ::-1])
    result = command(tmp_path)
    assert result.exit_code == 0, result.output
    header, line = (tmp_path / "out" / "match.csv").read_text().splitlines()
    assert header == "u,v,found_u,found_v,closeness" and line.startswith("20,10,")
    assert read_colour(tmp_path / "out" / "match.png").ndim == 3
    for change, message in (
        ((3, "200,10"), "outside the reference picture"),
        ((3, "twenty"), "--point twenty: expected u,v"),
        ((5, str(tmp_path / "c.png")), "missing; expected a picture"),
        ((5, str(tmp_path / "m.safetensors")), "not a picture"),
    ):
        result = command(tmp_path, change)
        assert result.exit_code == 1 and message in result.output.replace("\n", " "), result.output


def test_the_users_own_picture_is_kept(tmp_path, pictures):
    cv2.imwrite(str(tmp_path / "match.png"), pictures[0])
    before = (tmp_path / "match.png").read_bytes()
    own = str(tmp_path / "match.png")
    result = command(tmp_path, (1, own), (5, own), (7, str(tmp_path)))
    assert result.exit_code == 1 and "is read, and would be overwritten" in result.output.replace("\n", "")
    assert (tmp_path / "match.png").read_bytes() == before


def test_descriptors_that_are_no_numbers_are_refused(pictures):
    broken = trained_with("nt-xent")
    next(broken.network.parameters()).data.fill_(np.nan)
    with pytest.raises(InputError, match="model: its descriptors are not finite"):
        find_point(broken, pictures[0], (3, 3), pictures[1])


def test_a_picture_beyond_the_memory_is_refused(pictures):
    large = np.broadcast_to(np.uint8(0), (10**6, 10**6, 3))
    with pytest.raises(InputError, match=r"picture: 1000000x1000000 pixels would take about 1\.5e\+05 GB of memory"):
        find_point(trained_with("nt-xent"), pictures[0], (3, 3), large)
