import pytest

from graspbook.core.errors import InputError
from graspbook.papers import FIRST_FORM, load_paper
from graspbook.reporting.claims import judge_claims
from graspbook.reporting.ledger import Entry, Measured, claims_summary, read_ledger, unjudged
from graspbook.reporting.ledger_writer import write_claims
from graspbook.reporting.verdicts import Verdict

LEDGER = """paper,claim,section,statement,measure,test,paper_value,estimate,lo,hi,verdict,profile,form,amends
a,a-1,§I,One.,first,> 4,5,4.5678,3,inf,direction only,standard,first form,
a,a-1,§I,One.,second,> 0,1,1,1,1,direction only,standard,first form,
a,a-2,§I,Two.,third,> 0,,2,1,3,reproduced,standard,first form,
a,a-3,§I,Three.,fourth,> 0,7,,,,not tested at this profile,standard,first form,
b,b-1,§I,Four.,fifth,> 0,0,0,0,0,not reproduced,standard,first form,
b,b-1a,§I,Fourth.,fifth,> 0,0,0,0,0,reproduced,standard,amended after the results,b-1
"""


@pytest.fixture
def ledger(tmp_path):
    (tmp_path / "claims.csv").write_text(LEDGER)
    return tmp_path / "claims.csv"


def test_a_claim_is_read_once_with_all_its_measures(ledger):
    entries = read_ledger(ledger)
    assert list(entries) == ["a", "b"] and list(entries["a"]) == ["a-1", "a-2", "a-3"]
    measures = Measured("first", "> 4", 5, 4.5678, 3, None), Measured("second", "> 0", 1, 1, 1, 1)
    of_claim = ("a", "a-1", "§I", "One.", Verdict.DIRECTION_ONLY, "standard", FIRST_FORM, "", measures)
    assert entries["a"]["a-1"] == Entry(*of_claim)
    assert entries["b"]["b-1a"].amends == "b-1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("paper_value", "printed", "lacks the columns paper_value"),
        ("reproduced,standard", "perhaps,standard", "line 4: verdict 'perhaps'"),
        ("4.5678", "many", "line 2: estimate 'many' is not a number"),
        (",3,inf,direction only,standard,first form,", ",3", "line 2: verdict 'None'"),
    ],
)
def test_a_faulty_ledger_is_named_with_its_line(ledger, old, new, says):
    ledger.write_text(LEDGER.replace(old, new, 1))
    with pytest.raises(InputError, match=rf"claims\.csv: {says}"):
        read_ledger(ledger)


def test_a_claim_that_nobody_has_judged_shows_its_tests():
    claim = load_paper("selfsup").claims[0]
    entry = unjudged("selfsup", claim)
    assert (entry.verdict, entry.form, entry.amends) == (Verdict.NOT_TESTED, FIRST_FORM, "")
    assert [(measure.test, measure.ours) for measure in entry.measures] == [("> 4.5", "–")]


def test_a_measure_in_a_line_says_what_is_missing(ledger):
    lines = [str(entry) for entry in read_ledger(ledger)["a"].values()]
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


def test_the_ledger_that_is_written_can_be_read(tmp_path):
    paper = load_paper("selfsup")
    write_claims({"selfsup": judge_claims(paper, tmp_path)}, tmp_path, "quick")
    standing = claims_summary(tmp_path / "claims.csv", {"selfsup": paper.headlines})["selfsup"]
    assert standing.counts[Verdict.NOT_TESTED] == sum(claim.form == FIRST_FORM for claim in paper.claims)
    assert [entry.claim for entry in standing.headlines] == paper.headlines
    assert {entry.profile for entry in standing.headlines} == {"quick"}
