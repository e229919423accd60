"""graspbook: a reproducible replication of five papers on how a robot learns to see what it grasps.

The functions below are what a user calls, on NumPy arrays; everything else is internal.
"""

import importlib

_HOMES = {
    "InputError": "core.errors",
    "find_point": "don.find",
    "load": "pipeline.models",
    "plan_grasps": "mlgsl.plan",
    "segment_grasp": "selfsup.grasp",
    "segment_instances": "latent.segment",
    "segment_scene": "joint.scene",
}
"""The module of each public name, imported when the name is first used: `import graspbook` needs no PyTorch."""
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'graspbook' has no attribute {name!r}")
    return getattr(importlib.import_module(f"graspbook.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
