import shutil
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from graspbook.pipeline import run_notebook as notebooks
from graspbook.pipeline.cli import app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(app, arguments)


def test_settings_of_a_notebook_are_read_as_yaml(here, monkeypatch):
    calls = []
    monkeypatch.setattr(notebooks, "run_stage", lambda *arguments: calls.append(arguments))
    result = call(
        "run-notebook", "a.ipynb", "out", "--set", "variant=grasp-100", "--set", "flag=false", "--set", "grid=[1, 2.5]"
    )
    assert result.exit_code == 0, result.output
    assert calls == [(Path("a.ipynb"), Path("out"), {"variant": "grasp-100", "flag": False, "grid": [1, 2.5]})]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run-notebook", "a.ipynb", "out", "--set", "x=[1"), "--set x=[1: the value is not YAML"),
        (("run-notebook", "a.ipynb", "out", "--set", "x"), "--set x: expected name=value"),
        (("run-notebook", "a.ipynb", "out"), "a.ipynb: no such notebook"),
        (("reproduce", "--profile", "fast"), "unknown profile 'fast'"),
        (("reproduce", "--paper", "none"), "no paper 'none': expected one of"),
        (("carry-prose", "none.ipynb"), "none.ipynb: no stage"),
        (("selfsup", "segment-grasps", "none", "--model", "none.safetensors", "--out", "out"), "none"),
    ],
)
def test_wrong_input_is_one_line_and_no_traceback(here, arguments, complaint):
    result = call(*arguments)
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert complaint in result.output
    assert "Traceback" not in result.output


def test_a_cell_that_raises_ends_in_one_message(here, monkeypatch):
    monkeypatch.setenv("GRASPBOOK_TERMINAL", "")
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_code_cell("profile = out = ''", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("raise ValueError('what is wrong')"),
    ]
    nbformat.write(made, here / "a.ipynb")
    result = call("run-notebook", "a.ipynb", "out")
    assert result.exit_code == 1
    assert "raised ValueError: what is wrong" in result.output


def test_parameters_can_be_checked_and_seen(here):
    result = call("check-params", "--profile", "quick")
    assert result.exit_code == 0
    assert "profile: quick" in result.output


def test_claims_are_judged_on_whatever_tables_there_are(here):
    (here / "reports").mkdir()
    result = call("claims")
    assert result.exit_code == 0
    assert result.output.count("not tested at this profile") >= 5
