from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graspbook.papers import load_paper
from graspbook.reporting.claims import judge_claims
from graspbook.reporting.ledger_writer import claims_frame, claims_markdown, write_claims
from graspbook.reporting.tables import write_table
from graspbook.reporting.verdicts import Verdict


@pytest.fixture
def paper():
    return load_paper("selfsup")


def test_the_ledger_lists_every_measure_and_is_marked_in_the_quick_profile(tmp_path, paper):
    judgements = {"selfsup": judge_claims(paper, tmp_path)}
    written = write_claims(judgements, tmp_path, "quick")
    assert len(written) == sum(len(claim.measures) for claim in paper.claims)
    assert pd.read_csv(tmp_path / "claims.csv")["claim"].tolist() == written["claim"].tolist()
    assert "Quick profile" in (tmp_path / "claims.md").read_text()
    assert "Quick profile" not in claims_markdown(judgements, "standard")
    assert set(claims_frame(judgements, "quick")["profile"]) == {"quick"}


def test_the_ledger_shows_every_form_of_a_claim_with_its_verdict_and_its_reason(paper):
    reports = Path(__file__).parents[2] / "reports"
    judgements = {"selfsup": judge_claims(paper, reports)}
    forms = claims_frame(judgements, "standard").drop_duplicates("claim").set_index("claim")
    assert forms.loc["selfsup-24", ["verdict", "form"]].tolist() == ["not reproduced", "first form"]
    assert forms.loc["selfsup-24a", ["verdict", "amends"]].tolist() == ["reproduced", "selfsup-24"]
    text = claims_markdown(judgements, "standard")
    assert "| selfsup-24a (ours)<br>*amended after the results* |" in text
    assert "- selfsup-24a: Amended after the results (first form: selfsup-24): Of the two measures" in text
    assert "- selfsup-7: Added with the results: A weaker reading of claim 2" in text


@pytest.mark.parametrize(
    ("own", "labels", "told"),
    [
        (50.0, 60.0, "own grasps minus labels alone: -10 [-11.9, -8.1], below 0 over the whole interval."),
        (60.0, 50.0, "own grasps minus labels alone: 10 [8.1, 11.9], above 0 over the whole interval."),
        (50.0, 50.5, "own grasps minus labels alone: -0.5 [-2.4, 1.4]."),
    ],
)
def test_an_aside_is_told_with_its_interval_and_decides_nothing(tmp_path, paper, own, labels, told):
    printed = paper.tables["continual"]
    frame = printed.frame().set_index("round").assign(error_known=2.0, error_new=2.0, ap_known=40.0, ap_new=40.0)
    frame.loc["Own grasps, round 5"] = [2.0, 1.0, own, 50.0]  # claim 24 holds, whatever the aside says
    frame.loc["Labels alone, round 5", "ap_known"] = labels
    replicates = pd.concat([frame.assign(replicate=i) for i in range(201)])
    replicates.loc["Own grasps, round 5", "ap_known"] += np.linspace(-2, 2, 201)
    write_table(
        frame.reset_index(), replicates.reset_index(), printed, tmp_path / "selfsup/continual", "continual", "standard"
    )
    judgement = next(j for j in judge_claims(paper, tmp_path) if j.claim.id == "selfsup-24")
    assert judgement.verdict is Verdict.REPRODUCED
    assert told in claims_markdown({"selfsup": [judgement]}, "standard")
