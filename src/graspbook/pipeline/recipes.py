"""What stages are given, as the pipeline files say it today, held against what their lock entries say."""

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.locks import lock_files


@dataclass(frozen=True)
class Recipe:
    """What a stage is given, apart from what other stages make.

    Attributes:
        command: The command that the stage runs.
        parameters: The keys that the stage depends on with their values, by the parameter file.
        files: The hash of each file or folder that no stage makes, by its path; those that are not here are left out.
        reads: All paths that the stage depends on.
        makes: The paths that the stage owns.
    """

    command: str
    parameters: dict[str, dict[str, Any]]
    files: dict[str, str]
    reads: frozenset[str]
    makes: tuple[str, ...]


@dataclass(frozen=True)
class Locked:
    """What a lock file says of a stage.

    Attributes:
        lock: The lock file.
        name: The name of the stage there.
        entry: The entry of the stage: command, dependencies, parameters, outputs.
    """

    lock: Path
    name: str
    entry: dict[str, Any]

    @property
    def reports(self) -> str:
        """The folder of reports among its outputs, or "" if there is none."""
        return next((out["path"] for out in self.entry.get("outs", []) if out["path"].startswith("reports/")), "")


def read_recipes(root: Path) -> dict[str, Recipe]:
    """The recipe of every stage, by its address, such as `notebooks/don/dvc.yaml:train@within`.

    Args:
        root: The repository, or a workspace.
    """
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo

    read = functools.cache(lambda path: read_yaml(Path(path)))
    with contextlib.chdir(root), Repo(".") as repo:
        stages = [stage for stage in repo.index.stages if stage.cmd]
        made = {out.def_path for stage in stages for out in stage.outs}
        recipes = {}
        for stage in stages:
            given = sorted(
                (dep.def_path, sorted(dep.params)) for dep in stage.deps if isinstance(dep, ParamsDependency)
            )
            parameters = {path: {key: _look_up(read(path), key) for key in keys} for path, keys in given}
            reads = frozenset(dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency))
            files = {path: summarise(Path(path)).md5 for path in reads if Path(path).exists() and not _made(path, made)}
            makes = tuple(out.def_path for out in stage.outs)
            recipes[stage.addressing] = Recipe(stage.cmd, parameters, files, reads, makes)
    return recipes


def read_locked(root: Path) -> dict[str, Locked]:
    """What the lock files say of every stage, by its address.

    Args:
        root: The repository.
    """
    found = {}
    for lock in lock_files(root):
        folder = lock.parent.relative_to(root)
        for name, entry in read_yaml(lock).get("stages", {}).items():
            address = name if folder == Path() else f"{folder.as_posix()}/dvc.yaml:{name}"
            found[address] = Locked(lock, name, entry)
    return found


def is_current(locked: Locked, recipe: Recipe) -> bool:
    """Whether a stage ran with this recipe, whatever became since of what other stages make for it.

    Args:
        locked: The lock entry of the stage.
        recipe: The recipe of the stage.
    """
    entry = locked.entry
    hashes = {dep["path"]: dep["md5"] for dep in entry.get("deps", [])}
    return (
        entry.get("cmd") == recipe.command
        and entry.get("params", {}) == recipe.parameters
        and set(hashes) == recipe.reads
        and all(hashes[path] == md5 for path, md5 in recipe.files.items())
        and {out["path"] for out in entry.get("outs", [])} == set(recipe.makes)
    )


def _look_up(values: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _made(path: str, made: set[str]) -> bool:
    """Whether stages make a path, or something that lies in it, or that it lies in."""
    place = PurePosixPath(path)
    return any(place == other or place in other.parents or other in place.parents for other in map(PurePosixPath, made))
