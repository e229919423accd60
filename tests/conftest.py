import functools
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.params import Params, load_params, validate

# tests run side by side, and what they put in place of a function is not there in another process
os.environ["GRASPBOOK_WORKERS"] = "1"


ROOT = Path(__file__).parents[1]


def committed(profile: str = "standard") -> Params:
    """The parameters in the repository, for tests that are about them."""
    return load_params(ROOT, profile)


def settings_values(slug: str) -> dict[str, Any]:
    """The parameters of a paper that tests stand on, whatever the committed ones are: tests/settings/<slug>.yaml."""
    return read_yaml(Path(__file__).parent / "settings" / f"{slug}.yaml")


@functools.cache
def standard(slug: str) -> Any:
    """The same as a checked configuration, which tests change with `dataclasses.replace`."""
    return getattr(validate({"profile": "standard", slug: settings_values(slug)}, f"settings/{slug}.yaml"), slug)


@pytest.fixture
def make_grasp():
    """A maker of random grasps with all the fields of `graspbook.world.bin.episode.Grasp`."""

    def make(number=0, height=32, width=48, previous=None, **fields):
        rng = np.random.default_rng(number)
        grasp = {"episode": number // 4, "index": number % 4, "split": "train"}
        for when in ("before", "after"):
            grasp[when] = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            depth = rng.uniform(0.5, 1.5, (height, width)).astype(np.float32)
            depth[0, 0] = 0
            grasp[f"depth_{when}"] = depth
            grasp[f"ids_{when}"] = rng.integers(0, 5, (height, width), dtype=np.uint8)
        if previous is not None:
            for field in ("", "depth_", "ids_"):
                grasp[f"{field}before"] = getattr(previous, f"{field}after")
        amodal = np.zeros((height, width), bool)
        amodal[5:20, 8:30] = True
        visible = amodal.copy()
        visible[5:8] = False
        suction = np.zeros((height, width), bool)
        suction[10:12, 12:14] = True
        camera = SimpleNamespace(fx=100.5, fy=101.5, cx=24.0, cy=16.0, world_from_camera=np.eye(4) * number)
        grasp |= {
            "visible": visible,
            "amodal": amodal,
            "suction": suction,
            "cup_sealed": np.array([True, True, False, False, True]),
            "cup_gauge": rng.uniform(0, 60, 5).astype(np.float32),
            "cup_uv": rng.uniform(0, 30, (5, 2)).astype(np.float32),
            "grasped_id": 3,
            "outcome": "success",
            "moved": {7: 0.25, 2: 0.0},
            "n_objects": 4,
            "lost_while_filling": 0,
            "camera": camera,
        }
        return SimpleNamespace(**(grasp | fields))

    return make
