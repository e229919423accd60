import subprocess
import sys

import pytest

from graspbook.papers import load_paper
from graspbook.reporting.claims import judge, write_claims
from graspbook.reporting.verdicts import FIRST_FORM, Entry, Verdict, claims_summary, read_ledger

LEDGER = """paper,claim,statement,measure,paper_value,estimate,lo,hi,verdict,profile,form
a,a-1,One.,first,5,4.5678,3,inf,direction only,standard,first form
a,a-1,One.,second,1,1,1,1,direction only,standard,first form
a,a-2,Two.,third,,2,1,3,reproduced,standard,first form
a,a-3,Three.,fourth,7,,,,not tested at this profile,standard,first form
b,b-1,Four.,fifth,0,0,0,0,not reproduced,standard,first form
b,b-1a,Fourth.,fifth,0,0,0,0,reproduced,standard,amended after the results
"""


@pytest.fixture
def ledger(tmp_path):
    (tmp_path / "claims.csv").write_text(LEDGER)
    return tmp_path / "claims.csv"


def test_a_claim_is_read_once_with_its_first_measure(ledger):
    entries = read_ledger(ledger)
    assert list(entries) == ["a", "b"] and [entry.claim for entry in entries["a"]] == ["a-1", "a-2", "a-3"]
    first = Entry("a-1", "One.", "first", 5, 4.5678, 3, None, Verdict.DIRECTION_ONLY, "standard")
    assert entries["a"][0] == first


def test_a_measure_in_a_line_says_what_is_missing(ledger):
    lines = [str(entry) for entry in read_ledger(ledger)["a"]]
    assert lines == [
        "first: 5, **4.57 [3, –]**, direction only",
        "third: –, **2 [1, 3]**, reproduced",
        "fourth: 7, **–**, not tested at this profile",
    ]


def test_a_paper_stands_by_its_claims_and_its_headlines_in_their_order(ledger):
    standings = claims_summary(ledger, {"a": ["a-3", "a-1", "none"], "c": ["c-1"]})
    assert list(standings) == ["a", "c"]
    assert list(standings["a"].counts.items()) == list(zip(Verdict, (1, 1, 0, 1), strict=True))
    assert standings["a"].share == "1 of 3"
    assert [entry.claim for entry in standings["a"].headlines] == ["a-3", "a-1"]
    assert (standings["c"].share, standings["c"].headlines) == ("0 of 0", ())


def test_only_first_forms_count(ledger):
    standing = claims_summary(ledger, {"b": ["b-1"]})["b"]
    assert standing.share == "0 of 1" and standing.counts[Verdict.REPRODUCED] == 0


def test_without_a_ledger_nothing_counts(tmp_path):
    assert read_ledger(tmp_path / "claims.csv") == {}
    assert claims_summary(tmp_path / "claims.csv", {"a": ["a-1"]})["a"].share == "0 of 0"


@pytest.mark.slow
def test_the_ledger_that_is_written_can_be_read(tmp_path):
    paper = load_paper("selfsup")
    write_claims({"selfsup": judge(paper, tmp_path)}, tmp_path, "quick")
    standing = claims_summary(tmp_path / "claims.csv", {"selfsup": paper.headlines})["selfsup"]
    assert standing.counts[Verdict.NOT_TESTED] == sum(claim.form == FIRST_FORM for claim in paper.claims)
    assert [entry.claim for entry in standing.headlines] == paper.headlines
    assert {entry.profile for entry in standing.headlines} == {"quick"}


def test_reading_the_ledger_loads_no_large_library():
    code = "import sys, graspbook.reporting.verdicts; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "matplotlib"} & set(modules)
