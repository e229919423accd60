from pathlib import Path

import nbformat
import pytest
import yaml

from graspbook.dependencies import notebook_sources, update_pipeline
from graspbook.errors import InputError

ROOT = Path(__file__).parents[1]


def write_notebook(path, *cells):
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)


@pytest.fixture
def root(tmp_path):
    files = {
        "__init__.py": '"""Only words."""\n',
        "a.py": "def f():\n    from graspbook.part.b import B\n    return B\n",
        "part/__init__.py": "from graspbook.part.c import C\n",
        "part/b.py": "import numpy\nimport graspbook.part.d\nB = 1\n",
        "part/c.py": "C = 1\n",
        "part/d.py": "from graspbook.errors import InputError\nfrom graspbook import a\n",
        "errors.py": "class InputError(ValueError): pass\n",
        "unused.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "src/graspbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_notebook(tmp_path / "notebooks/n.ipynb", "%matplotlib inline\nimport os", "from graspbook import a")
    return tmp_path


def test_sources_are_followed_through_functions_packages_and_cycles(root):
    assert notebook_sources(root / "notebooks/n.ipynb", root / "src") == [
        "src/graspbook/a.py",
        "src/graspbook/part/__init__.py",
        "src/graspbook/part/b.py",
        "src/graspbook/part/c.py",
        "src/graspbook/part/d.py",
    ]


def test_a_pipeline_gets_its_source_lines_and_keeps_everything_else(root):
    text = (
        "stages:\n  one: # a comment\n    cmd: graspbook run-notebook notebooks/n.ipynb out.ipynb\n    deps:\n"
        "      - data\n      - notebooks/n.ipynb\n      - src/graspbook/unused.py\n    outs:\n      - out.ipynb\n"
    )
    updated = update_pipeline(text, root)
    deps = yaml.safe_load(updated)["stages"]["one"]["deps"]
    assert deps == ["data", "notebooks/n.ipynb", *notebook_sources(root / "notebooks/n.ipynb", root / "src")]
    assert "  one: # a comment\n" in updated
    assert update_pipeline(updated, root) == updated


def test_a_notebook_that_is_not_there_is_named(root):
    with pytest.raises(InputError, match=r"m\.ipynb: no such notebook"):
        notebook_sources(root / "notebooks/m.ipynb", root / "src")


def test_the_pipeline_lists_the_sources_that_its_notebooks_use():
    text = (ROOT / "dvc.yaml").read_text()
    assert text == update_pipeline(text, ROOT), "run `graspbook stage-deps --write`"
