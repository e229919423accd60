import errno
import json
import re
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from graspbook.pipeline import run_notebook as notebooks
from graspbook.pipeline.cli import app
from tests.pipeline.conftest import write_parameters


@pytest.fixture
def here(tmp_path, monkeypatch):
    write_parameters(tmp_path)
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run-notebook", "a.ipynb", "out", "--set", "x=[1"), "--set x=[1: the value is not YAML"),
        (("run-notebook", "a.ipynb", "out", "--set", "x"), "--set x: expected name=value"),
        (("run-notebook", "a.ipynb", "out", "--set", "x=2001-99-99"), "the value is not YAML"),
        (("run-notebook", "a.ipynb", "out", "--set", "x=" + "[" * 9999), "the value is not YAML"),
        (("run-notebook", "dvc.yaml", "out"), "dvc.yaml: not a notebook"),
        (("run-notebook", "profiles", "out"), "profiles: no such notebook"),
        (("run-notebook", "dvc.yaml/a.ipynb", "out"), "a.ipynb: no such notebook"),
        (("claims", "--reports", "none"), "none: expected a folder of reports, there is none"),
        (("run-notebook", "a.ipynb", "out"), "a.ipynb: no such notebook"),
        (("reproduce", "--profile", "fast"), "unknown profile 'fast'"),
        (("reproduce", "--paper", "none"), "no paper 'none': expected one of"),
        (("adopt", "nowhere"), "git knows no revision 'nowhere' here"),
        (("selfsup", "segment-grasps", "none", "--model", "none.safetensors", "--out", "out"), "none"),
    ],
)
def test_wrong_input_is_one_line_and_no_traceback(here, arguments, complaint):
    result = call(*arguments)
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert complaint in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
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


@pytest.mark.slow
def test_claims_are_judged_on_whatever_tables_there_are(here):
    (here / "reports").mkdir()
    result = call("claims")
    assert result.exit_code == 0
    assert result.output.count("not tested at this profile") >= 5


@pytest.mark.parametrize(
    ("cell", "out", "complaint"),
    [
        ("profile = out = (", "out", "line 1 of the 'parameters' cell is not Python"),
        ("profile = '\0'", "out", "the 'parameters' cell is not Python"),
        ("profile = out = " + "(" * 9999, "out", "the 'parameters' cell is not Python"),
        ("profile = 1", "out", "does not declare out"),
        ("profile = out = 1", "dvc.yaml", "notebook.ipynb: cannot be written: .*dvc.yaml is no folder"),
        ("profile = out = 1", "dvc.yaml/deeper", "is no folder"),
    ],
)
def test_what_is_wrong_with_a_notebook_is_said_before_it_runs(here, cell, out, complaint):
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("raise AssertionError('it runs')"),
    ]
    (here / "a.ipynb").write_text(json.dumps(made))
    result = call("run-notebook", "a.ipynb", out)
    assert result.exit_code == 1 and result.output.startswith("error: ") and result.output.count("\n") == 1
    assert re.search(complaint, result.output), result.output


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": 5, "nbformat": 4}', b"\xff", b"[" * 10**5, b"3"])
def test_what_is_no_notebook_is_named(here, content):
    (here / "a.ipynb").write_bytes(content)
    result = call("run-notebook", "a.ipynb", "out")
    assert result.output.startswith("error: ") and "a.ipynb: not a notebook" in result.output


def test_parameters_that_are_not_utf_8_are_named(here):
    (here / "params/don.yaml").write_bytes(b"scenes: \xe9")
    assert call("check-params").output.startswith(f"error: {here / 'params/don.yaml'}: not UTF-8 text")


def test_a_full_disk_is_one_line(here, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "reports/x")

    monkeypatch.setattr(notebooks, "run_stage", full)
    assert call("run-notebook", "a.ipynb", "out").output == "error: [Errno 28] No space left on device: 'reports/x'\n"
