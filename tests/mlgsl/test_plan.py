import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.depth import read_depth_file
from graspbook.data.intrinsics import read_intrinsics
from graspbook.mlgsl import plan as module
from graspbook.mlgsl.config import Row
from graspbook.mlgsl.model import build_network
from graspbook.mlgsl.model_file import inference_of, load_network, save_network
from graspbook.mlgsl.plan import plan_grasps
from graspbook.nn.model_file import Model
from graspbook.pipeline.cli import app
from tests.mlgsl.worlds import STANDARD

ROW = Row(title="MLGSL", loss="mlgsl", labels=2, seeds=1)
CAMERA = {"fx": 185.0, "fy": 150.0, "cx": 39.5, "cy": 36.0}


@pytest.fixture(autouse=True)
def anything_can_be_grasped(monkeypatch):
    """A network that has learned nothing plans grasps of nothing, too."""
    monkeypatch.setattr(module, "HEIGHT", -np.inf)


@pytest.fixture
def depth():
    image = np.full((80, 80), 0.6, np.float32)
    image[30:50, 37:43] = 0.56
    return image


@pytest.fixture
def trained():
    return Model(build_network(STANDARD.network, 1).eval(), ROW, inference_of(STANDARD, Path()))


def test_grasps_are_given_in_pixels_and_in_the_frame_of_the_camera(depth, trained):
    plan = plan_grasps(trained, depth, CAMERA, 3)
    assert len(plan) == 3
    best = plan[0]
    assert best.z == pytest.approx(float(depth[int(best.v), int(best.u)]))
    assert best.x == pytest.approx((best.u - 39.5) / 185 * best.z)
    assert best.y == pytest.approx((best.v - 36) / 150 * best.z)
    for grasp in plan:
        sides = np.cos(grasp.angle) / 185, np.sin(grasp.angle) / 150
        assert grasp.opening == pytest.approx(grasp.width_px * grasp.z * np.hypot(*sides))
    assert [grasp.quality for grasp in plan] == sorted((grasp.quality for grasp in plan), reverse=True)


def test_gaps_are_filled_and_a_bare_table_has_no_grasp(depth, trained, monkeypatch):
    depth[:3] = np.nan
    plan_grasps(trained, depth, CAMERA)
    monkeypatch.setattr(module, "HEIGHT", 0.005)
    with pytest.raises(InputError, match="no grasp found"):
        plan_grasps(trained, np.full((80, 80), 0.6), CAMERA)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model": None}, "model: expected a grasp network, as graspbook.load returns it, got NoneType"),
        ({"depth": np.full((80, 80), np.nan)}, "depth: not one pixel"),
        ({"depth": np.full((80, 80), 600.0)}, "depth: the median depth would be 600 m"),
        ({"depth": np.full((80, 80), 600)}, r"depth: expected metres, float \[H, W\], got int64"),
        ({"intrinsics": {"fx": 1.0}}, "intrinsics: field 'fy': expected a positive number"),
        ({"count": 0}, "count: expected a whole number from 1, got 0"),
    ],
)
def test_a_wrong_argument_is_named(depth, trained, change, complaint):
    with pytest.raises(InputError, match=complaint):
        plan_grasps(**({"model": trained, "depth": depth, "intrinsics": CAMERA} | change))


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("a.png", lambda d: np.round(1000 * d).astype(np.uint16), "mm"),
        ("a.tiff", lambda d: d, "m"),
        ("a.npy", lambda d: 100 * d, "cm"),
    ],
)
def test_depth_files_are_read_in_their_unit(tmp_path, depth, name, values, unit):
    path = tmp_path / name
    np.save(path, values(depth)) if name.endswith("npy") else cv2.imwrite(str(path), values(depth))
    np.testing.assert_allclose(read_depth_file(path, unit), depth, atol=1e-3)


def test_a_wrong_unit_and_useless_files_are_refused_by_name(tmp_path, depth):
    np.save(tmp_path / "a.npy", 1000 * depth)
    with pytest.raises(InputError, match=r"a\.npy: the median depth would be 600 m; is the unit really 'm'"):
        read_depth_file(tmp_path / "a.npy", "m")
    cv2.imwrite(str(tmp_path / "b.png"), (255 * depth).astype(np.uint8))
    with pytest.raises(InputError, match="found 8-bit grey"):
        read_depth_file(tmp_path / "b.png", "mm")
    np.save(tmp_path / "c.npy", np.full((4, 4), np.nan))
    with pytest.raises(InputError, match="not one pixel"):
        read_depth_file(tmp_path / "c.npy", "m")
    np.save(tmp_path / "d.npy", np.zeros((4, 4, 3)))
    with pytest.raises(InputError, match="one channel"):
        read_depth_file(tmp_path / "d.npy", "m")
    with pytest.raises(InputError, match="no such file"):
        read_depth_file(tmp_path / "e.npy", "m")


def test_intrinsics_name_the_field_that_is_wrong(tmp_path):
    path = tmp_path / "cam.json"
    path.write_text(json.dumps(CAMERA | {"fy": "185"}))
    with pytest.raises(InputError, match=r"cam\.json: field 'fy'"):
        read_intrinsics(path)
    path.write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_intrinsics(path)


@pytest.mark.slow
def test_a_network_is_stored_with_its_row_and_the_command_plans_with_it(tmp_path, depth, trained):
    save_network(trained.network, ROW, STANDARD.network, tmp_path / "m.safetensors")
    again = load_network(tmp_path / "m.safetensors")
    assert again.row == ROW
    cv2.imwrite(str(tmp_path / "d.png"), np.round(1000 * depth).astype(np.uint16))
    (tmp_path / "cam.json").write_text(json.dumps(CAMERA))
    options = ["--intrinsics", tmp_path / "cam.json", "--out", tmp_path / "out", "--model", tmp_path / "m.safetensors"]
    result = CliRunner().invoke(app, list(map(str, ["mlgsl", "plan-grasps", tmp_path / "d.png", *options])))
    assert result.exit_code == 0, result.output
    assert "5 grasps in" in result.output
    assert (tmp_path / "out" / "grasps.csv").read_text().startswith("u,v,angle,width_px,x,y,z,opening,quality")
    assert cv2.imread(str(tmp_path / "out" / "grasps.png")).shape == (320, 320, 3)


def test_a_grasp_has_the_depth_of_its_own_pixel_and_is_read_as_its_loss_says(monkeypatch):
    given = []
    found = np.array([[20.0, 8.0, 0.0, 10.0]]), np.array([0.5])
    monkeypatch.setattr(module, "best_grasps", lambda maps, loss, *_: given.append(loss) or found)
    monkeypatch.setattr(module, "predict", lambda network, depth: np.zeros((1, 4, 24, 32)))
    monkeypatch.setattr(module, "check_model", lambda *_: None)
    depth = np.full((24, 32), 0.6, np.float32)
    depth[8, 20] = 0.5
    model = SimpleNamespace(network=None, row=SimpleNamespace(loss="imgbce"), settings=SimpleNamespace(height=24))
    [grasp] = plan_grasps(model, depth, {"fx": 100.0, "fy": 50.0, "cx": 14.0, "cy": 11.0}, 1)
    assert given == ["imgbce"]
    np.testing.assert_allclose((grasp.x, grasp.y, grasp.z, grasp.opening), (0.03, -0.03, 0.5, 0.05), rtol=1e-5)
