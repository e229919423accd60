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


def home() -> Path:
    """The folder with the parameters of the code that runs: its repository, or the package where it is installed."""
    package = Path(__file__).parents[1]
    return package if (package / "params").is_dir() else find_root(package)


def here_or_home() -> Path:
    """The repository, or the workspace of a profile, that the working directory lies in; elsewhere see `home`."""
    try:
        return find_root()
    except InputError:
        return home()
