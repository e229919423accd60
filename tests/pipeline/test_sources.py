import nbformat
import pytest
import yaml
from dvc.utils.serialize import load_yaml

from graspbook.core.errors import InputError
from graspbook.pipeline import sources
from graspbook.pipeline.sources import notebook_fingerprints, write_sources
from graspbook.pipeline.stages import SOURCES


def edit(path, cell, change):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source = change(notebook.cells[cell].source)
    nbformat.write(notebook, path)


def read_sources(book):
    write_sources(book)
    return yaml.safe_load((book / "reports/sources/toy.yaml").read_text())


def edit_params(book, old, new):
    path = book / "params/toy.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_every_notebook_has_a_fingerprint_below_its_paper(book):
    written = read_sources(book)
    assert {name: written[name] for name in ("01_one", "02_many")} == notebook_fingerprints(book)["toy"]
    assert written["01_one"] != written["02_many"]


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


def test_the_class_of_a_section_counts_for_the_pages_that_are_given_the_section(book):
    config = book / "src/graspbook/toy/config.py"
    classes = "class {}:\n    level: int\n\n    def half(self):\n        return self.level / 2\n\n\n"
    config.write_text(
        classes.format("One") + classes.format("Many") + "class Toy:\n    one: One\n    all: dict[str, Many]\n"
    )
    before = notebook_fingerprints(book)["toy"]
    config.write_text(config.read_text().replace("self.level / 2", "self.level / 3", 1))  # of One
    after = notebook_fingerprints(book)["toy"]
    assert after["01_one"] != before["01_one"] and after["02_many"] == before["02_many"]


def test_a_notebook_that_is_none_and_a_cell_that_is_no_python_are_named(book):
    edit(book / "notebooks/toy/01_one.ipynb", 2, lambda text: "x = (")
    with pytest.raises(InputError, match=r"01_one\.ipynb: .*not Python"):
        notebook_fingerprints(book)
    (book / "notebooks/toy/01_one.ipynb").write_text("[]")
    with pytest.raises(InputError, match=r"01_one\.ipynb: not a notebook"):
        notebook_fingerprints(book)


def test_the_profile_and_each_section_that_a_stage_names_stand_there_and_no_other(book):
    edit_params(book, "one:", "unread: {level: 3}\none:")
    written = read_sources(book)
    assert set(written) == {"profile", "01_one", "02_many", "one", "all/first", "all/second"}
    assert written["profile"] == "standard"
    assert all(isinstance(value, str) for value in written.values())


def changed(book, old, new):
    """The entries that a change of the parameters changes."""
    before = read_sources(book)
    edit_params(book, old, new)
    after = read_sources(book)
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def test_a_changed_number_changes_the_digest_of_the_section_that_it_is_in_and_no_other(book):
    assert changed(book, "level: 1", "level: 2") == {"one"}
    assert changed(book, "second: {value: 2}", "second: {value: 3}") == {"all/second"}
    assert changed(book, "value: 3}", "value: 3} # explained") == set()
    assert changed(book, "value: 3}", "value: 3.0}") == {"all/second"}, "a page would be given another number"


def test_the_order_of_rows_counts(book):
    edit_params(book, "one: {level: 1}", "one: {a: 1, b: 2}")
    assert changed(book, "{a: 1, b: 2}", "{b: 2, a: 1}") == {"one"}


def test_a_shared_block_counts_where_it_is_taken(book):
    (book / "params/shared.yaml").write_text("block: {level: 1}\n")
    assert changed(book, "one: {level: 1}", "one: {shared: block}") == set()
    before = read_sources(book)
    (book / "params/shared.yaml").write_text("block: {level: 2}\n")
    after = read_sources(book)
    assert {name for name in before if before[name] != after[name]} == {"one"}


def test_a_section_that_there_is_not_is_named(book):
    edit_params(book, "one:", "uno:")
    with pytest.raises(InputError, match=r"params/toy\.yaml: no 'one', which notebooks/toy/dvc\.yaml:one depends on"):
        write_sources(book)


def test_what_is_left_of_a_paper_that_is_gone_is_removed(book):
    write_sources(book)
    (book / SOURCES / "gone.yaml").write_text("")
    assert [path.name for path in sorted(write_sources(book).iterdir())] == ["toy.yaml"]


def test_a_digest_is_text_also_where_yaml_would_read_a_number(book, monkeypatch):
    monkeypatch.setattr(sources, "digest", lambda value: "12e4567890123456")
    write_sources(book)
    # DVC reads YAML 1.2, in which that is a number
    assert load_yaml(str(book / "reports/sources/toy.yaml"))["one"] == "12e4567890123456"
