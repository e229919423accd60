import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers.conditions import Cause
from graspbook.papers.registration import Headline, Registration
from graspbook.reporting.registered.judging import JudgedClaim, Outcome
from graspbook.reporting.registered.ledger import (
    COLUMNS,
    ledger_markdown,
    read_registered,
    registered_sentence,
    standing,
)
from graspbook.reporting.registered.ledger_frame import ledger_frame
from graspbook.reporting.registered.verdicts import Verdict, judge
from tests.registrations import condition, registered


def outcome(claim, estimate, half, name="first edition", **changes):
    low, high = estimate - half, estimate + half
    return Outcome(condition(name, **changes), estimate, low, high, judge(claim, low, high))


@pytest.fixture
def ledger():
    better, worse, untested = (registered(id=f"X{k}", says=f"Claim {k}.") for k in (1, 2, 3))
    ours = registered(id="X4", says="Claim 4.", ours=True, near=None)
    judged = [
        JudgedClaim("mock", better, (outcome(better, 5.4321, 1), outcome(better, -5, 9, "hard"))),
        JudgedClaim("mock", worse, (outcome(worse, -5, 1), outcome(worse, np.nan, 1, "hard"))),
        JudgedClaim("mock", untested, (outcome(untested, np.nan, 1), outcome(untested, np.nan, 1, "hard"))),
        JudgedClaim("mock", ours, (outcome(ours, 5, 1), outcome(ours, 5, 1, "hard"))),
    ]
    return ledger_frame({"mock": judged})


def test_the_ledger_has_a_row_for_each_claim_and_condition_and_is_read_as_it_was_written(ledger, tmp_path):
    assert list(ledger.columns) == list(COLUMNS) and len(ledger) == 8
    assert list(ledger.loc[ledger["counted"], "condition"]) == ["hard", "first edition", "hard", "hard"]
    assert list(ledger.loc[ledger["claim"] == "X2", "why"]) == ["Unexplained.", ""]
    assert list(ledger.loc[ledger["claim"] == "X1", "why"]) == ["", "The interval is ±9, registered are ±0.5."]
    path = tmp_path / "claims.csv"
    ledger.to_csv(path, index=False)
    again = read_registered(path)
    pd.testing.assert_frame_equal(again, ledger, check_dtype=False, check_exact=False)


def test_without_a_file_there_are_no_claims(tmp_path):
    assert list(read_registered(tmp_path / "none.csv").columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [("opposite", "perhaps", "line 4: verdict 'perhaps'"), ("near", "far", "lacks the columns near")],
)
def test_a_faulty_ledger_is_named(ledger, tmp_path, old, new, says):
    path = tmp_path / "claims.csv"
    path.write_text(ledger.to_csv(index=False).replace(old, new))
    with pytest.raises(InputError, match=rf"claims\.csv: {says}"):
        read_registered(path)


def test_the_papers_own_claims_count_and_ours_do_not(ledger):
    found = standing(ledger, "mock", Registration(claims=[registered()]))
    assert found.counts == dict(zip(Verdict, (0, 0, 1, 1, 1), strict=True))
    assert found.share == "0 of 2 tested claims hold; not tested yet: 1"
    assert found.headline == ""
    assert sum(standing(ledger, "another", Registration(claims=[registered()])).counts.values()) == 0


def test_a_headline_is_our_number_in_words_with_its_interval_the_papers_number_and_the_verdict(ledger):
    known_for = Registration(headline=Headline(claim="X1", words="points more"), claims=[registered()])
    first = ledger[ledger["condition"] == "first edition"].assign(counted=True)
    assert standing(first, "mock", known_for).headline == "**5.43 points more** [4.43, 6.43]; the paper: 10 — *holds*"
    assert standing(first.assign(verdict="not tested"), "mock", known_for).headline == ""


def test_a_sentence_names_the_measure_that_decides_and_the_test(ledger):
    row = ledger.iloc[0]
    assert registered_sentence(row) == (
        "Claim 1. Ours against theirs: 5.43 [4.43, 6.43], the paper: 10, asked: > 0 — *holds*"
    )
    assert registered_sentence(ledger.iloc[4]) == "Claim 3. — *not tested*"


def test_in_markdown_each_claim_is_a_line_and_each_condition_a_column(ledger):
    text = ledger_markdown(ledger, "mock")
    assert "| claim | the paper says | measured, and the test | paper | first edition | hard | verdict |" in text
    assert "| 5.43 [4.43, 6.43] *holds* | -5 [-14, 4] *cannot tell* | **cannot tell** |" in text
    assert text.index("Claim 3.") < text.index("Hypotheses of ours") < text.index("Claim 4.")


def test_the_cause_of_a_claim_that_does_not_hold_stands_with_its_page():
    claim, cause = registered(), Cause(page="mock/why.ipynb", says="Too few steps.")
    judged = [JudgedClaim("mock", claim, (outcome(claim, value, 1),), cause) for value in (-5, 0.5, 5)]
    why = ledger_frame({"mock": judged})[["why", "why_page"]].to_numpy().tolist()
    assert why == [
        ["Too few steps.", "mock/why.ipynb"],
        ["The interval is ±1, registered are ±0.5. Too few steps.", "mock/why.ipynb"],
        ["", ""],
    ]
