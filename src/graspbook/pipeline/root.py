"""Where the repository is."""

from pathlib import Path

from graspbook.core.errors import InputError


def find_root(start: Path = Path(".")) -> Path:
    """The repository, or the workspace of a profile, that `start` lies in.

    Args:
        start: The folder where the search begins; it goes on upwards.

    Raises:
        InputError: Neither `start` nor a folder above it holds `dvc.yaml` and `params/`.
    """
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if (folder / "dvc.yaml").exists() and (folder / "params").is_dir():
            return folder
    raise InputError("not inside a graspbook repository: no dvc.yaml and params/ here or above")
