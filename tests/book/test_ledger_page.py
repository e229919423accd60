import re

import nbformat
import pytest

from graspbook.book.contents import read_contents
from graspbook.book.ledger_page import interval_drawing, ledger_page, ledger_table
from graspbook.book.places import Place, shown_at
from graspbook.reporting.registered.ledger import REGISTERED, read_registered
from tests.book.conftest import drawn


@pytest.fixture
def ledger(repository):
    return read_registered(repository / REGISTERED)


@pytest.fixture
def page(repository, ledger):
    return ledger_page(read_contents(repository), ledger)


def test_every_registered_claim_stands_in_the_page_with_an_anchor(page):
    assert re.findall(r'<tr id="(.*?)">', page) == ["X1", "X2"]
    assert "1 in all: **1** holds; and 1 hypotheses of ours" in page
    assert "Ours is &lt;better&gt; than nothing." in page
    assert '<td class="number">51.1</td>' in page


def test_conditions_are_columns_and_a_known_result_has_a_star(page):
    assert '<th scope="col">First edition [95 %]</th><th scope="col">Hard cell [95 %]</th>' in "".join(
        page.splitlines()
    )
    _, first, hard = re.findall(r'<td class="number">(.*?)</td>', page)[:3]
    assert first.startswith("60 [55.2, –] <span title") and ">*</span>" in first and "holds" in first
    assert hard == '-4 [-9, -1]<br><span class="verdict opposite">opposite</span>'


def test_a_claim_is_filtered_and_sorted_by_what_its_body_says(page):
    assert (
        '<tbody data-paper="mock" data-verdict="holds" data-whose="paper" data-number="1" data-rank="0" '
        'data-printed="51.1" data-share="1.174">'
    ) in page
    assert (
        'data-verdict="not tested" data-whose="ours" data-number="2" data-rank="4" data-printed="" data-share=""'
        in page
    )


def test_the_test_its_reason_and_the_control_are_folded_below_the_claim(page):
    assert "<summary>mIoU of Ours: &gt; 0</summary><p>In the paper: “better than nothing”</p>" in page
    assert "<p>Superiority. The paper says so.</p><p>Control: Nothing itself.</p></details>" in page
    assert "Registered as undecidable at this scale." in page


def test_why_a_claim_does_not_hold_leads_to_the_page_that_turns_the_cause(repository, ledger):
    of_claim = ledger[ledger["claim"] == "X1"].assign(counted=[False, True])
    table = ledger_table(read_contents(repository), of_claim, "claims/ledger")
    assert 'It is hard. <a href="../mock/sum.html">This page</a> turns the cause.' in table


def test_a_share_is_drawn_with_its_interval_and_said_in_words(ledger):
    holds, opposite, untested = (row for _, row in ledger.iterrows())
    drawing = interval_drawing(holds)
    assert 'aria-label="1.17 [1.08, –] of what the paper says"' in drawing
    (x1, x2), (zero, one) = (
        re.search(r'class="interval" x1="(.*?)" x2="(.*?)"', drawing).groups(),
        re.findall(r'class="(?:nothing|printed)" x1="(.*?)"', drawing),
    )
    assert float(zero) < float(one) < float(x1) < float(x2) == 145.0  # cut where the drawing ends
    assert 'class="share opposite"' in interval_drawing(opposite)
    assert interval_drawing(untested) == ""


def test_a_claim_leads_to_the_section_and_the_figure_that_show_it(repository, page):
    contents = read_contents(repository)
    assert shown_at(contents, "mock", "table_1") == Place("mock/sum", "Equations of §II-A", "figure-mock-sum-1")
    assert shown_at(contents, "mock", "table_2") is None
    assert '<a href="../mock/sum.html#equations-of-ii-a">Equations of §II-A</a>' in page
    assert '<a href="../mock/sum.html#figure-mock-sum-1">figure</a>' in page


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
