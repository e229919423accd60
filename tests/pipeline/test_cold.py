import subprocess
import sys
import time
from threading import Thread

import nbformat
import pytest

from graspbook.pipeline.cold import run_cold
from graspbook.pipeline.dvc_command import PipelineError
from graspbook.pipeline.side_by_side import needed_steps
from graspbook.pipeline.ticking import TICK, let_the_clock_tick
from graspbook.pipeline.warm import warm_kernels

pytestmark = pytest.mark.slow

DVC = """\
stages:
  measured:
    cmd: graspbook run-notebook notebooks/measured.ipynb reports/measured --set level=2
    outs: [reports/measured: {cache: false}]
  copied:
    cmd: mkdir -p artifacts && cat reports/measured/*.txt > artifacts/copied.txt
    deps: [reports/measured]
    outs: [artifacts/copied.txt: {cache: false}]
  other:
    cmd: mkdir -p reports && echo > reports/other.txt
    outs: [reports/other.txt: {cache: false}]
"""
BESIDE = ("timings.csv", "machines.csv")
CELLS = (
    "from pathlib import Path\nimport time\nPath(out).mkdir(parents=True)",  # which was emptied
    "start = time.perf_counter()\nsum(range(100_000))\nspent = time.perf_counter() - start",
    "(Path(out) / 'spent.txt').write_text(f'{profile} {level} {spent!r}')\nspent",
)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("GRASPBOOK_TERMINAL", "")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "dvc.yaml").write_text(DVC)
    (tmp_path / "params").mkdir()
    (tmp_path / "params/book.yaml").write_text("profile: smoke\n")
    v4 = nbformat.v4
    parameters = v4.new_code_cell("profile = 'quick'\nout = 'scratch'\nlevel = 1", metadata={"tags": ["parameters"]})
    made = v4.new_notebook(cells=[parameters, *map(v4.new_code_cell, CELLS)])
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
    nbformat.write(made, tmp_path / "notebooks/measured.ipynb")
    return tmp_path


def run(workspace, *targets):
    with warm_kernels(workspace, [], {}) as environment:
        return run_cold(workspace, needed_steps(workspace, list(targets)), jobs=2, environment=environment)


def test_a_target_and_what_it_needs_run_from_nothing_and_write_the_same_bytes_again(workspace):
    def written():
        files = [path for name in ("reports", "artifacts") for path in (workspace / name).rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in files if path.name not in BESIDE}

    for name in ("reports", "scratch"):
        (workspace / name / "measured").mkdir(parents=True)
        (workspace / name / "measured/old.txt").write_text("of an earlier run")
    assert run(workspace, "copied") == ["measured", "copied"]
    first = written()
    assert {path.name for path in first} == {"notebook.ipynb", "spent.txt", "copied.txt"}
    # a page sees `standard`, and its clock ticks
    assert (workspace / "artifacts/copied.txt").read_text() == f"standard 2 {TICK!r}"
    assert not (workspace / "dvc.lock").exists() and not (workspace / "scratch/measured").exists()
    assert run(workspace, "copied") == ["measured", "copied"]
    assert written() == first


def test_a_stage_that_fails_is_named_and_what_needs_it_is_not_begun(workspace):
    notebook = workspace / "notebooks/measured.ipynb"
    notebook.write_text(notebook.read_text().replace("sum(range", "sum(none(range"))
    with pytest.raises(PipelineError, match=r"stage measured failed: notebooks/measured\.ipynb: cell"):
        run(workspace, "copied")
    assert not (workspace / "artifacts").exists()


def test_a_command_that_fails_is_named(workspace):
    pipeline = workspace / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("echo > reports", "false > reports"))
    with pytest.raises(PipelineError, match=r"stage other failed: `mkdir .*` returned 1"):
        run(workspace, "other")


def test_a_ticking_clock_measures_the_same_whatever_other_threads_do(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", time.perf_counter)
    let_the_clock_tick()
    start = time.perf_counter()
    thread = Thread(target=time.perf_counter)
    thread.start()
    thread.join()
    assert time.perf_counter() - start == TICK
