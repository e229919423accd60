"""The trained models that the repository stores, by name."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from graspbook.core.errors import InputError
from graspbook.nn.model_file import Model
from graspbook.pipeline.params import load_params
from graspbook.pipeline.root import find_root, home

ARTIFACTS = Path("artifacts")
DEFAULTS = {
    "selfsup": "selfsup/models/grasp-100",
    "latent": "latent/model",
    "joint": "joint/network",
    "mlgsl": "mlgsl/trained/table-1/mlgsl-2-1",
    "don": "don/trained/table-1/nt-xent-multi-aug-1",
}
"""For each paper, the model that its short name stands for."""
PAPER_OF = {
    "graspbook.selfsup.GraspSegmenter": "selfsup",
    "latent_mask_rcnn": "latent",
    "joint_network": "joint",
    "grasp_network": "mlgsl",
    "descriptor_network": "don",
}
"""The paper of each kind of model, by the name of its metadata entry."""


def load(model: str | Path) -> Model[Any, Any, Any]:
    """Read a trained model.

    What its file does not say of how it is used (those written before it was stored there), the parameters of its paper
    at the profile `standard` say, and for `joint` the clustering settings that its report has chosen.

    Args:
        model: Name or file. A paper's short name ("selfsup", "latent", "joint", "mlgsl", "don") stands for the model
            that its command takes; a path below `artifacts/` without suffix, such as "selfsup/models/grasp-200", for
            any other that the repository stores; what ends in .safetensors is the path of a file.

    Returns:
        The model, on the CPU: its `network`, its `row`, and `inference`, what it was trained with.

    Raises:
        InputError: There is no such model, it has not been fetched, or the file holds something else.
    """
    path = find_model(model)
    paper = _paper_of(path)
    room = importlib.import_module(f"graspbook.{paper}.model_file")
    found = room.load_network(path)
    return found if found.inference else replace(found, inference=room.inference_of(standard(paper), home()))


def find_model(model: str | Path) -> Path:
    """The file of a model.

    Names are looked for in the repository, or the workspace of a profile, that the working directory lies in, then in
    the repository that graspbook was installed from.

    Args:
        model: Name or file, as `load` has it.

    Raises:
        InputError: There is no such model, or it has not been fetched.
    """
    if not isinstance(model, str | Path):
        raise InputError(f"model: expected a name or the path of a .safetensors file, got {type(model).__name__}")
    if isinstance(model, Path) or model.endswith(".safetensors"):
        return Path(model)
    file = ARTIFACTS / f"{DEFAULTS.get(model, model)}.safetensors"
    roots = _roots()
    if not roots:
        raise InputError(f"model '{model}': names need a clone of graspbook; expected the path of a .safetensors file")
    for root in roots:
        if _is_file(root / file):
            return root / file
    if model in DEFAULTS:
        raise InputError(f"model '{model}': not fetched yet; run `dvc pull {file.as_posix()}` in {roots[-1]}")
    raise InputError(
        f"model '{model}': no {file.as_posix()} in {roots[-1]}, where `dvc pull` fetches what is stored; expected "
        f"one of {', '.join(DEFAULTS)}, a path below {ARTIFACTS}/, or a .safetensors file"
    )


def standard(paper: str) -> Any:
    """A paper's parameters at the profile `standard`: those of the code that runs, whatever the working directory.

    Args:
        paper: Short name of the paper.
    """
    return getattr(load_params(home(), "standard", paper), paper)


def data_folder() -> Path:
    """The folder `data` of the repository that the working directory lies in, or that graspbook was installed from."""
    return next((root / "data" for root in _roots() if (root / "data").is_dir()), Path("data"))


def _roots() -> list[Path]:
    """The repository that the working directory lies in, and the one that graspbook was installed from."""
    return [root for start in (Path(), Path(__file__)) if (root := _root_of(start)) is not None]


def _root_of(start: Path) -> Path | None:
    try:
        return find_root(start)
    except InputError:
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be read
        return False


def _paper_of(path: Path) -> str:
    """The paper that a model file belongs to."""
    if not _is_file(path):
        raise InputError(f"{path}: missing; expected a trained model (.safetensors)")
    try:
        with safe_open(path, "pt") as file:
            entries = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a safetensors file: {error}") from None
    for form, paper in PAPER_OF.items():
        if form in entries:
            return paper
    raise InputError(f"{path}: its metadata have none of the fields {', '.join(PAPER_OF)}; not a model that load knows")
