import shutil

import pytest

from graspbook.book.contents import learned, read_contents
from graspbook.core.errors import InputError


def test_a_paper_is_there_because_its_file_and_its_reports_are(repository):
    contents = read_contents(repository)
    assert list(contents.papers) == ["mock"]
    assert [chapter.title for chapter in contents.chapters["mock"]] == ["A sum", "A family", "Later"]
    shutil.rmtree(repository / "reports/mock")
    assert read_contents(repository).papers == {}


def test_a_page_knows_its_name_its_stage_and_its_source(repository):
    one, first, second = read_contents(repository).pages()
    assert (one.docname, one.stage, one.key) == ("mock/sum", "notebooks/mock/dvc.yaml:sum", "")
    assert (first.docname, first.stage, first.key) == ("mock/family/a", "notebooks/mock/dvc.yaml:family@a", "a")
    assert second.key == "b"
    assert second.source.as_posix() == "notebooks/mock/02_family.ipynb"


def test_a_chapter_is_its_page_a_list_of_pages_or_nothing_yet(repository):
    names = [chapter.docname for chapter in read_contents(repository).chapters["mock"]]
    assert names == ["mock/sum", "mock/02_family", None]


def test_a_notebook_whose_stage_has_not_run_has_no_page(repository):
    (repository / "reports/mock/sum/notebook.ipynb").unlink()
    assert read_contents(repository).chapters["mock"][0].docname is None


def test_numbered_members_of_a_family_stand_in_the_order_of_their_numbers(repository):
    for key in ("10", "9"):
        shutil.copytree(repository / "reports/mock/family/a", repository / f"reports/mock/family/{key}")
    keys = [page.key for page in read_contents(repository).chapters["mock"][1].pages]
    assert keys == ["9", "10", "a", "b"]


def test_what_one_learns_stands_on_one_line_without_links():
    assert learned("# T\n\n**You will learn** to [add](a.md)\nup.\n\nMore.") == "to add up."
    assert learned("# T") == ""


def test_a_notebook_without_a_heading_is_named(repository):
    path = repository / "notebooks/mock/01_sum.ipynb"
    path.write_text(path.read_text().replace("# A sum", "A sum"))
    with pytest.raises(InputError, match=r"notebooks/mock/01_sum\.ipynb: the first cell"):
        read_contents(repository)
