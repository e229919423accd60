"""A new paper adds files, and edits none that another paper's stages depend on."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml

from graspbook.pipeline import workspace
from graspbook.pipeline.sources import notebook_fingerprints

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CONFIG = '''\
"""Configuration of a paper that does not exist."""

from graspbook.core.configuration import Count, configuration


@configuration
class SumConfig:
    """How far to count."""

    last: Count


@configuration
class Mock:
    """One field per section."""

    sum: SumConfig
'''
PAPER = """\
slug: mock
title: A Paper That Does Not Exist
question: Does it exist?
authors: [Nobody]
headlines: []
tables: {}
claims: []
"""
DVC = """\
vars:
  - ../../params/mock.yaml
stages:
  sum:
    wdir: ../..
    cmd: graspbook run-notebook notebooks/mock/01_sum.ipynb reports/mock/sum
    params: [{reports/sources/mock.yaml: [profile, 01_sum, sum]}]
    outs:
      - reports/mock/sum: {cache: false}
"""


def notebook():
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("# A sum\n\n**You will learn** what numbers add up to.", id="cell-00"),
        nbformat.v4.new_code_cell(
            'profile = "standard"\nout = "scratch/live"\nconfig = {}', metadata={"tags": ["parameters"]}, id="cell-01"
        ),
        nbformat.v4.new_code_cell(
            'from graspbook.pipeline.page import open_page\n\npage = open_page("mock", profile, config, out)\n'
            '(page.out / "sum.txt").write_text(str(sum(range(page.config.sum.last + 1))))',
            id="cell-02",
        ),
    ]
    return made


@pytest.fixture
def repository(tmp_path):
    """A copy of this repository's pipeline, without results."""
    root = tmp_path / "repository"
    root.mkdir()
    for name in ("dvc.yaml", "data.dvc"):
        shutil.copy(ROOT / name, root)
    for name in ("notebooks", "src", "params", "profiles"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "dvc.lock"))
    return root


def test_a_second_paper_moves_in_and_runs_without_a_stage_of_the_first(repository, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(repository / "src"))
    monkeypatch.setattr(workspace, "run_dvc", lambda *arguments: None)  # nothing is fetched: it needs no data
    monkeypatch.setattr(workspace, "validate", lambda values, source: None)  # this process knows the first paper only
    before = notebook_fingerprints(repository)["selfsup"]
    kept = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}

    package = repository / "src/graspbook/mock"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "config.py").write_text(CONFIG)
    (repository / "src/graspbook/papers/mock.yaml").write_text(PAPER)
    (repository / "notebooks/mock").mkdir()
    (repository / "notebooks/mock/dvc.yaml").write_text(DVC)
    nbformat.write(notebook(), repository / "notebooks/mock/01_sum.ipynb")
    (repository / "params/mock.yaml").write_text("sum: {last: 4}\n")

    assert [path for path, content in kept.items() if path.read_bytes() != content] == []
    assert notebook_fingerprints(repository)["selfsup"] == before

    made = workspace.reproduce(repository, "quick", "mock")
    assert (made / "reports/mock/sum/sum.txt").read_text() == "10"
    assert json.loads((made / "reports/mock/sum/notebook.ipynb").read_text())["cells"]
    assert list(yaml.safe_load((made / "notebooks/mock/dvc.lock").read_text())["stages"]) == ["sum"]
    assert not (made / "notebooks/selfsup/dvc.lock").exists()
