"""Results are carried over to new code where both write the same bytes, and nowhere else.

Runs at the profile `smoke` are played by a function that "executes" the pages of the small book by reading its files.
"""

import re
import shutil
import subprocess
from types import SimpleNamespace

import nbformat
import pytest
import yaml

from graspbook.core.code_hash import digest
from graspbook.core.errors import InputError
from graspbook.data.states import States, make_state, write_states
from graspbook.pipeline import adopt as module
from graspbook.pipeline import proof, run_notebook
from graspbook.pipeline.adopt import adopt, new_names, rename_results
from graspbook.pipeline.carry import code_cells_with_outputs, executed_by, renewed
from graspbook.pipeline.locks import lock_item
from graspbook.pipeline.params import profile_values
from graspbook.pipeline.proof import compare, stand_ins
from graspbook.pipeline.recipes import is_current, read_locked, read_recipes
from graspbook.pipeline.sources import write_sources

pytestmark = pytest.mark.slow

ONE, MANY = "notebooks/toy/01_one.ipynb", "notebooks/toy/02_many.ipynb"
PACKAGE = "src/graspbook/toy/__init__.py"
STAGES = {"one": ONE, "many/first": MANY, "many/second": MANY}


def execute(source, target):
    """Play the run of all pages with the code in `source`: what they write goes to `target`."""
    one = int(re.search(r"^\w+ = (\d+)", (source / PACKAGE).read_text(), re.MULTILINE)[1])
    (target / "artifacts").mkdir(parents=True, exist_ok=True)
    (target / "artifacts/one.txt").write_text("made")
    for name, page in STAGES.items():
        folder = target / "reports/toy" / name
        folder.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.read(source / page, as_version=4)
        given = nbformat.v4.new_code_cell(f"out = {name!r}", metadata={"tags": ["injected-parameters"]})
        notebook.cells.insert(2, given)
        last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
        last.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{name} says {one}\n")]
        nbformat.write(notebook, folder / "notebook.ipynb")
        (folder / "said.txt").write_text(name)


def play(folder, command, *_):
    """What a command of the folder's own code does."""
    write_sources(folder) if command == "sources" else execute(folder, folder / proof.SMOKE)


def git(book, *words):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
    subprocess.run(command, cwd=book, check=True, capture_output=True)


@pytest.fixture
def ran(book, monkeypatch):
    """The book after a run at `standard`, committed; runs at `smoke` are played."""
    git(book, "init", "--quiet")
    (book / ".dvc").mkdir()
    (book / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (book / ".gitignore").write_text("/artifacts\n/scratch\n/runs\n")
    write_sources(book)
    execute(book, book)
    (book / "reports/last").mkdir()
    (book / "reports/last/said.txt").write_text("second")
    lock(book)
    git(book, "add", "--all")
    git(book, "commit", "--quiet", "--message", "ran")
    monkeypatch.setattr(run_notebook, "load_params", toy_params)
    monkeypatch.setattr(proof, "prepare_workspace", play_workspace)
    for place in (module, proof):
        monkeypatch.setattr(place, "run_own", play)
    write_sources(book)
    adopt(book, "HEAD", lambda line: None)  # executed copies get links and parameters
    git(book, "commit", "--quiet", "--all", "--message", "copies")
    return book


def play_workspace(root, profile):
    """The pipeline files of `runs/smoke`, where the family has one member only."""
    workspace = root / "runs" / profile
    for name in ("dvc.yaml", "params", "notebooks", ".dvc", "src"):
        place = root / name
        copy = shutil.copytree if place.is_dir() else shutil.copyfile
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        copy(place, workspace / name, **({"dirs_exist_ok": True} if place.is_dir() else {}))
    (workspace / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    params = (workspace / "params/toy.yaml").read_text().replace("  second: {value: 2}\n", "")
    (workspace / "params/toy.yaml").write_text(params)
    write_sources(workspace)
    return workspace


def toy_params(root, only):
    """What `load_params` gives, though there is no schema of this paper."""
    values = profile_values(root)
    return SimpleNamespace(profile=values["profile"], values=values)


def lock(book):
    """Write lock files as if every stage had just run."""
    files = {}
    for address, recipe in read_recipes(book).items():
        folder, _, name = address.rpartition("/dvc.yaml:")
        entry = {"cmd": recipe.command, "params": recipe.parameters}
        entry["deps"] = [lock_item(book, path) for path in sorted(recipe.reads)]
        entry["outs"] = [lock_item(book, path) for path in recipe.makes]
        files.setdefault(folder, {})[name or address] = entry
    for folder, stages in files.items():
        (book / folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def edit_page(book, change, page=ONE):
    notebook = nbformat.read(book / page, as_version=4)
    change(notebook.cells)
    nbformat.write(notebook, book / page)


def edit_code(book, old, new, path=PACKAGE):
    assert old in (book / path).read_text()
    (book / path).write_text((book / path).read_text().replace(old, new))


def files(book):
    kept = (path for path in book.rglob("*") if path.is_file() and not {".git", "runs"} & set(path.parts))
    return {path.relative_to(book).as_posix(): path.read_bytes() for path in kept}


def stale(book):
    write_sources(book)
    recipes = read_recipes(book)
    locked = read_locked(book).items()
    unlike = {name for name, one in locked if not is_current(one, recipes[name])}
    moved = {
        name
        for name, one in locked
        for item in [*one.entry.get("deps", []), *one.entry["outs"]]
        if name != "sources" and (book / item["path"]).exists() and lock_item(book, item["path"]) != item
    }
    return unlike | moved


def shown(book, name="one"):
    return nbformat.read(book / f"reports/toy/{name}/notebook.ipynb", as_version=4)


REFACTORED = 'ONE = 1\n\n\ndef never():\n    """Words."""\n'


def refactor(book):
    """Another way to the same outputs, in the code of page one."""
    edit_page(book, lambda cells: cells[-1].update(source=cells[-1].source.replace("ONE)", "int(ONE))")))


def test_prose_reaches_every_copy_without_a_run(ran, monkeypatch):
    monkeypatch.setattr(proof, "run_own", None)  # nothing runs
    edit_page(ran, lambda cells: cells[0].update(source="# Many, told better\n\nSee [one](01_one.ipynb)."), MANY)
    assert adopt(ran, "HEAD", lambda line: None) == []
    for which in ("first", "second"):
        cells = shown(ran, f"many/{which}").cells
        assert cells[0].source == "# Many, told better\n\nSee [one](../../one/notebook.ipynb)."
        assert cells[-1].outputs[0].text == f"many/{which} says 1\n"
    assert stale(ran) == set() and not (ran / module.ADOPTIONS).exists()
    before = files(ran)
    adopt(ran, "HEAD", lambda line: None)
    assert files(ran) == before, "a second time, nothing changes"


def test_a_new_name_reaches_the_copies_without_a_run(ran, monkeypatch):
    monkeypatch.setattr(proof, "run_own", None)
    edit_code(ran, "ONE", "LEVEL")
    for cell, old, new in ((2, "import ONE", "import LEVEL"), (-1, "ONE)", "LEVEL)")):
        edit_page(ran, lambda cells, c=cell, o=old, n=new: cells[c].update(source=cells[c].source.replace(o, n)))
    assert adopt(ran, "HEAD", lambda line: None) == []
    assert "LEVEL" in shown(ran).cells[-1].source and shown(ran).cells[-1].outputs[0].text == "one says 1\n"
    assert stale(ran) == set()


def test_other_code_with_the_same_outputs_is_adopted_and_recorded(ran):
    refactor(ran)
    assert stale(ran) == {"notebooks/toy/dvc.yaml:one"}
    assert adopt(ran, "HEAD", lambda line: None) == ["notebooks/toy/dvc.yaml:one"]
    assert stale(ran) == set()
    assert "int(ONE)" in shown(ran).cells[-1].source
    head, line = (ran / module.ADOPTIONS).read_text().splitlines()
    assert head == "date,base,stage,ran,files,bytes,digest"
    assert line.split(",")[2:5] == ["notebooks/toy/dvc.yaml:one", "notebooks/toy/dvc.yaml:one", "3"]


def test_members_that_run_at_smoke_stand_for_those_that_do_not(ran):
    edit_page(ran, lambda cells: cells[-1].update(source=cells[-1].source.replace("(which)", "(str(which))")), MANY)
    first, second = (f"notebooks/toy/dvc.yaml:many@{which}" for which in ("first", "second"))
    assert sorted(adopt(ran, "HEAD", lambda line: None)) == [first, second]
    assert stale(ran) == set()
    rows = [line.split(",")[2:4] for line in (ran / module.ADOPTIONS).read_text().splitlines()[1:]]
    assert rows == [[first, first], [second, first]]
    with pytest.raises(InputError, match="many@second: the profile smoke does not run it"):
        stand_ins([second], {"notebooks/toy/dvc.yaml:one"})


def test_parameters_that_changed_their_form_are_adopted_too(ran):
    edit_code(ran, "one: {level: 1}", "uno: {level: 1}", "params/toy.yaml")
    edit_code(ran, "01_one, one,", "01_one, uno,", "notebooks/toy/dvc.yaml")
    edit_page(ran, lambda cells: cells[-1].update(source=cells[-1].source.replace('config["one"]', 'config["uno"]')))
    assert adopt(ran, "HEAD", lambda line: None) == ["notebooks/toy/dvc.yaml:one"]
    assert stale(ran) == set()
    locked = read_locked(ran)["notebooks/toy/dvc.yaml:one"].entry
    assert "&" not in (ran / "notebooks/toy/dvc.lock").read_text(), "every value stands where it belongs"
    assert locked["params"]["reports/sources/toy.yaml"]["uno"] == digest({"level": 1})
    assert 'config = {"uno"' in shown(ran).cells[2].source


def test_one_changed_number_is_refused_by_the_first_file_and_nothing_is_written(ran):
    edit_code(ran, "ONE = 1", "ONE = 2")
    before = files(ran)
    with pytest.raises(InputError, match=r"^reports/toy/one/notebook\.ipynb differs between the old and the new code"):
        adopt(ran, "HEAD", lambda line: None)
    assert files(ran) == before


def test_a_refusal_names_a_file_of_every_stage_that_differs(ran):
    edit_code(ran, "ONE = 1", "ONE = 2")
    edit_page(ran, lambda cells: cells[-1].update(source=cells[-1].source.replace("(which)", "(str(which))")), MANY)
    with pytest.raises(InputError) as error:
        adopt(ran, "HEAD", lambda line: None)
    assert [line.split()[0] for line in str(error.value).splitlines()] == [
        "reports/toy/many/first/notebook.ipynb",
        "reports/toy/one/notebook.ipynb",
    ]


def test_a_stage_that_was_stale_at_the_base_stays_stale(ran):
    edit_code(ran, "ONE = 1", "ONE = 2")
    write_sources(ran)
    git(ran, "commit", "--quiet", "--all", "--message", "not run")
    refactor(ran)
    lines = []
    assert adopt(ran, "HEAD", lines.append) == []
    assert "notebooks/toy/dvc.yaml:one: not up to date at HEAD; it has to run" in lines
    assert stale(ran) == {"notebooks/toy/dvc.yaml:one"}


def test_a_stage_whose_result_is_meant_to_change_is_left_out(ran):
    edit_code(ran, "ONE = 1", "ONE = 2")
    one, lines = "notebooks/toy/dvc.yaml:one", []
    assert adopt(ran, "HEAD", lines.append, {one}) == []
    assert f"{one}: left out; it has to run" in lines
    assert stale(ran) == {one}
    with pytest.raises(InputError, match=r"^toy:nowhere: no such stage"):
        adopt(ran, "HEAD", lambda line: None, {"toy:nowhere"})


def test_reports_changed_by_hand_are_named_and_nothing_is_written(ran):
    (ran / "reports/toy/one/said.txt").write_text("by hand")
    edit_page(ran, lambda cells: cells[0].update(source="# One, told better"))
    before = files(ran)
    with pytest.raises(InputError, match="one: reports/toy/one is not what the lock file says"):
        adopt(ran, "HEAD", lambda line: None)
    assert files(ran) == before


def test_a_cell_cut_in_two_keeps_its_outputs_where_they_belong(ran):
    def cut(cells):
        cells.insert(4, nbformat.v4.new_code_cell("level = 1", id="cell-new"))

    edit_page(ran, cut)
    assert adopt(ran, "HEAD", lambda line: None) == ["notebooks/toy/dvc.yaml:one"]
    assert [bool(cell.get("outputs")) for cell in shown(ran).cells][-2:] == [False, True]
    assert stale(ran) == set()


def test_an_unknown_revision_is_named(ran):
    with pytest.raises(InputError, match="git knows no revision 'nowhere' here"):
        adopt(ran, "nowhere", lambda line: None)


def test_cells_that_do_not_match_are_refused_where_no_run_tells_them_apart(ran):
    edit_page(ran, lambda cells: cells.append(nbformat.v4.new_code_cell("1", id="cell-new")))
    [stage] = executed_by(ran, {"one": "reports/toy/one"}).values()
    command = read_recipes(ran)["notebooks/toy/dvc.yaml:one"].command
    with pytest.raises(InputError, match=r"reports/toy/one/notebook\.ipynb: its cells are not those"):
        renewed(ran, stage, command)
    known = [*code_cells_with_outputs(shown(ran)), False]
    assert renewed(ran, stage, command, known).cells[-2].outputs[0].text == "one says 1\n"


def test_two_workspaces_are_compared_byte_by_byte_and_notebooks_by_what_they_show(tmp_path, ran):
    before, after = tmp_path / "a", tmp_path / "b"
    for folder in (before, after):
        execute(ran, folder)
    found = compare(before, after, ["artifacts/one.txt", "reports/toy/one"], ["one"])
    assert found.files == 3 and found.shown is None
    notebook = after / "reports/toy/one/notebook.ipynb"
    notebook.write_text(notebook.read_text().replace("from pathlib import Path", "import pathlib"))
    assert compare(before, after, ["artifacts/one.txt", "reports/toy/one"], ["one"]) == found
    cells = nbformat.read(notebook, as_version=4)
    cells.cells.insert(3, nbformat.v4.new_code_cell("level = 1", id="cell-new"))
    nbformat.write(cells, notebook)
    shown_now = compare(before, after, ["reports/toy/one"], ["one"]).shown
    assert shown_now == [False, False, False, False, False, True]
    (after / "reports/toy/one/more.csv").write_text("1")
    with pytest.raises(InputError, match=r"one/more\.csv differs .* \(only one of the two runs has it\)"):
        compare(before, after, ["reports/toy/one"], ["one"])
    (after / "artifacts/one.txt").write_text("Made")
    with pytest.raises(InputError, match=r"^artifacts/one\.txt differs"):
        compare(before, after, ["reports/toy/one", "artifacts/one.txt"], ["one"])


DATA, AT_SMOKE = "a" * 16, "b" * 16


def test_lists_of_what_was_drawn_from_states_get_the_name_of_todays_code(ran, monkeypatch):
    def listing(source, data):
        code = digest((source / ONE).read_text())
        return f"path,md5,bytes,files\nartifacts/set,{'0' * 32}.{data}-{code},,1\n"

    def play_lists(folder, command, *_):
        play(folder, command)
        if command != "sources":
            (folder / proof.SMOKE / "reports/toy/one/made.csv").write_text(listing(folder, AT_SMOKE))

    for place in (module, proof):
        monkeypatch.setattr(place, "run_own", play_lists)
    made = ran / "reports/toy/one/made.csv"
    made.write_text(listing(ran, DATA))
    lock(ran)
    git(ran, "add", "--all")
    git(ran, "commit", "--quiet", "--message", "states")
    before = made.read_text()
    refactor(ran)
    assert adopt(ran, "HEAD", lambda line: None) == ["notebooks/toy/dvc.yaml:one"]
    assert made.read_text() == listing(ran, DATA) != before
    assert stale(ran) == set()


def test_states_and_their_lists_are_compared_without_the_name_of_the_code(tmp_path):
    for folder, code in (("before", "1" * 16), ("after", "2" * 16)):
        (tmp_path / folder).mkdir()
        states = States("falls", [1], f"{DATA}-{code}", {0: make_state({"place": ("<f8", ())}, place=[0.5])})
        write_states(tmp_path / folder / "set.states.npz", states)
        (tmp_path / folder / "made.csv").write_text(f"set,{states.hash}.{states.made},,1\n")
    folders, names = (tmp_path / "before", tmp_path / "after"), ["made.csv", "set.states.npz"]
    assert compare(*folders, names, ["one"]).files == 2
    (tmp_path / "after/made.csv").write_text(f"set,{'0' * 32}.{DATA}-{'2' * 16},,1\n")
    with pytest.raises(InputError, match=r"made\.csv differs"):
        compare(*folders, names, ["one"])
    states.episodes[0]["place"] += 1
    write_states(tmp_path / "after/set.states.npz", states)
    with pytest.raises(InputError, match=r"set\.states\.npz differs"):
        compare(*folders, names[1:], ["one"])


def test_finished_results_are_found_under_the_name_of_the_new_code(tmp_path):
    data, old, new, other = ("a" * 16, "1" * 16, "2" * 16, "3" * 16)
    for workspace, code in (("before", old), ("after", new)):
        (tmp_path / workspace / f"scratch/trainings/{data}-{code}").mkdir(parents=True)
    renamed = new_names(tmp_path / "before", tmp_path / "after")
    assert renamed == {old: new}
    scratch = tmp_path / "scratch"
    for name in (f"trainings/{'b' * 16}-{old}", f"trainings/{'b' * 16}-{other}", f"collect-{'c' * 16}-{old}"):
        (scratch / name).mkdir(parents=True)
    rename_results(scratch, renamed)
    assert sorted(path.name for path in (*scratch.glob("*"), *scratch.glob("*/*"))) == [
        f"{'b' * 16}-{new}",
        f"{'b' * 16}-{other}",
        f"collect-{'c' * 16}-{new}",
        "trainings",
    ]
