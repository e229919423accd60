"""Run a profile other than `standard` without touching the committed results.

`runs/<profile>/` becomes a small pipeline of its own: a copy of the notebooks, the source and `dvc.yaml`, the
profile's complete `params/`, and a DVC configuration that shares the repository's cache and its committed
data. `git status` stays clean and `dvc.lock` is not written. Run again after an interruption, it continues; the profile
`smoke` begins anew each time.
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.pipeline import tour
from graspbook.pipeline.cold import run_cold
from graspbook.pipeline.dvc_command import run_dvc
from graspbook.pipeline.params import BOOK, PARAMS, profile_values, validate
from graspbook.pipeline.side_by_side import ONE_CORE, needed_steps, reproduce_side_by_side
from graspbook.pipeline.stages import PROFILE, pipeline_files, slug_of
from graspbook.pipeline.summary import summary
from graspbook.pipeline.warm import imported_by, warm_kernels

COPIED = ("dvc.yaml", "data.dvc", "notebooks", "src")
"""What a workspace takes from the repository."""

_DVC_CONFIG = """\
[core]
    no_scm = true
    analytics = false
    check_update = false
    remote = store
[cache]
    dir = ../../../.dvc/cache
    type = "reflink,hardlink,copy"
['remote "store"']
    url = ../../../.dvc/store
"""


def prepare_workspace(root: Path, profile: str) -> Path:
    """Make `runs/<profile>/`, or bring it up to date with the repository.

    Only files that changed are written, so that DVC's own record of them stays valid.

    Args:
        root: The repository.
        profile: The name of the profile: `smoke`, `quick` or `paper`.

    Returns:
        The folder of the workspace.

    Raises:
        InputError: The profile's parameters are invalid, or the profile is `standard`.
    """
    if profile == "standard":
        raise InputError("the standard profile is the repository itself: run `dvc repro`")
    values = profile_values(root, profile)
    validate(values, f"params with profiles/{profile}.yaml")
    workspace = root / "runs" / profile
    workspace.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        _mirror(root / name, workspace / name)
    files = {BOOK: {PROFILE: profile}} | {slug: values[slug] for slug in values if slug != PROFILE}
    for slug, sections in files.items():
        _write_if_changed(workspace / PARAMS / f"{slug}.yaml", yaml.safe_dump(sections, sort_keys=False))
    _write_if_changed(workspace / ".dvc" / "config", _DVC_CONFIG)
    _write_if_changed(workspace / ".dvcignore", "scratch\n")
    return workspace


def reproduce(
    root: Path, profile: str, paper: str | None = None, stages: Sequence[str] = (), everything: bool = False
) -> Path:
    """Run the tour, a paper or the whole pipeline at a profile, in a workspace of its own, and say what came out.

    Args:
        root: The repository.
        profile: The name of the profile: `smoke`, `quick` or `paper`.
        paper: The short name of the only paper to run; None for none in particular.
        stages: The addresses of the only stages to run, with all that they need.
        everything: Whether every stage runs at the profile `quick`, and not the tour alone; at others every one does.

    Returns:
        The folder of the workspace.

    Raises:
        InputError: The profile cannot be run (see `prepare_workspace`), or there is no such paper.
        PipelineError: A stage failed; running again continues from there, unless the profile is `smoke`.
    """
    pipelines = [path.relative_to(root) for path in pipeline_files(root)]
    papers = sorted({slug_of(path) for path in pipelines} - {""})
    if paper is not None and paper not in papers:
        raise InputError(f"no paper '{paper}': expected one of {', '.join(papers)}")
    begun = time.monotonic()
    targets = [*stages] or [path.as_posix() for path in pipelines if paper and slug_of(path) == paper]
    on_tour = profile == "quick" and not (targets or everything)
    workspace, ended = run_profile(root, profile, tour.stages() if on_tour else targets)
    shown = workspace.relative_to(root)
    if on_tour:
        found = tour.find_all(workspace, root)
        tour.write_page(workspace, found)
        print(tour.screen(found, shown), flush=True)
    elif profile != "smoke":  # whose results mean nothing
        print(summary(workspace, shown, paper), flush=True)
    minutes, seconds = divmod(round(time.monotonic() - begun), 60)
    print(f"\n[graspbook] {len(ended)} stages up to date after {minutes} min {seconds} s", flush=True)
    return workspace


def run_profile(root: Path, profile: str, targets: list[str]) -> tuple[Path, list[str]]:
    """Run stages and what they need at a profile, in a workspace of its own; at `smoke` all of them from nothing.

    Args:
        root: The repository.
        profile: The name of the profile: `smoke`, `quick` or `paper`.
        targets: The addresses of stages, or paths of pipeline files, as DVC has them; empty for all stages.

    Returns:
        The folder of the workspace, and the addresses of the stages in the order in which they ended.

    Raises:
        InputError: The profile cannot be run; see `prepare_workspace`.
        PipelineError: A stage failed.
    """
    workspace = prepare_workspace(root, profile)
    shown = workspace.relative_to(root)
    print(f"[graspbook] {profile} profile: working in {shown}, the committed reports stay as they are", flush=True)
    run_dvc(workspace, "pull", "--quiet", "data.dvc")
    which = "every stage" if profile == "smoke" else "every stage that has changed"
    print(f"[graspbook] running {which}: simulation, training, report", flush=True)
    steps = needed_steps(workspace, targets)
    words = {word for step in steps.values() for word in step.command.split()}
    modules = imported_by(workspace / word for word in sorted(words) if word.endswith(".ipynb"))
    with warm_kernels(workspace, modules, ONE_CORE) as environment:
        if profile == "smoke":
            return workspace, run_cold(workspace, steps, environment=environment)
        return workspace, reproduce_side_by_side(workspace, targets, environment=environment)


def _mirror(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, touching only what differs."""
    if source.is_file():
        _copy_if_changed(source, target)
        return
    wanted = {
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file() and path.name != "dvc.lock" and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    if target.exists():
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_file() and path.name != "dvc.lock" and path.relative_to(target) not in wanted:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    for path in wanted:
        _copy_if_changed(source / path, target / path)


def _copy_if_changed(source: Path, target: Path) -> None:
    content = source.read_bytes()
    if not target.exists() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
