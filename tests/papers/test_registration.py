"""Registered claims: what the schema refuses, and that the committed files pass it and the papers' printed tables."""

import copy
import datetime
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.papers import load_paper, slugs
from graspbook.papers.conditions import load_conditions
from graspbook.papers.registration import RegisteredClaim, load_registration
from graspbook.reporting.registration import check_registration

CLAIM = {
    "id": "S1",
    "section": "§IV",
    "near": "five words of the paper",
    "says": "It errs five times less.",
    "kind": "factor",
    "table": "table_1",
    "measure": {
        "name": "error of one over the other",
        "value": 'error["Subtract-Filter"] / error["Grasp-100-Filter"]',
        "scale": "ratio",
    },
    "margin": 4.5,
    "reason": "The paper says 5x.",
    "printed": 4.917,
    "sides": "one",
    "control": "Equal recall.",
    "power": {"half_width": 0.5, "scenes": 160, "seeds": 3},
    "first": ["selfsup-1"],
    "needs": [],
}
EQUIVALENCE = {"kind": "equivalence", "sides": "two", "margin": 1.0}
DIFFERENCE = {"name": "m", "value": 'miou["MOG"] - miou["MOG"]', "scale": "difference"}


def claim(**changes):
    return copy.deepcopy(CLAIM) | changes


@pytest.fixture
def load(tmp_path):
    """A reader of claims as a file would hold them."""

    def read(*claims, **further):
        (tmp_path / "selfsup.yaml").write_text(yaml.safe_dump({"claims": list(claims)} | further))
        return load_registration("selfsup", tmp_path)

    return read


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"printed": 4.4}, "claim S1: the paper's own value 4.4 fails its test"),
        ({"kind": "superiority"}, "claim S1: margin 4.5, expected 1, where there is no effect"),
        ({"kind": "non-inferiority"}, "claim S1: margin 4.5, expected one below 1"),
        ({"margin": 0.9}, "a stated factor of 0.9 is no effect"),
        ({"sides": "two"}, "a claim of factor has two sides"),
        ({"margin": None}, "margin"),
        ({"reason": ""}, "reason"),
        ({"near": None}, "words of the paper belong to its claims"),
        ({"id": "selfsup-1"}, "id"),
        ({"power": {"half_width": 2.5, "scenes": 9, "seeds": 1}}, "half-width 2.5 of at most 1.9585 is too much"),
        ({"undecidable": True, "undecidable_reason": "x"}, "is enough, but it is marked undecidable"),
        (
            {"undecidable": True, "power": {"half_width": 2.5, "scenes": 9, "seeds": 1}},
            "undecidable, without a reason",
        ),
        (EQUIVALENCE | {"printed": 1.2, "power": {"half_width": 0.6, "scenes": 9, "seeds": 1}}, "equivalence allows"),
        (EQUIVALENCE | {"printed": 2.1}, "fails its test"),
    ],
)
def test_a_claim_that_cannot_be_decided_or_that_the_paper_fails_is_refused(load, change, complaint):
    with pytest.raises(InputError, match=r"^registered/selfsup\.yaml: 'claims\.0") as error:
        load(claim(**change))
    assert complaint in str(error.value)


def test_a_second_claim_of_one_number_and_ours_among_the_papers_are_refused(load):
    with pytest.raises(InputError, match="claim S1 stands at place 2"):
        load(claim(), claim())
    with pytest.raises(InputError, match="ours stand behind the paper's"):
        load(claim(ours=True, near=None), claim(id="S2"))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"table": "table_9"}, "no table 'table_9'"),
        ({"measure": CLAIM["measure"] | {"value": 'error["Nobody"]'}}, "claim S1: .*Nobody"),
        ({"first": ["selfsup-99"]}, "the first edition has no claim 'selfsup-99'"),
        ({"printed": 4.93}, "printed is 4.93, but the tables give 4.917"),
        ({"printed": None}, "printed is null, but the tables give 4.917"),
    ],
)
def test_a_measure_of_what_is_not_printed_so_is_refused(load, change, complaint):
    with pytest.raises(InputError, match=complaint):
        check_registration(load(claim(**change)), load_paper("selfsup"))


def test_new_tables_rows_columns_and_groups_are_known_to_measures(load):
    new = {
        "section": "§IV",
        "caption": "c",
        "label": "row",
        "unit": "m",
        "metrics": ["x", "y"],
        "rows": {"a": {"x": 3.0}},
    }
    of_new = claim(
        table="new", first=[], printed=3.0, kind="factor", margin=2.0, measure=DIFFERENCE | {"value": 'x["a"]'}
    )
    measure = DIFFERENCE | {"value": "max(extra[mine]) - min(miou[mine])"}
    of_old = claim(id="S2", kind="superiority", margin=0, printed=None, measure=measure)
    more = {
        "rows": {"table_1": ["Ours"]},
        "metrics": {"table_1": ["extra"]},
        "groups": {"table_1": {"mine": ["Ours", "MOG"]}},
    }
    registration = load(of_new, of_old, tables={"new": new}, **more)
    check_registration(registration, load_paper("selfsup"))
    table = registration.printed_table(load_paper("selfsup"), "table_1")
    assert table.frame[table.label].tolist()[-1] == "Ours" and np.isnan(table.frame["extra"]).all()


@pytest.mark.parametrize(
    ("kind", "margin", "value", "passes"),
    [
        ("superiority", 1, 1.0, False),
        ("factor", 5, 5.0, True),
        ("non-inferiority", 0.8, 0.9, True),
        ("non-inferiority", 0.8, 0.8, False),
        ("equivalence", 0.5, 1.4, True),
        ("equivalence", 0.5, 0.4, False),
        ("factor", 5, float("nan"), False),
    ],
)
def test_a_value_passes_as_its_kind_says(kind, margin, value, passes):
    sides = "two" if kind == "equivalence" else "one"
    printed = None if kind != "equivalence" else 1.1
    power = {"half_width": 0.05, "scenes": 1, "seeds": 1}
    made = RegisteredClaim(**claim(kind=kind, margin=margin, printed=printed, sides=sides, power=power))
    assert made.passes(value) is passes


@pytest.mark.parametrize("slug", slugs())
def test_what_is_registered_measures_what_the_paper_prints(slug):
    registration = load_registration(slug)
    check_registration(registration, load_paper(slug))
    assert sum(not one.ours for one in registration.claims) > 20


REGISTERED = read_yaml(Path(__file__).parent / "registered.yaml")["second edition"]
"""By paper, the day on which its claims were registered, and a hash of each, and of the tables that they are about."""


def hashes(slug):
    registration = load_registration(slug)
    fields = registration.model_dump(mode="json", exclude={"headline", "claims"})
    claims = {claim.id: claim.model_dump(mode="json") for claim in registration.claims}
    return {
        name: hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        for name, content in (claims | {"tables": fields}).items()
    }


@pytest.mark.parametrize("slug", slugs())
def test_a_registered_claim_stays_as_it_is(slug):
    assert hashes(slug) == REGISTERED[slug]["hashes"]


@pytest.mark.parametrize("slug", slugs())
def test_results_from_before_the_registration_say_that_their_tests_came_after_them(slug):
    registered = REGISTERED[slug]["date"]
    assert isinstance(registered, datetime.date)
    for condition in load_conditions(slug).conditions:
        assert condition.tests_after_results == (condition.date <= registered), condition.name


@pytest.mark.parametrize("slug", slugs())
def test_every_paper_has_a_headline_that_has_been_tested(slug):
    assert load_registration(slug).headline is not None


@pytest.mark.parametrize(
    ("further", "says"),
    [
        ({"headline": {"claim": "S9", "words": "x"}}, "headline S9 is none of the paper's claims"),
        ({"headline": {"claim": "S1"}}, "headline.words"),
    ],
)
def test_a_headline_is_a_claim_of_the_paper_in_words(load, further, says):
    with pytest.raises(InputError, match=says):
        load(claim(), **further)
