import re

import nbformat
import pytest

from graspbook.book.contents import read_contents
from graspbook.book.ledger_page import claim_rows, ledger_page
from graspbook.book.places import Place, shown_at
from graspbook.reporting.ledger import Entry, Measured, read_ledger
from graspbook.reporting.verdicts import Verdict
from tests.book.conftest import CLAIMS, drawn

MEASURE = Measured("a <b>", "> 1", 2.0, 3.14159, None, 4.0)


@pytest.fixture
def claims(repository):
    return repository / "reports/claims/claims.csv"


def test_every_claim_of_the_papers_stands_in_the_page_with_an_anchor(repository, claims):
    page = ledger_page(read_contents(repository), read_ledger(claims))
    assert re.findall(r'<tr id="(.*?)">', page) == ["mock-1", "mock-2"]
    assert "2 in all: **1** reproduced, **1** not tested at this profile." in page
    assert "Ours is &lt;better&gt; than nothing." in page
    assert '<td class="number">51.1</td><td class="number">60 [55.2, –]</td>' in page


def test_a_claim_leads_to_the_section_and_the_figure_that_show_it(repository, claims):
    contents = read_contents(repository)
    assert shown_at(contents, "mock", "table_1") == Place("mock/sum", "Equations of §II-A", "figure-mock-sum-1")
    assert shown_at(contents, "mock", "table_2") is None
    page = ledger_page(contents, read_ledger(claims))
    assert '<a href="../mock/sum.html#equations-of-ii-a">§II-A, Table I</a>' in page
    assert '<a href="../mock/sum.html#figure-mock-sum-1">figure</a>' in page


def test_an_amended_form_is_read_and_stands_with_its_reason_below_the_first_which_alone_counts(repository, claims):
    claims.write_text(
        CLAIMS
        + CLAIMS.splitlines()[1].replace("mock-1", "mock-1a").replace("first form,", "amended after the results,mock-1")
    )
    path = repository / "src/graspbook/papers/mock.yaml"
    amended = """\
  - id: mock-1a
    table: table_1
    section: §II-A
    statement: Ours is good.
    amends: mock-1
    reason: The results were known.
    measures:
      - {name: mIoU of Ours, value: 'miou["Ours"]', above: 40}
"""
    path.write_text(path.read_text() + amended)
    page = ledger_page(read_contents(repository), read_ledger(claims))
    assert re.findall(r'<tr id="(.*?)">', page) == ["mock-1", "mock-1a", "mock-2"]
    assert page.count("<tbody") == 2
    assert "2 in all: **1** reproduced" in page
    assert "Why this form: The results were known." in page


def test_a_claim_leads_past_what_only_names_its_table(repository):
    path = repository / "reports/mock/sum/notebook.ipynb"
    notebook = nbformat.read(path, 4)
    early = [
        nbformat.v4.new_markdown_cell("## Early"),
        nbformat.v4.new_code_cell('write_table(x, "table_1")'),
        drawn("draw()"),
    ]
    notebook.cells[4:4] = early
    nbformat.write(notebook, path)
    place = shown_at(read_contents(repository), "mock", "table_1")
    assert place == Place("mock/sum", "Equations of §II-A", "figure-mock-sum-2")


def test_an_amended_form_stands_below_the_first_one_which_counts():
    judged = Verdict.NOT_REPRODUCED, "standard", "first form", ""
    first = Entry("mock", "mock-1", "§I", "First.", *judged, (MEASURE, MEASURE))
    judged = Verdict.REPRODUCED, "standard", "amended after the results", "mock-1"
    later = Entry("mock", "mock-1a", "§I", "Later.", *judged, (MEASURE,))
    html = claim_rows(7, [first, later], {"mock-1a": "<p>why</p>"})
    assert html.count("<tbody") == 1
    assert 'data-verdict="not reproduced" data-number="7" data-rank="2" data-printed="2"' in html
    assert html.index("First.") < html.index("Later.</p><p>why</p>")
    assert '<th scope="rowgroup" rowspan="2"><a href="#mock-1">' in html
    assert "amended after the results" in html
    assert "a &lt;b&gt;: &gt; 1" in html
    assert html.count("<tr") == html.count("</tr>") == 3
