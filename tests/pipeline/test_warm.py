import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from graspbook.pipeline.run_notebook import NotebookError, run_notebook
from graspbook.pipeline.warm import imported_by, warm_kernels
from graspbook.pipeline.warm_client import SOCKET_VARIABLE


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    with warm_kernels(folder, ["decimal", "matplotlib.pyplot", "no_such_module"], {"SET_BEFORE": "1"}) as variables:
        yield variables


@pytest.fixture
def run(tmp_path, monkeypatch):
    def execute(*cells, warm=None):
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell("number = 1", metadata={"tags": ["parameters"]}),
                *map(nbformat.v4.new_code_cell, cells),
            ]
        )
        nbformat.write(notebook, tmp_path / "page.ipynb")
        monkeypatch.delenv(SOCKET_VARIABLE, raising=False)
        for name, value in (warm or {}).items():
            monkeypatch.setenv(name, value)
        return run_notebook(Path("page.ipynb"), Path(f"out-{bool(warm)}/notebook.ipynb"), {"number": 2}, tmp_path)

    return execute


def outputs(path):
    return [output.get("text", "") for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]


@pytest.mark.slow
def test_a_warm_kernel_has_imported_and_runs_in_the_folder_with_its_own_variables(run, environment, monkeypatch):
    monkeypatch.setenv("SET_AFTER", "2")
    text = outputs(
        run(
            "import os, sys\nprint('decimal' in sys.modules, number, os.environ['SET_AFTER'])",
            "print(os.path.exists('page.ipynb'), 'SET_BEFORE' in os.environ)",
            warm=environment,
        )
    )
    assert text == ["True 2 2\n", "True False\n"]


@pytest.mark.slow
def test_a_warm_kernel_writes_the_same_bytes_as_a_cold_one(run, environment):
    cells = [
        "import os\nimport matplotlib.pyplot as plt\nprint(hash('a'))",
        "plt.plot([1, 3, 2]);",
        "os.system('echo from a child');",
    ]
    cold, warm = run(*cells), run(*cells, warm=environment)
    assert cold != warm and cold.read_bytes() == warm.read_bytes()
    assert "image/png" in warm.read_text() and "from a child" in warm.read_text()


@pytest.mark.slow
def test_a_warm_kernel_that_dies_is_noticed(run, environment):
    with pytest.raises(NotebookError, match="the kernel died"):
        run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", warm=environment)


@pytest.mark.slow
def test_an_error_in_a_warm_kernel_stops_the_notebook(run, environment):
    with pytest.raises(NotebookError, match="raised ValueError: as it should"):
        run("raise ValueError('as it should')", warm=environment)


@pytest.mark.slow
def test_no_warm_kernel_outlives_its_notebook(run, environment):
    number = int(outputs(run("import os; print(os.getpid())", warm=environment))[0])
    deadline = time.monotonic() + 20
    while _alive(number) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(number)


@pytest.mark.slow
def test_the_warm_process_ends_with_the_one_that_started_it(tmp_path):
    code = (
        "import subprocess, sys, time\nfrom pathlib import Path\nfrom graspbook.pipeline import warm\n"
        "start = subprocess.Popen\n"
        "def popen(*arguments, **options):\n"
        "    process = start(*arguments, **options)\n"
        "    print(process.pid, flush=True)\n"
        "    return process\n"
        "warm.subprocess.Popen = popen\n"
        "with warm.warm_kernels(Path(sys.argv[1]), [], {}):\n    time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    number = int(parent.stdout.readline())
    assert _alive(number)
    parent.kill()  # it has no chance to tidy up
    parent.communicate()
    deadline = time.monotonic() + 60
    while _alive(number) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(number)


def test_what_notebooks_import_is_found_and_magics_count_as_nothing(tmp_path):
    cells = ["import os.path as p\nfrom graspbook.data import coco", "%matplotlib inline", "def f():\n    import json"]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert imported_by([tmp_path / "a.ipynb"]) == ["graspbook.data", "json", "os.path"]


def _alive(number):
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE
