"""A small book in a folder of its own: one paper, a notebook that one stage runs, one that a family of stages runs."""

import nbformat
import pytest
import yaml

from tests.conftest import settings_values

DVC = """\
vars:
  - ../../params/toy.yaml
stages:
  one:
    wdir: ../..
    cmd: graspbook run-notebook notebooks/toy/01_one.ipynb reports/toy/one
    params: [{reports/sources/toy.yaml: [profile, 01_one, one, all/first]}]
    outs:
      - artifacts/one.txt: {cache: false}
      - reports/toy/one: {cache: false}
  many:
    foreach: ${all}
    do:
      wdir: ../..
      cmd: >-
        graspbook run-notebook notebooks/toy/02_many.ipynb reports/toy/many/${key}
        --set which=${key}
      deps: [reports/toy/one]
      params: [{reports/sources/toy.yaml: [profile, 02_many, "all/${key}"]}]
      outs:
        - reports/toy/many/${key}: {cache: false}
"""
ROOT_DVC = """\
stages:
  sources:
    cmd: graspbook sources
    always_changed: true
    outs: [reports/sources: {cache: false}]
  last:
    cmd: mkdir -p reports/last && cp reports/toy/many/second/said.txt reports/last/said.txt
    deps: [reports/toy/many]
    outs: [reports/last: {cache: false}]
"""
PARAMS = "one: {level: 1}\nall:\n  first: {value: 1}\n  second: {value: 2}\n"


def write_parameters(folder):
    """Parameters of one paper, and an overlay of the profile `quick`."""
    (folder / "params").mkdir()
    (folder / "params/book.yaml").write_text("profile: standard\n")
    (folder / "params/selfsup.yaml").write_text(yaml.safe_dump(settings_values("selfsup"), sort_keys=False))
    (folder / "profiles").mkdir()
    (folder / "profiles/quick.yaml").write_text("selfsup: {train: {batch_size: 4}}\n")


def page(prose, parameters, *code):
    """A notebook: a title and prose, its parameters, further cells."""
    v4 = nbformat.v4
    made = v4.new_notebook()
    made.cells = [
        v4.new_markdown_cell(prose, id="cell-00"),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="cell-01"),
        *(v4.new_code_cell(cell, id=f"cell-{number:02d}") for number, cell in enumerate(code, 2)),
    ]
    return made


@pytest.fixture
def book(tmp_path, monkeypatch):
    """The folder of the book."""
    monkeypatch.setenv("GRASPBOOK_TERMINAL", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebooks = tmp_path / "notebooks/toy"
    notebooks.mkdir(parents=True)
    one = page(
        "# One\n\n**You will learn** what one is. See [many](02_many.ipynb) and [the data](../../data/README.md).",
        'profile = "standard"\nout = "scratch"\nconfig = {}',
        "from pathlib import Path\nfrom graspbook.toy import ONE\nPath(out).mkdir(parents=True, exist_ok=True)",
        'Path("artifacts").mkdir(exist_ok=True)\nPath("artifacts/one.txt").write_text("made")',
        'print(sorted(config), config["one"]["level"], list(config["all"]), ONE)',
    )
    many = page(
        "# Many\n\n**You will learn** what each | says. See [one](01_one.ipynb#top).",
        'profile = "standard"\nout = "scratch"\nconfig = {}\nwhich = "first"',
        "from pathlib import Path\nPath(out).mkdir(parents=True, exist_ok=True)\n"
        '(Path(out) / "said.txt").write_text(which)',
    )
    nbformat.write(one, notebooks / "01_one.ipynb")
    nbformat.write(many, notebooks / "02_many.ipynb")
    (notebooks / "dvc.yaml").write_text(DVC)
    (tmp_path / "dvc.yaml").write_text(ROOT_DVC)
    (tmp_path / "params").mkdir()
    (tmp_path / "params/toy.yaml").write_text(PARAMS)
    (tmp_path / "params/book.yaml").write_text("profile: standard\n")
    package = tmp_path / "src/graspbook/toy"
    package.mkdir(parents=True)
    (tmp_path / "src/graspbook/__init__.py").write_text("")
    (package / "__init__.py").write_text('"""A toy."""\nONE = 1\n')
    return tmp_path
