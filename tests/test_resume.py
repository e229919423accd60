"""Kill -9 in the middle of collecting and of training, then `dvc repro`: the same bytes as an unbroken run."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from graspbook.pipeline.params import merge, profile_values
from graspbook.pipeline.workspace import prepare_workspace

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
STAGE = "notebooks/selfsup/dvc.yaml:train@grasp-100"
TINY = {
    "selfsup": {
        "world": {"height": 48, "samples": 1},
        "collect": {"n_train": 16, "n_test": 4},
        "baselines": {"n_grasps": 16},
        "train": {
            "steps": 60,
            "batch_size": 2,
            "held_out": 3,
            "evaluate_every": 20,
            "network": {"fpn_channels": 8},
        },
        "models": {f"grasp-{name}": {"labels": 4} for name in ("100-noaug", "100", "200")},
        "converged": {"steps": [60]},
    }
}
RESULTS = ("artifacts", "reports/selfsup")


def start(workspace):
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "--quiet", STAGE],
        cwd=workspace,
        env=os.environ | {"PATH": programs, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(workspace):
    process = start(workspace)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint


def kill_when(workspace, pattern):
    """Kill -9 everything that `dvc repro` started, as soon as a file that fits `pattern` exists."""
    process = start(workspace)
    try:
        deadline = time.monotonic() + 240
        while not list(workspace.glob(pattern)):
            assert process.poll() is None, f"finished before {pattern} was seen: {process.communicate()[1]}"
            assert time.monotonic() < deadline, f"{pattern} never appeared"
            time.sleep(0.02)
    finally:
        # the kernel is in a session of its own, so killing the process group would miss it
        with contextlib.suppress(psutil.NoSuchProcess):  # it had ended by itself; the assertion says so
            for running in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    running.kill()
        process.kill()
        process.communicate()
    # what a killed DVC leaves behind, as a power cut would
    for lock in (workspace / ".dvc/tmp").glob("*lock"):
        lock.unlink()


def results(workspace):
    return {
        path.relative_to(workspace): path.read_bytes()
        for folder in RESULTS
        for path in sorted((workspace / folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def workspaces(tmp_path):
    """Two workspaces of a tiny profile, in a repository that shares this one's data."""
    root = tmp_path / "repository"
    root.mkdir()
    for name in ("dvc.yaml", "data.dvc"):
        shutil.copy(ROOT / name, root)
    for name in ("notebooks", "src", "profiles"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "dvc.lock"))
    # a tiny training is over before its first checkpoint is due: take one after every step
    training = root / "src/graspbook/training/fit.py"
    every_minute, every_step = "CHECKPOINT_SECONDS = 60.0", "CHECKPOINT_SECONDS = 0.0"
    assert every_minute in training.read_text()
    training.write_text(training.read_text().replace(every_minute, every_step))
    shutil.copytree(ROOT / "params", root / "params")
    values = merge(profile_values(ROOT, "standard"), TINY)
    (root / "params/selfsup.yaml").write_text(yaml.safe_dump(values["selfsup"]))
    pair = []
    for profile in ("quick", "paper"):
        # both run the same parameters: only the folder differs
        (root / f"profiles/{profile}.yaml").write_text("{}\n")
        workspace = prepare_workspace(root, profile)
        (workspace / "params/book.yaml").write_text("profile: quick\n")
        shutil.copytree(ROOT / "data", workspace / "data")
        pair.append(workspace)
    return pair


@pytest.mark.timeout(900)
def test_a_pipeline_killed_while_collecting_and_while_training_ends_as_an_unbroken_one(workspaces):
    broken, unbroken = workspaces
    finish(unbroken)
    kill_when(broken, "scratch/collect-*/e000000")
    assert not (broken / "artifacts/selfsup/grasps/train").exists()
    kill_when(broken, "scratch/trainings/*/step-*")
    assert not (broken / "artifacts/selfsup/models").exists()
    finish(broken)
    assert results(unbroken).keys() == results(broken).keys() != set()
    assert [path for path, content in results(unbroken).items() if content != results(broken)[path]] == []
