from pathlib import Path

import pytest

from graspbook.core.errors import InputError
from graspbook.pipeline.stages import find_stage, notebook_stages, stage_parameters

VALUES = {"one": {"level": 1}, "all": {"first": {"value": 1}, "second": {"value": 2}}}


def test_the_stages_that_run_a_notebook_are_found_with_what_they_read_and_make(book):
    one, many = notebook_stages(book)
    assert (one.slug, one.name, one.notebook) == ("toy", "one", Path("notebooks/toy/01_one.ipynb"))
    assert one.sections == ("one", "all/first")
    assert one.makes == (Path("artifacts/one.txt"),)
    assert one.folder == one.reports == Path("reports/toy/one")
    assert many.folder == Path("reports/toy/many")


def test_a_stage_is_known_by_its_folder_of_reports_and_a_member_of_a_family_by_its_name(book):
    assert find_stage(notebook_stages(book), Path("reports/toy/one")).name == "one"
    member = find_stage(notebook_stages(book), Path("reports/toy/many/second"))
    assert member.sections == ("all/second",)
    assert member.reports == Path("reports/toy/many/second")
    for other in ("reports/toy", "reports/toy/many", "reports/toy/many/a/b", "reports/toy/ones", "scratch/live"):
        assert find_stage(notebook_stages(book), Path(other)) is None


def test_a_stage_is_given_the_sections_that_it_depends_on_and_no_other(book):
    assert stage_parameters(find_stage(notebook_stages(book), Path("reports/toy/one")), VALUES) == {
        "one": {"level": 1},
        "all": {"first": {"value": 1}},
    }
    assert stage_parameters(find_stage(notebook_stages(book), Path("reports/toy/many/second")), VALUES) == {
        "all": {"second": {"value": 2}}
    }


def test_a_section_that_is_not_there_is_named(book):
    with pytest.raises(
        InputError, match=r"params/toy\.yaml: no 'all/third', which notebooks/toy/dvc\.yaml:many depends on"
    ):
        stage_parameters(find_stage(notebook_stages(book), Path("reports/toy/many/third")), VALUES)
