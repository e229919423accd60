"""`graspbook train`: a row of a paper's family, trained outside its page and left where its page finds it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import graspbook
from graspbook.core.errors import InputError
from graspbook.pipeline.params import load_params, profile_values
from graspbook.pipeline.stages import notebook_stages
from graspbook.training.rows import RowTraining

SCRATCH = Path("scratch")
"""The folder, relative to the repository, in which pages look for finished trainings."""


def train(
    root: Path, paper: str, row: str, seed: int | None, profile: str | None, say: Callable[[str], object]
) -> list[Path]:
    """Train a row with one of its seeds, or with all of them; what is finished already is read and said to be found.

    Under `accelerate launch` or `torchrun`, the processes share each batch, and the first one speaks.

    Args:
        root: The repository, or the workspace of a profile.
        paper: The paper's short name.
        row: The name of the row.
        seed: The seed; None trains with each seed that the page asks for.
        profile: The name of the profile; None for the one that is in `root`.
        say: The function that is given a line on each training as it ends.

    Returns:
        The folders of the finished trainings.

    Raises:
        InputError: There is no such paper, row or seed, or no workspace of the profile, or data that the row learns
            from are not there; or the training cannot be done (`graspbook.training.fit`).
    """
    import torch
    from accelerate import PartialState

    torch.set_flush_denormal(True)  # as `open_page` does
    root = workspace_of(root, profile)
    rows = rows_of(root, paper)
    chosen = _chosen(rows, paper, row)
    if seed is not None and seed not in chosen.seeds:
        raise InputError(f"seed {seed}: the page of {row} has {_listed(chosen.seeds)}")
    folders = []
    with chdir(root):
        _check_needs(root, chosen)
        for one in chosen.seeds if seed is None else [seed]:
            begun = time.time()
            trained = chosen.train(one, SCRATCH)
            folders.append(root / trained.folder)
            if PartialState().is_main_process:
                found = (trained.folder / "finished").stat().st_mtime < begun
                last = trained.history.iloc[-1]
                say(
                    f"{paper} {row}, seed {one}: {'found' if found else 'trained'}, {int(last['step'])} steps, "
                    f"loss {last['loss']:.4g}; {trained.folder}, for notebooks/{paper}/dvc.yaml:{chosen.stage}"
                )
    return folders


def every_training(root: Path, paper: str, profile: str | None) -> Iterator[tuple[str, int]]:
    """The name and a seed of every training of a paper's rows, in the order of `params/`.

    Args:
        root: The repository, or the workspace of a profile.
        paper: The paper's short name.
        profile: The name of the profile; None for the one that is in `root`.

    Raises:
        InputError: There is no such paper or profile.
    """
    for name, row in rows_of(root, paper, profile).items():
        yield from ((name, seed) for seed in row.seeds)


def rows_of(root: Path, paper: str, profile: str | None = None) -> dict[str, RowTraining]:
    """The rows of a paper by name.

    Args:
        root: The repository, or the workspace of a profile.
        paper: The paper's short name.
        profile: The name of the profile; None for the one that is in `root`.

    Raises:
        InputError: There is no such paper or profile, or a parameter is faulty.
    """
    return paper_trainings(paper).trainings(getattr(load_params(root, profile, paper), paper))


def paper_trainings(paper: str) -> Any:
    """The module `trainings` of a paper.

    Args:
        paper: The paper's short name.

    Raises:
        InputError: There is no paper of that name that trains rows.
    """
    if paper not in (names := papers_with_rows()):
        raise InputError(f"no paper '{paper}' that trains rows: expected one of {', '.join(names)}")
    return importlib.import_module(f"graspbook.{paper}.trainings")


def papers_with_rows() -> list[str]:
    """The short names of the papers that have a module `trainings`."""
    return sorted(path.parent.name for folder in graspbook.__path__ for path in Path(folder).glob("*/trainings.py"))


def workspace_of(root: Path, profile: str | None) -> Path:
    """Where the data of a profile lie: the repository, or `runs/<profile>`, as `graspbook reproduce` has made it.

    Args:
        root: The repository, or the workspace of a profile.
        profile: The name of the profile; None for the one that is in `root`.

    Raises:
        InputError: There is no such workspace, or its parameters are not the profile's any more.
    """
    if profile is None or profile == profile_values(root)["profile"]:
        return root
    workspace, wanted = root / "runs" / profile, profile_values(root, profile)
    make = (
        f"`graspbook reproduce --profile {profile} --stage ADDRESS` makes it, with the data of the stages that it runs"
    )
    if not (workspace / "params").is_dir():
        raise InputError(f"runs/{profile}: there is no such workspace; {make}")
    if profile_values(workspace) != wanted:
        raise InputError(f"runs/{profile}/params: other parameters than profiles/{profile}.yaml now says; {make}")
    return workspace


def _chosen(rows: dict[str, RowTraining], paper: str, row: str) -> RowTraining:
    if row not in rows:
        raise InputError(f"{paper} has no row '{row}': expected one of {', '.join(rows)}")
    return rows[row]


def _listed(seeds: Any) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"


def _check_needs(root: Path, row: RowTraining) -> None:
    for path in row.needs:
        if not path.exists():
            makers = [s.address for s in notebook_stages(root) if any(_holds(made, path) for made in s.makes)]
            which = f"; `dvc repro {makers[0]}` makes it" if makers else ""
            raise InputError(f"{path}: not there, and the row learns from it{which}")


def _holds(made: Path, path: Path) -> bool:
    """Whether what a stage makes, maybe a family of files, holds a path."""
    pattern = made.as_posix().replace("${key}", "*").replace("${item}", "*")
    return any(part.match(pattern) for part in (path, *path.parents))
