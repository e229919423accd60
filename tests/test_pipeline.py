"""The pipelines as written in the `dvc.yaml` files: their parameters, notebooks and outputs fit together."""

import ast
import re
import shlex
from pathlib import Path

import nbformat
import pytest
import yaml

from graspbook.pipeline.locks import lock_files
from graspbook.pipeline.params import load_params
from graspbook.pipeline.run_notebook import declared_parameters
from graspbook.pipeline.sources import source_notebooks
from graspbook.pipeline.stages import notebook_stages, pipeline_files, slug_of, sources_file, stage_parameters

ROOT = Path(__file__).parents[1]
PARAMS = load_params(ROOT)
ENTRIES = {
    (slug_of(path.relative_to(ROOT)), name): entry.get("do", entry) | {"foreach": entry.get("foreach")}
    for path in pipeline_files(ROOT)
    for name, entry in yaml.safe_load(path.read_text())["stages"].items()
}
STAGES = {(stage.slug, stage.name): stage for stage in notebook_stages(ROOT)}
SLUGS = sorted({slug for slug, _ in ENTRIES} - {""})


def paths(entry, kind):
    return {next(iter(out)) if isinstance(out, dict) else out for out in entry.get(kind, [])}


def members(key):
    """A stage, or all members of a family."""
    family = ENTRIES[key]["foreach"]
    if family is None:
        return [STAGES[key]]
    values = PARAMS.values[key[0]]
    for part in family.removeprefix("${").removesuffix("}").split("."):
        values = values[part]
    return [STAGES[key].member(name) for name in values]


def code_of(stage):
    cells = nbformat.read(ROOT / stage.notebook, as_version=4).cells
    return ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))


def test_every_notebook_is_run_by_one_stage():
    notebooks = [path.relative_to(ROOT) for path in source_notebooks(ROOT)]
    assert sorted(stage.notebook for stage in STAGES.values()) == sorted(notebooks)


@pytest.mark.parametrize("key", STAGES, ids="-".join)
def test_a_stage_owns_the_folder_of_reports_that_it_is_named_after(key):
    slug, name = key
    stage, entry = STAGES[key], ENTRIES[key]
    assert stage.folder == Path("reports", slug, name)
    [out] = [out for out in entry["outs"] if isinstance(out, dict) and stage.reports.as_posix() in out]
    assert out == {stage.reports.as_posix(): {"cache": False}}
    assert [path for path in paths(entry, "outs") if path.startswith("reports/")] == [stage.reports.as_posix()]


@pytest.mark.parametrize("key", STAGES, ids="-".join)
def test_a_stage_depends_on_the_fingerprint_of_its_own_notebook_and_on_the_profile(key):
    stage, entry = STAGES[key], ENTRIES[key]
    named = ["profile", stage.notebook.stem, *stage.sections]
    assert entry["params"] == [{sources_file(stage.slug).as_posix(): named}]
    assert not any(dep.endswith((".py", ".ipynb")) for dep in entry.get("deps", [])), "fingerprints stand for code"


@pytest.mark.parametrize("key", STAGES, ids="-".join)
def test_a_notebook_declares_exactly_what_its_stage_gives_it(key):
    stage, entry = STAGES[key], ENTRIES[key]
    words = shlex.split(entry["cmd"])
    selectors = [word.partition("=")[0] for place, word in enumerate(words) if words[place - 1] == "--set"]
    declared = declared_parameters(nbformat.read(ROOT / stage.notebook, as_version=4), str(stage.notebook))
    assert sorted(declared) == sorted(["profile", "out", "config", *selectors])


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in STAGES if key[0]], ids="-".join)
def test_a_page_uses_exactly_the_sections_that_its_stage_depends_on(key):
    given = set(stage_parameters(members(key)[0], PARAMS.values[key[0]]))
    used = {
        node.attr
        for node in ast.walk(code_of(STAGES[key]))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("page.config", "config")
    }
    assert used == given


@pytest.mark.parametrize("key", STAGES, ids="-".join)
def test_every_member_of_a_family_finds_its_parameters(key):
    for stage in members(key):
        if stage.slug:
            assert stage_parameters(stage, PARAMS.values[stage.slug])


@pytest.mark.parametrize("key", ENTRIES, ids="-".join)
def test_no_stage_writes_below_data_and_none_reads_what_it_writes(key):
    outs = paths(ENTRIES[key], "outs")
    assert not any(Path(out).parts[0] == "data" for out in outs)
    assert not outs & set(ENTRIES[key].get("deps", []))


@pytest.mark.slow
@pytest.mark.parametrize("slug", SLUGS)
def test_the_book_pulls_in_every_paper_that_has_run(slug):
    """One whose stages have not all run at the standard profile would have to run before the book could be made."""
    locks = [path for path in lock_files(ROOT) if slug_of(path.relative_to(ROOT)) == slug]
    run = {name.split("@")[0] for lock in locks for name in yaml.safe_load(lock.read_text())["stages"]}
    has_run = all(name in run for of, name in ENTRIES if of == slug)
    assert (f"reports/{slug}" in ENTRIES["", "index"]["deps"]) == has_run


@pytest.mark.parametrize("path", pipeline_files(ROOT), ids=lambda path: path.parent.name)
def test_pipeline_files_stay_readable(path):
    text = path.read_text()
    assert len(text.splitlines()) < min(350, 14 * len(yaml.safe_load(text)["stages"]) + 25)


def test_lock_files_stay_small():
    lines = [len(path.read_text().splitlines()) for path in lock_files(ROOT)]
    assert max(lines) < 2500 and sum(lines) < 10_000


def test_no_lock_entry_holds_a_value_of_a_parameter_but_the_profile():
    for path in lock_files(ROOT):
        slug = slug_of(path.relative_to(ROOT))
        for name, entry in yaml.safe_load(path.read_text())["stages"].items():
            given = entry.get("params", {})
            assert set(given) <= {sources_file(slug).as_posix()}, name
            for key, value in given.get(sources_file(slug).as_posix(), {}).items():
                assert value == "standard" if key == "profile" else re.fullmatch("[0-9a-f]{16}", value), (name, key)


@pytest.mark.parametrize("slug", SLUGS)
def test_reports_of_a_paper_stay_within_their_budget(slug):
    """8 MiB for the first twenty pages, and 0.4 MiB for each one more."""
    size = sum(path.stat().st_size for path in (ROOT / "reports" / slug).rglob("*") if path.is_file())
    pages = len(list((ROOT / "notebooks" / slug).glob("*.ipynb")))
    budget = 8 + 0.4 * max(0, pages - 20)
    assert size < budget * 2**20, f"{size / 2**20:.1f} MiB of {budget:.1f}"
