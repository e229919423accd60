"""The pipeline as written in dvc.yaml: its parameters, its notebooks and its outputs fit together."""

import shlex
from pathlib import Path

import nbformat
import pytest
import yaml

from graspbook.pipeline.params import load_params, section_parameters
from graspbook.pipeline.run_notebook import declared_parameters

ROOT = Path(__file__).parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE["stages"].items()}
PARAMS = load_params(ROOT / "params.yaml")


def variants(name):
    """Names that a `foreach` stage runs for; those of a section of params.yaml where it names one."""
    found = PIPELINE["stages"][name].get("foreach", [])
    return list(PARAMS.model_dump()["selfsup"]["train"]["variants"]) if isinstance(found, str) else found


def options(words, name):
    return [words[i + 1] for i, word in enumerate(words) if word == name]


def paths(stage, kind):
    return {next(iter(out)) if isinstance(out, dict) else out for out in stage.get(kind, [])}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_runs_a_notebook_that_it_depends_on_and_keeps_what_it_executed(name):
    words = shlex.split(STAGES[name]["cmd"])
    assert words[:2] == ["graspbook", "run-notebook"]
    assert words[2] in STAGES[name]["deps"]
    assert words[3] in paths(STAGES[name], "outs")
    assert (ROOT / words[2]).is_file()


@pytest.mark.parametrize("name", STAGES)
def test_a_notebook_declares_exactly_the_parameters_that_its_stage_gives(name):
    words = shlex.split(STAGES[name]["cmd"])
    settings = {setting.partition("=")[0]: "" for setting in options(words, "--set")}
    if "variant" in settings:
        settings["variant"] = variants(name)[0]
    section = (options(words, "--section") or [""])[0]
    given = section_parameters(load_params(ROOT / "params.yaml"), section, settings, tuple(options(words, "--with")))
    declared = declared_parameters(nbformat.read(ROOT / words[2], as_version=4), words[2])
    assert sorted(declared) == sorted(given)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_every_parameter_that_it_gives_but_the_number_of_workers(name):
    words = shlex.split(STAGES[name]["cmd"])
    params = load_params(ROOT / "params.yaml").model_dump()
    tracked = set(STAGES[name]["params"])

    def covered(key):
        return any(key == listed or key.startswith(listed + ".") for listed in tracked)

    def leaves(dotted):
        value = params
        for part in dotted.split("."):
            value = value[part]
        return [f"{dotted}.{key}" for key in value]

    used = [key for section in options(words, "--section") + options(words, "--with") for key in leaves(section)]
    missing = [key for key in used if not covered(key) and not key.endswith((".workers", ".variants"))]
    assert not missing
    assert "profile" in tracked
    assert not any(covered(key) for key in used if key.endswith(".workers"))


@pytest.mark.parametrize("name", STAGES)
def test_no_stage_writes_below_data_and_none_reads_what_it_writes(name):
    outs = paths(STAGES[name], "outs") | paths(STAGES[name], "metrics")
    assert not any(out.split("/")[0] == "data" for out in outs)
    assert not outs & set(STAGES[name]["deps"])


@pytest.mark.parametrize("name", STAGES)
def test_reports_are_kept_in_git_and_only_what_a_network_made_in_the_cache(name):
    for kind in ("outs", "metrics"):
        for out in STAGES[name].get(kind, []):
            path = next(iter(out)) if isinstance(out, dict) else out
            cached = not isinstance(out, dict) or out[path].get("cache", True)
            learned = path.endswith(".safetensors") or (name == "selfsup-bank-learned" and "/banks/" in path)
            assert cached == learned, path


def test_every_row_of_the_segment_section_has_a_stage_which_keeps_its_weights_where_asked_to():
    rows = PARAMS.selfsup.segment.variants
    kept, more = variants("selfsup-segment"), variants("selfsup-segment-more")
    assert sorted(kept + more) == sorted(rows)
    assert all(rows[name].keep_weights for name in kept)
    assert not any(rows[name].keep_weights for name in more)
    assert not any(rows[name].inpaint for name in more), "only selfsup-segment depends on the inpainting model"
    assert not any(rows[name].single for name in kept), "only selfsup-segment-more depends on the unlabelled grasps"


def test_table_2_reads_what_every_row_writes():
    rows = PARAMS.selfsup.segment.variants
    deps = set(STAGES["selfsup-table-2"]["deps"])
    assert {f"reports/selfsup/detections/{name}.parquet" for name in rows} <= deps
    assert {f"reports/selfsup/tables/history_{name}.csv" for name in rows} <= deps
