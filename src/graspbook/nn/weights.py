"""Pretrained weights from three sources behind one function (design.md, "Pretrained weights").

`bundled`: ImageNet MobileNetV2 from the repository's own `data/`, no network. `hub`: torchvision's weights,
from a file that is already there or, only if the location is a hub name, through the network. `random`: none.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from graspbook.core.errors import InputError
from graspbook.nn.backbone import Backbone
from graspbook.nn.config import BackboneName, WeightSource
from graspbook.nn.registry import build_backbone

BUNDLED_FILES = {"mobilenet_v2": "weights/mobilenet_v2.safetensors"}
"""Files under `data/`, by backbone; keys are those of torchvision's `mobilenet_v2().features`."""
HUB_NAMES = ("maskrcnn_resnet50_fpn", "resnet50", "mobilenet_v2")
"""torchvision models whose weights `hub` can fetch; the first is the `selfsup` paper's choice (§III-A)."""

_DETECTOR_BODY, _DETECTOR_FPN = "backbone.body.", "backbone.fpn."


@dataclass(frozen=True)
class Pretrained:
    """Weights read from one source, float32 on the CPU.

    Attributes:
        body: The weights of the backbone, by their names in `Backbone`.
        fpn: The weights of a Feature Pyramid Network of 256 channels; None where the source has none.
    """

    body: dict[str, Tensor]
    fpn: dict[str, Tensor] | None = None


def load_pretrained(
    source: WeightSource, name: BackboneName, data_dir: Path = Path("data"), location: str | None = None
) -> Pretrained | None:
    """Read the weights of a backbone.

    Args:
        source: The source of the weights: "bundled", "hub" or "random".
        name: The name of the backbone.
        data_dir: The repository's `data/`; only `bundled` looks there.
        location: The location of the weights for `hub`, which needs one: a `.pth`, `.pt` or `.safetensors` file, or one
            of `HUB_NAMES`; only a name lets the network be used (torchvision keeps a copy in torch's hub folder).

    Returns:
        The weights; None for `random`.

    Raises:
        InputError: A file is missing or is not what it should be, or the source has nothing for `name`.
    """
    if source == "random":
        return None
    if source == "bundled":
        if name not in BUNDLED_FILES:
            raise InputError(f"weights 'bundled': only {sorted(BUNDLED_FILES)} are bundled, not {name!r}; use 'hub'")
        path = data_dir / BUNDLED_FILES[name]
        if not path.is_file():
            raise InputError(f"{path}: missing; fetch it with `dvc pull data.dvc`")
        state, origin = _read_state(path), str(path)
    elif source == "hub":
        if location is None:
            raise InputError(f"weights 'hub': a location is needed, a file or one of {list(HUB_NAMES)}")
        if Path(location).suffix in (".pth", ".pt", ".safetensors"):
            if not Path(location).is_file():
                raise InputError(f"{location}: missing; expected a torchvision state dict")
            state = _read_state(Path(location))
        elif location in HUB_NAMES:
            from torchvision.models import get_model_weights

            state = get_model_weights(location).DEFAULT.get_state_dict(check_hash=True)
        else:
            raise InputError(f"weights 'hub': {location!r} is neither a weight file nor one of {list(HUB_NAMES)}")
        origin = location
    else:
        raise InputError(f"weights: expected 'bundled', 'hub' or 'random', got {source!r}")
    return _split_state(state, name, origin)


def load_body(backbone: Backbone, body: dict[str, Tensor], origin: str) -> None:
    """Load `body` into `backbone`, strictly, except that counters of batch normalisation may be absent.

    Args:
        backbone: The backbone, whose weights are replaced.
        body: The weights by their names.
        origin: The source of the weights, for the error message.

    Raises:
        InputError: Names or shapes differ; the message begins with `origin`.
    """
    # torchvision's detectors freeze batch normalisation, and frozen ones count no batches
    counters = {key: value for key, value in backbone.state_dict().items() if key.endswith("num_batches_tracked")}
    try:
        backbone.load_state_dict(counters | body)
    except RuntimeError as error:
        raise InputError(f"{origin}: not the weights of {type(backbone).__name__}: {error}") from error


def _read_state(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a file of another kind makes the readers raise almost anything
        raise InputError(f"{path}: cannot be read as weights: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path}: expected a dictionary of tensors (a state dict)")
    return state


def _split_state(state: dict[str, Tensor], name: BackboneName, origin: str) -> Pretrained:
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    if any(key.startswith(_DETECTOR_BODY) for key in state):
        body = _below(state, _DETECTOR_BODY)
        fpn = _below(state, _DETECTOR_FPN) or None
    else:
        body, fpn = state, None
    if name == "mobilenet_v2":
        body = {f"features.{key.removeprefix('features.')}": value for key, value in body.items()}
    known = build_backbone(name).state_dict()
    kept = {key: value for key, value in body.items() if key in known}  # leaves classifiers out
    if not kept:
        raise InputError(f"{origin}: holds no weights of {name!r}; its first keys are {list(state)[:3]}")
    return Pretrained(kept, fpn)


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
