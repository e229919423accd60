from pathlib import Path

import pytest

from graspbook.core.errors import InputError
from graspbook.pipeline.page import open_page
from graspbook.pipeline.params import load_params
from tests.pipeline.conftest import write_parameters


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with parameters, entered where a person opens a notebook."""
    write_parameters(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "notebooks/selfsup").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks/selfsup")
    monkeypatch.delenv("GRASPBOOK_TERMINAL", raising=False)
    return tmp_path


def test_a_page_that_a_person_opens_has_all_sections_with_what_shall_differ(root):
    page = open_page("selfsup", "standard", {"train": {"steps": 7}}, "scratch/live")
    standard = load_params(root).selfsup
    assert page.config.train.steps == 7
    assert page.config.train.batch_size == standard.train.batch_size
    assert page.config.segment == standard.segment
    assert Path.cwd() == root
    assert (root / page.out).is_dir()


def test_it_takes_the_profile_that_it_names(root):
    page = open_page("selfsup", "quick", {}, "scratch/live")
    assert page.config.train.batch_size == 4
    assert page.config.train == load_params(root, "quick").selfsup.train


def test_run_by_the_pipeline_it_has_the_sections_given_and_no_other(root, monkeypatch):
    monkeypatch.setenv("GRASPBOOK_TERMINAL", "")
    given = load_params(root).values["selfsup"]["collect"]
    page = open_page("selfsup", "standard", {"collect": given}, "reports/selfsup/collect")
    assert page.config.collect.n_train == given["n_train"]
    assert not hasattr(page.config, "train")


def test_what_cannot_work_is_named(root):
    with pytest.raises(InputError, match=r"unknown key 'selfsup\.train\.stpes'"):
        open_page("selfsup", "standard", {"train": {"stpes": 7}}, "scratch/live")


def test_a_page_of_the_book_itself_needs_no_parameters(root):
    assert vars(open_page("", "standard", {}, "scratch/live").config) == {}
