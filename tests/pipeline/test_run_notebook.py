import base64
import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import nbformat
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.pipeline import run_notebook as run_notebook_module
from graspbook.pipeline.clean import clean_notebook
from graspbook.pipeline.kernel import kernel_environment
from graspbook.pipeline.machines import read_machines, this_machine
from graspbook.pipeline.params import profile_values
from graspbook.pipeline.run_notebook import NotebookError, declared_parameters, run_notebook, run_stage

PARAMETERS = "profile = 'standard'\nflag = True  # a comment\nlevel: int = 1\nworld = {\n    'a': 1,\n}"


def notebook(*cells, parameters=PARAMETERS):
    v4 = nbformat.v4
    made = v4.new_notebook()
    made.cells = [
        v4.new_markdown_cell("# A title"),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *(v4.new_code_cell(cell) for cell in cells),
    ]
    return made


def save(path: Path, *cells, **options) -> Path:
    nbformat.write(notebook(*cells, **options), path)
    return path


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("GRASPBOOK_TERMINAL", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def test_kernels_keep_freed_memory_unless_told_otherwise(tmp_path, monkeypatch):
    names = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert set(names) <= set(kernel_environment(tmp_path))
    monkeypatch.setenv(names[0], "1")
    assert set(names) & set(kernel_environment(tmp_path)) == set(names[1:])


@pytest.mark.slow
def test_a_run_is_clean_typed_and_byte_identical_when_repeated(root):
    save(
        root / "a.ipynb",
        "print(type(flag).__name__, flag, level, world)\nobject()",
        "import os, sys, warnings\nprint('first')\nwarnings.warn('to the terminal')\nprint('last', os.getcwd())",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "from graspbook.core.progress import progress\nsum(progress(range(3), 'counting'))",
        "import pandas as pd\npd.DataFrame({'a': [1]}).style",
    )
    given = {"flag": False, "profile": "quick", "world": {"deep": [1, None, {"x": True}]}}
    for out in ("one", "two"):
        run_notebook(Path("a.ipynb"), Path(out) / "notebook.ipynb", given, root=root)
    text = (root / "one/notebook.ipynb").read_text()
    assert text == (root / "two/notebook.ipynb").read_text()

    cells = json.loads(text)["cells"]
    outputs = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
    assert outputs[2][0]["text"] == ["bool False 1 {'deep': [1, None, {'x': True}]}\n"]
    assert outputs[2][1]["data"]["text/plain"] == ["<object at 0x…>"]
    assert outputs[3] == [{"name": "stdout", "output_type": "stream", "text": ["first\n", "last .\n"]}]
    assert "image/png" in outputs[4][0]["data"]
    assert [output["data"]["text/plain"] for output in outputs[5]] == [["3"]]
    assert 'id="T_00000"' in "".join(outputs[6][0]["data"]["text/html"])
    assert [cell["id"] for cell in cells] == [f"cell-{number:03d}" for number in range(len(cells))]
    assert all(set(cell["metadata"]) <= {"tags"} for cell in cells)
    assert str(root) not in text

    timings = (root / "reports/timings.csv").read_text().splitlines()
    assert timings[0] == "stage,profile,seconds"
    assert [line.split(",")[:2] for line in timings[1:]] == [["one", "quick"], ["two", "quick"]]
    assert read_machines((root / "reports/machines.csv").read_text()) == dict.fromkeys(("one", "two"), this_machine())
    assert not list((root / "scratch/notebooks").iterdir())


@pytest.mark.slow
def test_a_cell_that_raises_leaves_no_result_but_the_traceback(root):
    save(root / "bad.ipynb", "fine = 1", "1 / 0", "never = 1")
    with pytest.raises(
        NotebookError, match=r"bad\.ipynb: cell \[3\] raised ZeroDivisionError: division by zero"
    ) as raised:
        run_notebook(Path("bad.ipynb"), Path("out.ipynb"), {}, root=root)
    assert not (root / "out.ipynb").exists()
    kept = root / "scratch/notebooks/out.partial.ipynb"
    assert str(kept) in str(raised.value)
    assert "ZeroDivisionError" in kept.read_text()


@pytest.mark.slow
def test_a_kernel_that_dies_is_noticed(root):
    save(root / "dead.ipynb", "import os\nos.kill(os.getpid(), 9)")
    with pytest.raises(NotebookError, match="the kernel died"):
        run_notebook(Path("dead.ipynb"), Path("out.ipynb"), {}, root=root)
    assert not (root / "out.ipynb").exists()


def test_undeclared_parameters_are_refused_before_anything_runs(root):
    save(root / "a.ipynb")
    with pytest.raises(InputError, match=r"does not declare levle, other .it declares profile, flag, level, world"):
        run_notebook(Path("a.ipynb"), Path("out.ipynb"), {"levle": 1, "other": 2, "flag": True}, root=root)
    assert not (root / "scratch").exists()


def test_values_that_json_cannot_hold_are_refused(root):
    save(root / "a.ipynb")
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(InputError, match="parameter 'level' cannot be passed"):
            run_notebook(Path("a.ipynb"), Path("out.ipynb"), {"level": value}, root=root)


def test_a_missing_or_broken_notebook_is_named(root):
    with pytest.raises(InputError, match=r"none\.ipynb: no such notebook"):
        run_notebook(Path("none.ipynb"), Path("out.ipynb"), {}, root=root)
    (root / "broken.ipynb").write_text("{")
    with pytest.raises(InputError, match=r"broken\.ipynb: not a notebook"):
        run_notebook(Path("broken.ipynb"), Path("out.ipynb"), {}, root=root)


def test_parameters_are_the_names_assigned_in_the_tagged_cell():
    assert declared_parameters(notebook(), "n") == ["profile", "flag", "level", "world"]
    with pytest.raises(InputError, match="line 1 of the 'parameters' cell is not an assignment"):
        declared_parameters(notebook(parameters="import os"), "n")
    untagged = notebook()
    untagged.cells.pop(1)
    with pytest.raises(InputError, match="one code cell tagged 'parameters', found 0"):
        declared_parameters(untagged, "n")


def test_streams_that_were_cut_differently_are_joined(tmp_path):
    def stream(name, text):
        return nbformat.v4.new_output("stream", name=name, text=text)

    made = notebook("x")
    made.cells[2].outputs = [stream("stdout", "a"), stream("stderr", "warning"), stream("stdout", "b\n")]
    cleaned = clean_notebook(made, tmp_path)
    assert [dict(output) for output in cleaned.cells[2].outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "ab\n"}
    ]


@pytest.mark.slow
def test_a_stage_is_given_its_sections_and_lists_what_it_made(book, monkeypatch):
    monkeypatch.setattr(run_notebook_module, "load_params", toy_params)
    executed = run_stage(Path("notebooks/toy/01_one.ipynb"), Path("reports/toy/one"), {}, root=book)
    assert executed == book / "reports/toy/one/notebook.ipynb"
    cells = json.loads(executed.read_text())["cells"]
    assert cells[-1]["outputs"][0]["text"] == ["['all', 'one'] 1 ['first'] 1\n"]
    assert "[many](../many)" in "".join(cells[0]["source"])
    made = (book / "reports/toy/one/made.csv").read_text().splitlines()
    assert made[1].startswith("artifacts/one.txt,") and made[1].endswith(",4,1")
    assert (book / "reports/timings.csv").read_text().splitlines()[1].startswith("reports/toy/one,standard,")


@pytest.mark.slow
def test_a_stage_that_does_not_make_what_it_should_fails(book, monkeypatch):
    monkeypatch.setattr(run_notebook_module, "load_params", toy_params)
    path = book / "notebooks/toy/01_one.ipynb"
    path.write_text(path.read_text().replace("artifacts/one.txt", "artifacts/other.txt"))
    with pytest.raises(InputError, match=r"artifacts/one\.txt: the notebook should have made this"):
        run_stage(Path("notebooks/toy/01_one.ipynb"), Path("reports/toy/one"), {}, root=book)


def toy_params(root, only):
    values = profile_values(root)
    return SimpleNamespace(profile=values["profile"], values=values)


def test_pictures_are_compressed_once_and_stay_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    photograph = cv2.resize(rng.integers(0, 256, (20, 30, 3), np.uint8), (600, 400), interpolation=cv2.INTER_CUBIC)
    png = cv2.imencode(".png", photograph)[1].tobytes()
    made = notebook("x")
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": "<Figure>"}
    made.cells[2].outputs = [nbformat.v4.new_output("display_data", data=data)]
    [kept] = clean_notebook(made, tmp_path).cells[2].outputs
    assert set(kept.data) == {"image/jpeg", "text/plain"}
    assert len(kept.data["image/jpeg"]) < len(data["image/png"]) / 3
    before = nbformat.writes(made)
    assert nbformat.writes(clean_notebook(made, tmp_path)) == before
