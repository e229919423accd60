from pathlib import Path

import pytest

from graspbook.book.contents import read_contents
from graspbook.book.links import Links, heading_anchor, html_link
from graspbook.core.errors import InputError

HERE = Path("reports/mock/sum/notebook.ipynb")


@pytest.fixture
def links(repository):
    return Links(read_contents(repository), ["index"])


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("../family/a/notebook.ipynb", "family/a.ipynb"),
        ("../../../notebooks/mock/01_sum.ipynb#next", "sum.ipynb#next"),
        ("../../../notebooks/mock/02_family.ipynb", "02_family.md"),
        ("../family", "02_family.md"),
        ("../../claims/claims.md", "../claims/ledger.md"),
        ("../../claims.md", "../claims/ledger.md"),
        ("../../../src/graspbook/mock/sums.py", "../code/graspbook/mock/sums.md"),
        ("../../../book/index.md", "../index.md"),
        ("https://example.org/a.md", "https://example.org/a.md"),
        ("#next", "#next"),
    ],
)
def test_a_link_to_something_with_a_page_leads_to_the_page(links, target, leads_to):
    assert links.rewrite(f"[words]({target})", HERE, "mock/sum") == f"[words]({leads_to})"
    assert links.dead == []


def test_code_that_is_linked_to_gets_a_page(links):
    links.rewrite("[`sums.py`](../../../src/graspbook/mock/sums.py)", HERE, "mock/sum")
    assert links.code == {Path("src/graspbook/mock/sums.py")}


def test_a_link_to_another_file_leads_to_a_copy_of_it(links):
    html = links.rewrite("[the `csv`](numbers.csv)", HERE, "mock/sum")
    assert html == '<a href="../files/reports/mock/sum/numbers.csv">the `csv`</a>'
    assert links.files == {Path("reports/mock/sum/numbers.csv")}


def test_a_notebook_that_has_not_run_can_be_downloaded(links):
    html = links.rewrite("[later](../../../notebooks/mock/03_later.ipynb)", HERE, "mock/sum")
    assert html == '<a href="../files/notebooks/mock/03_later.ipynb" download>later</a>'


def test_a_picture_stays_a_picture(links, repository):
    (repository / "reports/mock/sum/a.png").write_bytes(b"")
    assert links.rewrite("![A](a.png)", HERE, "mock/sum") == "![A](../files/reports/mock/sum/a.png)"


def test_a_folder_without_a_page_leaves_the_words(links):
    assert links.rewrite("[here](../../../src)", HERE, "mock/sum") == "here"
    links.check()


def test_code_is_no_link(links):
    text = "`[a](gone.md)`\n\n```python\nx[0](gone.md)\n```\n"
    assert links.rewrite(text, HERE, "mock/sum") == text


@pytest.mark.parametrize("target", ["gone.md", "../../../../outside.md"])
def test_a_dead_link_is_refused_with_its_file(links, target):
    links.rewrite(f"[words]({target})", HERE, "mock/sum")
    with pytest.raises(InputError, match=r"reports/mock/sum/notebook\.ipynb: a link to \S*(gone|outside)\.md"):
        links.check()


def test_headings_and_links_are_written_as_sphinx_does():
    assert heading_anchor("2. What `Table I` says: é") == "what-table-i-says-e"
    assert html_link("a < b", "where", "mock/sum", "next") == '<a href="mock/sum.html#next">a &lt; b</a>'
