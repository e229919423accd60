"""The public functions: what `import graspbook` costs, and the README's examples, which run as they stand there.

The examples read pictures that are made here, in an empty working directory. Where a stored model has not been fetched,
`load` gets a file with a tiny network of the same kind instead, with random weights, which is written here.
"""

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import graspbook
from graspbook.core.errors import InputError
from graspbook.pipeline import models
from tests.conftest import standard

ROOT = Path(__file__).parents[1]
PREAMBLE, *EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
FUNCTIONS = ["segment_grasp", "segment_instances", "segment_scene", "plan_grasps", "find_point"]


def tiny_selfsup(path):
    from graspbook.selfsup.grasp_segmentation.config import GraspSegmenterConfig
    from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter, save_grasp_segmenter

    config = GraspSegmenterConfig("mobilenet_v2", 16, "random", False)
    save_grasp_segmenter(build_grasp_segmenter(config, None, 0), path)


def tiny_latent(path):
    from graspbook.latent.model_file import save_network
    from tests.latent.test_model import build

    save_network(build(), path)


def tiny_joint(path):
    from graspbook.joint.model_file import save_network
    from graspbook.joint.network import build_network
    from tests.joint.conftest import ROW

    config = replace(standard("joint").network, mobilenet_weights="random", widths=(8, 8, 8, 8))
    save_network(build_network(ROW, config, 1), ROW, config, path)


def tiny_mlgsl(path):
    from graspbook.mlgsl.config import Row
    from graspbook.mlgsl.model import build_network
    from graspbook.mlgsl.model_file import save_network

    row, config = Row("a", "mlgsl", 2, 1), standard("mlgsl").network
    save_network(build_network(config, 1), row, config, path)


def tiny_don(path):
    from graspbook.don.config import NetworkConfig, Row
    from graspbook.don.model_file import save_network
    from graspbook.don.network import build_network

    config = NetworkConfig("mobilenet_v2", "random", None)
    row = Row("a", "nt-xent", "multi", 1, matches=128, dimensions=4)
    save_network(build_network(config, 4, 1), row, config, path)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A working directory with what the examples read, and models for them."""
    rng = np.random.default_rng(0)
    sizes = {"before": (64, 96), "after": (64, 96), "tote": (96, 144), "aisle": (64, 128), "a": (96, 128)}
    for name, (height, width) in (sizes | {"b": sizes["a"]}).items():
        picture = cv2.resize(rng.integers(0, 255, (6, 9, 3)).astype(np.uint8), (width, height))
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    cups = np.zeros((64, 96), np.uint8)
    cups[30:34, 40:44] = 255
    cv2.imwrite(str(tmp_path / "cups.png"), cups)
    depth = np.full((80, 80), 600, np.uint16)
    depth[::4, ::4] = 560  # things everywhere, since the model has learned nothing
    cv2.imwrite(str(tmp_path / "depth.png"), depth)
    monkeypatch.chdir(tmp_path)
    find = models.find_model

    def find_or_make(name):
        try:
            return find(name)
        except InputError:
            path = tmp_path / f"{name}.safetensors"
            globals()[f"tiny_{name}"](path)
            return path

    monkeypatch.setattr(models, "find_model", find_or_make)


@pytest.mark.parametrize(("function", "example"), list(zip(FUNCTIONS, EXAMPLES, strict=True)), ids=FUNCTIONS)
def test_the_example_of_the_readme_runs(pictures, capsys, function, example):
    assert f"graspbook.{function}(" in example and len(example.splitlines()) <= 5
    exec(compile(PREAMBLE + example, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_importing_graspbook_imports_nothing_else():
    code = f"import graspbook, sys; assert not {{'torch', 'numpy', 'cv2'}} & set(sys.modules); graspbook.{FUNCTIONS[0]}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_public_is_there_and_typed():
    assert set(FUNCTIONS) | {"load", "InputError"} == set(graspbook.__all__) <= set(dir(graspbook))
    package = Path(graspbook.__file__).parent
    stub = ast.parse((package / "__init__.pyi").read_text())
    typed = {f"{node.module}.{alias.asname}" for node in stub.body for alias in node.names}
    assert typed == {f"graspbook.{module}.{name}" for name, module in graspbook._HOMES.items()}
    assert all(callable(getattr(graspbook, name)) for name in graspbook.__all__)
    assert (package / "py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'segment'"):
        _ = graspbook.segment
