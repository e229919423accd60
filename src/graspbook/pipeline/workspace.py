"""Run a profile other than `standard` without touching the committed results.

`runs/<profile>/` becomes a small pipeline of its own: a copy of the notebooks, the source and `dvc.yaml`, the
profile's complete `params.yaml`, and a DVC configuration that shares the repository's cache and its committed
data. `git status` stays clean and `dvc.lock` is not written. Run again after an interruption, it continues.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

from graspbook.errors import InputError
from graspbook.pipeline.params import profile_values, validate
from graspbook.reporting.tables import write_text

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


class PipelineError(RuntimeError):
    """A stage of the pipeline failed; its own message stands above, in the terminal."""


def find_root(start: Path = Path(".")) -> Path:
    """The repository that `start` lies in.

    Raises:
        InputError: Neither `start` nor a folder above it holds `dvc.yaml` and `params.yaml`.
    """
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if (folder / "dvc.yaml").exists() and (folder / "params.yaml").exists():
            return folder
    raise InputError("not inside a graspbook repository: no dvc.yaml and params.yaml here or above")


def prepare_workspace(root: Path, profile: str) -> Path:
    """Make `runs/<profile>/`, or bring it up to date with the repository.

    Only files that changed are written, so that DVC's own record of them stays valid.

    Args:
        root: The repository.
        profile: `quick` or `paper`.

    Returns:
        The workspace.

    Raises:
        InputError: The profile's parameters are invalid, or the profile is `standard`.
    """
    if profile == "standard":
        raise InputError("the standard profile is the repository itself: run `dvc repro`")
    values = profile_values(root, profile)
    validate(values, f"params.yaml with profiles/{profile}.yaml")
    workspace = root / "runs" / profile
    workspace.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        _mirror(root / name, workspace / name)
    _write_if_changed(workspace / "params.yaml", yaml.safe_dump(values, sort_keys=False))
    _write_if_changed(workspace / ".dvc" / "config", _DVC_CONFIG)
    _write_if_changed(workspace / ".dvcignore", "scratch\n")
    return workspace


def reproduce(root: Path, profile: str) -> Path:
    """Run the whole pipeline at a profile, in a workspace of its own, and say what came out.

    Args:
        root: The repository.
        profile: `quick` or `paper`.

    Returns:
        The workspace.

    Raises:
        InputError: See `prepare_workspace`.
        PipelineError: A stage failed; running again continues from there.
    """
    workspace = prepare_workspace(root, profile)
    shown = workspace.relative_to(root)
    print(
        f"[graspbook] {profile} profile: working in {shown}, the committed reports stay as they are",
        flush=True,
    )
    print("[graspbook] fetching data/ (object catalogue, textures, backbone weights)", flush=True)
    run_dvc(workspace, "pull", "--quiet", "data.dvc")
    print("[graspbook] running every stage that has changed: simulation, training, report", flush=True)
    run_dvc(workspace, "repro")
    print(summary(workspace, shown), flush=True)
    return workspace


def run_dvc(folder: Path, *arguments: str) -> None:
    """Run DVC in `folder`, with this Python's own programs first on the path.

    Raises:
        PipelineError: DVC reports a failure.
    """
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": os.pathsep.join([programs, os.environ.get("PATH", "")])}
    command = [sys.executable, "-m", "dvc", *arguments]
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode != 0:
        raise PipelineError(
            f"`dvc {' '.join(arguments)}` failed in {folder}; what went wrong stands above. "
            "Run the same command again to continue from there"
        )


def summary(workspace: Path, shown: Path) -> str:
    """What a run has produced: the verdict on each claim, and where to look.

    Args:
        workspace: Folder with `reports/`.
        shown: How to write its path.
    """
    lines = []
    for table in sorted(workspace.glob("reports/*/tables/table_*.md")):
        lines += ["", table.read_text(encoding="utf-8").rstrip()]
    lines += ["", "Claims:"]
    claims = pd.read_csv(workspace / "reports" / "claims.csv")
    for _, claim in claims.drop_duplicates("claim").iterrows():
        lines.append(f"  {claim['claim']:<11} {claim['verdict']:<16} {claim['statement']}")
    if (claims["profile"] == "quick").any():
        lines.append("  (quick profile: everything ran, but the numbers and verdicts mean little)")
    lines += ["", "Look at:"]
    patterns = ("reports/claims.md", "reports/*/tables/*.md", "reports/*/figures/*.png", "reports/**/*.ipynb")
    for pattern in patterns:
        for path in sorted(workspace.glob(pattern)):
            lines.append(f"  {shown / path.relative_to(workspace)}")
    return "\n".join(lines)


def _mirror(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, touching only what differs."""
    if source.is_file():
        _copy_if_changed(source, target)
        return
    wanted = {
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    if target.exists():
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(target) not in wanted:
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
