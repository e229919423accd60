import nbformat
import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.pipeline.sources import notebook_fingerprints, write_sources


def edit(path, cell, change):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source = change(notebook.cells[cell].source)
    nbformat.write(notebook, path)


def test_every_notebook_has_a_fingerprint_below_its_paper(book):
    written = yaml.safe_load(write_sources(book).read_text())
    assert written == notebook_fingerprints(book)
    assert sorted(written["toy"]) == ["01_one", "02_many"]
    assert written["toy"]["01_one"] != written["toy"]["02_many"]


def test_prose_comments_and_docstrings_change_no_fingerprint_and_code_changes_its_own_only(book):
    before = notebook_fingerprints(book)
    one, module = book / "notebooks/toy/01_one.ipynb", book / "src/graspbook/toy/__init__.py"
    edit(one, 0, lambda text: text + " More.")
    edit(one, 2, lambda text: text + "  # more")
    module.write_text('"""Another toy."""\n\nONE = 1  # one\n')
    assert notebook_fingerprints(book) == before
    module.write_text("ONE = 2\n")
    after = notebook_fingerprints(book)
    assert after["toy"]["01_one"] != before["toy"]["01_one"]
    assert after["toy"]["02_many"] == before["toy"]["02_many"]
    edit(book / "notebooks/toy/02_many.ipynb", 2, lambda text: text + "\n1")
    assert notebook_fingerprints(book)["toy"]["02_many"] != before["toy"]["02_many"]


def test_a_notebook_that_is_none_and_a_cell_that_is_no_python_are_named(book):
    edit(book / "notebooks/toy/01_one.ipynb", 2, lambda text: "x = (")
    with pytest.raises(InputError, match=r"01_one\.ipynb: .*not Python"):
        notebook_fingerprints(book)
    (book / "notebooks/toy/01_one.ipynb").write_text("[]")
    with pytest.raises(InputError, match=r"01_one\.ipynb: not a notebook"):
        notebook_fingerprints(book)
