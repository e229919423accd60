import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.pipeline import workspace
from graspbook.pipeline.dvc_command import PipelineError
from graspbook.pipeline.params import load_params
from graspbook.pipeline.root import find_root
from graspbook.reporting.registered.ledger import COLUMNS
from tests.pipeline.conftest import write_parameters

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

PIPELINE = """\
stages:
  numbers:
    cmd: mkdir -p reports && cp data/input.txt reports/out.txt && echo ran >> ran.txt
    deps: [data/input.txt]
    params: [{params/selfsup.yaml: [collect]}]
    outs: [{reports/out.txt: {cache: false}}]
  claims:
    cmd: mkdir -p reports/scoreboard && cp claims_source.csv reports/scoreboard/claims.csv
    deps: [reports/out.txt]
    outs: [{reports/scoreboard: {cache: false}}]
"""
COUNTED = {"paper": "selfsup", "claim": "S1", "counted": True, "ours": False, "verdict": "holds"}
CLAIMS = "\\n".join(
    ",".join(str((dict.fromkeys(COLUMNS, "") | COUNTED)[c]) if row else c for c in COLUMNS) for row in (0, 1)
)


def dvc(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A small repository: parameters, a data folder in its committed store, a pipeline of two stages."""
    folder = tmp_path_factory.mktemp("template")
    write_parameters(folder)
    (folder / "notebooks").mkdir()
    (folder / "notebooks/a.ipynb").write_text("{}")
    (folder / "src/graspbook").mkdir(parents=True)
    (folder / "src/graspbook/one.py").write_text("ONE = 1\n")
    (folder / "data").mkdir()
    (folder / "data/input.txt").write_text("input\n")
    subprocess.run(["git", "init"], cwd=folder, check=True, capture_output=True)
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("store", "cache", "tmp"))
    dvc(folder, "add", "--quiet", "data")
    dvc(folder, "push", "--quiet")
    (folder / "dvc.yaml").write_text(PIPELINE.replace("cp claims_source.csv", f"printf '{CLAIMS}' >"))
    return folder


@pytest.fixture
def root(template, tmp_path):
    """A fresh clone of it: what git would bring, without DVC's cache."""
    clone = tmp_path / "clone"
    shutil.copytree(template, clone, ignore=shutil.ignore_patterns("data", "cache", "tmp", ".git"))
    return clone


def test_a_workspace_has_the_profiles_parameters_and_what_the_pipeline_needs(root):
    made = workspace.prepare_workspace(root, "quick")
    assert made == root / "runs/quick"
    assert load_params(made) == load_params(root, "quick")
    assert (made / "src/graspbook/one.py").read_text() == "ONE = 1\n"
    assert (made / "notebooks/a.ipynb").exists()
    assert not (made / "profiles").exists()


def test_bringing_a_workspace_up_to_date_touches_only_what_changed(root):
    made = workspace.prepare_workspace(root, "quick")
    (made / "src/graspbook/gone").mkdir()
    (made / "src/graspbook/gone/old.py").write_text("")
    (root / "src/graspbook/two.py").write_text("TWO = 2\n")
    for path in (made / "src/graspbook/one.py", made / "params/selfsup.yaml", made / "dvc.yaml"):
        os.utime(path, (1, 1))
    workspace.prepare_workspace(root, "quick")
    assert (made / "src/graspbook/two.py").exists()
    assert not (made / "src/graspbook/gone").exists()
    for path in (made / "src/graspbook/one.py", made / "params/selfsup.yaml", made / "dvc.yaml"):
        assert path.stat().st_mtime == 1


def test_bad_parameters_and_the_standard_profile_are_refused_before_anything_is_made(root):
    with pytest.raises(InputError, match="standard profile is the repository itself"):
        workspace.prepare_workspace(root, "standard")
    values = yaml.safe_load((root / "profiles/quick.yaml").read_text())
    values["selfsup"]["train"]["stpes"] = 3
    (root / "profiles/quick.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(InputError, match=r"profiles/quick\.yaml: unknown key 'selfsup\.train\.stpes'"):
        workspace.prepare_workspace(root, "quick")
    assert not (root / "runs").exists()


def test_a_run_fetches_data_reports_its_claims_and_leaves_the_repository_alone(root, capfd):
    before = {path: path.read_bytes() for path in root.glob("*") if path.is_file()}
    for _ in range(2):
        workspace.reproduce(root, "quick", everything=True)
    printed = capfd.readouterr().out
    made = root / "runs/quick"
    assert (made / "reports/out.txt").read_text() == "input\n"
    assert (made / "ran.txt").read_text() == "ran\n"  # once: the second run had nothing to do
    assert "selfsup: 1 of 1 tested claims hold." in printed
    assert "few rows, short trainings: the committed verdicts are in reports/scoreboard" in printed
    assert {path: path.read_bytes() for path in root.glob("*") if path.is_file()} == before
    assert (made / "dvc.lock").exists()


def test_at_quick_the_tour_runs_unless_a_paper_or_everything_is_asked_for(root, monkeypatch, capsys):
    asked = []
    run = lambda root, profile, targets: asked.append((profile, targets)) or (root / "runs/quick", [])  # noqa: E731
    monkeypatch.setattr(workspace, "run_profile", run)
    monkeypatch.setattr(workspace, "summary", lambda *given: "summary")
    monkeypatch.setattr(workspace.tour, "find_all", lambda *given: [])
    monkeypatch.setattr(workspace.tour, "write_page", lambda *given: None)
    workspace.reproduce(root, "quick")
    assert "What the tour found" in capsys.readouterr().out
    workspace.reproduce(root, "quick", everything=True)
    workspace.reproduce(root, "paper")
    assert asked == [("quick", workspace.tour.stages()), ("quick", []), ("paper", [])]
    assert "What the tour found" not in capsys.readouterr().out


def test_a_stage_that_fails_is_reported_and_the_next_run_continues(root):
    pipeline = (root / "dvc.yaml").read_text()
    (root / "dvc.yaml").write_text(pipeline.replace("printf '", "false '"))
    with pytest.raises(PipelineError, match=r"stage claims failed.*Run again to continue"):
        workspace.reproduce(root, "quick", everything=True)
    (root / "dvc.yaml").write_text(pipeline)
    workspace.reproduce(root, "quick", everything=True)
    assert (root / "runs/quick/ran.txt").read_text() == "ran\n"


def test_the_repository_is_found_from_below_and_its_absence_is_said(root, tmp_path_factory):
    assert find_root(root / "src/graspbook") == root
    with pytest.raises(InputError, match="not inside a graspbook repository"):
        find_root(tmp_path_factory.mktemp("elsewhere"))
