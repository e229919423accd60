import importlib
import re
from pathlib import Path

import pytest

from graspbook.core.errors import InputError
from graspbook.pipeline.index import BEGIN, END, index_text, papers_table, with_papers

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "book").glob("*.md")), ROOT / "reports/README.md"]


def test_the_table_between_the_marks_is_replaced_and_nothing_else():
    once = with_papers(f"top\n{BEGIN}\nold\n{END}\nbottom\n", "| a |\n| --- |")
    assert once == f"top\n{BEGIN}\n\n| a |\n| --- |\n\n{END}\nbottom\n"
    assert with_papers(once, "| a |\n| --- |") == once


@pytest.mark.parametrize("readme", ["no marks", BEGIN, END])
def test_a_missing_mark_is_named(readme):
    with pytest.raises(InputError, match=r"README\.md: expected the lines"):
        with_papers(readme, "| a |")


@pytest.mark.slow
def test_the_committed_pages_show_the_committed_results():
    readme = (ROOT / "README.md").read_text()
    assert with_papers(readme, papers_table(ROOT)) == readme
    assert (ROOT / "reports/README.md").read_text() == index_text(ROOT)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text()) < 9000


def test_everything_that_the_book_names_in_the_package_exists():
    names = {name for page in PAGES for name in re.findall(r"`(graspbook(?:\.\w+)+)`", page.read_text())}
    assert names
    for name in sorted(names):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
