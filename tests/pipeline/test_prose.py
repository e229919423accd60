import nbformat
import pytest
import yaml

from graspbook.errors import InputError
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.prose import carry_prose
from graspbook.pipeline.sources import notebook_fingerprints

SOURCE = "notebooks/toy/02_many.ipynb"


@pytest.fixture
def executed(book):
    """The book with both members of the family `many` executed and locked, and a stage that read them."""
    source = nbformat.read(book / SOURCE, as_version=4)
    stages = {}
    for which, value in {"first": 1, "second": 2}.items():
        folder = book / f"reports/toy/many/{which}"
        folder.mkdir(parents=True)
        copy = nbformat.from_dict(source)
        injected = nbformat.v4.new_code_cell(f"which = {which!r}", metadata={"tags": ["injected-parameters"]})
        copy.cells.insert(2, injected)
        copy.cells[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"said {which}\n")]
        nbformat.write(copy, folder / "notebook.ipynb")
        stages[f"many@{which}"] = {
            "cmd": "x",
            "params": {
                "params.yaml": {"profile": "standard", f"toy.all.{which}": {"value": value}},
                "reports/sources.yaml": {"toy.02_many": notebook_fingerprints(book)["toy"]["02_many"]},
            },
            "outs": [lock_item(book, f"reports/toy/many/{which}")],
        }
    (book / "notebooks/toy/dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    last = {"cmd": "x", "deps": [lock_item(book, "reports/toy/many")]}
    (book / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"last": last}}))
    return book


def lock_item(book, path):
    found = summarise(book / path)
    return {"path": path, "hash": "md5", "md5": found.md5, "size": found.size, "nfiles": found.files}


def locks(book):
    paper = yaml.safe_load((book / "notebooks/toy/dvc.lock").read_text())["stages"]
    return paper, yaml.safe_load((book / "dvc.lock").read_text())["stages"]["last"]["deps"]


def edit(book, cell, change, path=SOURCE):
    notebook = nbformat.read(book / path, as_version=4)
    change(notebook.cells) if cell is None else change(notebook.cells[cell])
    nbformat.write(notebook, book / path)


def add_prose(cells):
    cells[0].source = "# Many, told better\n\nSee [one](01_one.ipynb)."
    cells.insert(2, nbformat.v4.new_markdown_cell("Between the cells."))


def files(book):
    return {path: path.read_bytes() for path in book.rglob("*") if path.is_file()}


def test_new_prose_reaches_every_copy_with_its_outputs_and_the_locks_name_the_new_bytes(executed):
    edit(executed, None, add_prose)
    carried = carry_prose(executed, (executed / SOURCE).relative_to(executed))
    assert [one.changed for one in carried] == [True, True]
    for which in ("first", "second"):
        cells = nbformat.read(executed / f"reports/toy/many/{which}/notebook.ipynb", as_version=4).cells
        assert cells[0].source == "# Many, told better\n\nSee [one](../../one/notebook.ipynb)."
        assert [cell.source for cell in cells[2:4]] == [f"which = {which!r}", "Between the cells."]
        assert cells[-1].outputs[0].text == f"said {which}\n"
    paper, [read] = locks(executed)
    assert read == lock_item(executed, "reports/toy/many")
    for which in ("first", "second"):
        assert paper[f"many@{which}"]["outs"] == [lock_item(executed, f"reports/toy/many/{which}")]


def test_a_second_time_nothing_changes(executed):
    edit(executed, None, add_prose)
    source = (executed / SOURCE).relative_to(executed)
    carry_prose(executed, source)
    before = files(executed)
    assert [one.changed for one in carry_prose(executed, source)] == [False, False]
    assert files(executed) == before


def code(book):
    edit(book, -1, lambda cell: cell.update(source=cell.source + "\n1"))


def module(book):
    edit(book, 3, lambda cell: cell.update(source="import graspbook.toy\n" + cell.source))


def parameter(book):
    text = (book / "params.yaml").read_text()
    (book / "params.yaml").write_text(text.replace("value: 2", "value: 3"))


def tampered(book):
    (book / "reports/toy/many/second/said.txt").write_text("by hand")


def comment(book):
    # the fingerprint stays, the page shows other code
    edit(book, -1, lambda cell: cell.update(source=cell.source + "  # a comment"))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (code, "many@first: the code has changed"),
        (module, "many@first: the code has changed"),
        (parameter, r"many@second: the parameter 'toy\.all\.second' has changed"),
        (tampered, "many@second: reports/toy/many/second is not what the lock file says"),
        (comment, r"reports/toy/many/first/notebook\.ipynb: its code cells are not those"),
    ],
)
def test_anything_but_prose_is_refused_and_nothing_is_written(executed, change, complaint):
    edit(executed, None, add_prose)
    change(executed)
    before = files(executed)
    with pytest.raises(InputError, match=complaint):
        carry_prose(executed, (executed / SOURCE).relative_to(executed))
    assert files(executed) == before


def test_an_entry_that_was_stale_before_stays_stale(executed):
    lock = yaml.safe_load((executed / "dvc.lock").read_text())
    lock["stages"]["last"]["deps"][0]["md5"] = "0" * 32 + ".dir"
    (executed / "dvc.lock").write_text(yaml.safe_dump(lock))
    edit(executed, None, add_prose)
    carry_prose(executed, (executed / SOURCE).relative_to(executed))
    assert locks(executed)[1][0]["md5"] == "0" * 32 + ".dir"


def test_a_notebook_that_no_stage_runs_is_named(executed):
    with pytest.raises(InputError, match=r"no stage of any .* runs this notebook"):
        carry_prose(executed, executed.relative_to(executed) / "notebooks/toy/03_none.ipynb")
