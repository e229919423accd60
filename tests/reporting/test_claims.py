from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import Measure, load_paper, slugs
from graspbook.reporting.cells import Cells
from graspbook.reporting.claims import claims_frame, claims_markdown, judge, judge_measure, write_claims
from graspbook.reporting.tables import write_table
from graspbook.reporting.verdicts import Verdict


@pytest.fixture
def paper():
    return load_paper("selfsup")


def noisy(paper, scale, n=60, table="table_1"):
    """The paper's own table, and replicates of it with relative noise."""
    printed, rng = paper.tables[table], np.random.default_rng(0)
    frame, label, metrics = printed.frame(), printed.label, list(printed.metrics)
    noise = [frame[metrics] * (1 + scale * rng.standard_normal((len(frame), len(metrics)))) for _ in range(n)]
    return frame, pd.concat([part.assign(replicate=i, **{label: frame[label]}) for i, part in enumerate(noise)])


@pytest.mark.parametrize(
    ("test", "estimate", "low", "high", "verdict"),
    [
        ({"above": 4.5, "direction": 1}, 6, 5, 7, Verdict.REPRODUCED),
        ({"above": 4.5, "direction": 1}, 6, 4.4, 9, Verdict.DIRECTION_ONLY),
        ({"above": 4.5, "direction": 1}, 2, 1.5, 3, Verdict.DIRECTION_ONLY),
        ({"above": 4.5, "direction": 1}, 0.9, 0.5, 3, Verdict.NOT_REPRODUCED),
        ({"above": 4.5, "direction": 1}, 6, -np.inf, 9, Verdict.DIRECTION_ONLY),
        ({"above": 0}, 3, 0, 5, Verdict.DIRECTION_ONLY),
        ({"above": 0}, 0, 0, 0, Verdict.NOT_REPRODUCED),
        ({"above": 0}, -1, -2, 5, Verdict.NOT_REPRODUCED),
        ({"above": 0}, np.nan, np.nan, np.nan, Verdict.NOT_TESTED),
        ({"within": (-1, 30)}, 3, -0.5, 5, Verdict.REPRODUCED),
        ({"within": (-1, 30)}, 3, -2, 5, Verdict.DIRECTION_ONLY),
    ],
)
def test_verdicts_where_the_papers_number_is_positive(test, estimate, low, high, verdict):
    measure = Measure(name="m", value="1", **test)
    assert judge_measure(measure, 5.0, estimate, low, high) is verdict


@pytest.mark.parametrize(
    ("estimate", "low", "high", "verdict"),
    [
        (-3, -5, -1, Verdict.REPRODUCED),
        (-3, -5, 1, Verdict.DIRECTION_ONLY),
        (3, -5, 4, Verdict.NOT_REPRODUCED),
        (-3, -5, np.inf, Verdict.DIRECTION_ONLY),
    ],
)
def test_verdicts_where_the_papers_number_is_negative(estimate, low, high, verdict):
    assert judge_measure(Measure(name="m", value="1", below=0), -5.0, estimate, low, high) is verdict


@pytest.mark.parametrize(
    ("test", "estimate", "low", "high", "verdict"),
    [
        ({"below": 0}, -3, -5, -1, Verdict.REPRODUCED),
        ({"below": 0}, -3, -5, 1, Verdict.DIRECTION_ONLY),
        ({"below": 0}, 3, -5, 4, Verdict.NOT_REPRODUCED),
        ({"above": 0.5, "direction": 0}, 0.4, 0.3, 0.6, Verdict.DIRECTION_ONLY),
        ({"above": 1}, 0.9, 0.8, 1.2, Verdict.NOT_REPRODUCED),
    ],
)
def test_where_the_paper_prints_no_number_its_words_say_which_way(test, estimate, low, high, verdict):
    assert judge_measure(Measure(name="m", value="1", **test), np.nan, estimate, low, high) is verdict


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_the_papers_own_numbers_pass_every_claim(slug):
    paper = load_paper(slug)
    for claim in paper.claims:
        printed = paper.tables[claim.table]
        cells = Cells(printed.frame().assign(replicate=0), printed)
        for measure in claim.measures:
            value = float(cells.evaluate(measure.value)[0])
            if not np.isnan(value):  # else the paper prints no number
                assert judge_measure(measure, value, value, value, value) is Verdict.REPRODUCED, claim.id


@pytest.mark.slow
def test_a_table_like_the_papers_reproduces_all_and_a_noisy_one_only_the_direction(tmp_path, paper):
    for scale, folder in ((1e-4, "sure"), (0.3, "noisy")):
        for name, printed in paper.tables.items():
            frame, replicates = noisy(paper, scale, table=name)
            write_table(
                frame, replicates, printed, tmp_path / folder / "selfsup" / f"stage-of-{name}", name, "standard"
            )
    for judgement in judge(paper, tmp_path / "sure"):
        untold = any(np.isnan(result.paper) for result in judgement.results)  # the paper prints words only
        assert judgement.verdict is (Verdict.NOT_TESTED if untold else Verdict.REPRODUCED), judgement.claim.id
    assert Verdict.DIRECTION_ONLY in {j.verdict for j in judge(paper, tmp_path / "noisy")}
    five_fold = judge(paper, tmp_path / "sure")[0].results[0]
    assert five_fold.paper == pytest.approx(44.5 / 9.05)
    assert five_fold.estimate == pytest.approx(44.5 / 9.05, rel=1e-5)


@pytest.mark.slow
def test_the_worst_measure_decides_and_an_empty_cell_is_not_tested(tmp_path, paper):
    frame, replicates = noisy(paper, 1e-4)
    swapped = {"Grasp-100-Filter": 99.0}  # recall: now above that of Grasp-200-Filter
    for part in (frame, replicates):
        part["recall"] = part["method"].map(swapped).fillna(part["recall"])
        part.loc[part["method"] == "LSBP-Filter", ["miou", "error"]] = np.nan
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup/segment/grasps", "table_1", "quick")
    verdicts = {j.claim.id: j.verdict for j in judge(paper, tmp_path)}
    assert verdicts["selfsup-5"] is Verdict.NOT_REPRODUCED
    assert verdicts["selfsup-3"] is Verdict.NOT_TESTED
    assert verdicts["selfsup-1"] is Verdict.REPRODUCED


@pytest.mark.slow
def test_without_tables_every_claim_is_listed_as_not_tested(tmp_path, paper):
    judged = judge(paper, tmp_path)
    assert [j.claim.id for j in judged] == [claim.id for claim in paper.claims]
    assert {j.verdict for j in judged} == {Verdict.NOT_TESTED}
    assert "4.92" in claims_markdown({"selfsup": judged}, "quick")


@pytest.mark.slow
def test_a_table_without_its_replicates_or_of_another_paper_is_not_tested(tmp_path, paper):
    frame, replicates = noisy(paper, 1e-4, n=5)
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "other/stage", "table_1", "standard")
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup/stage", "table_1", "standard")
    (tmp_path / "selfsup/stage/table_1.replicates.parquet").unlink()
    assert {j.verdict for j in judge(paper, tmp_path)} == {Verdict.NOT_TESTED}


def test_a_table_that_two_stages_have_written_is_refused(tmp_path, paper):
    frame, replicates = noisy(paper, 1e-4, n=5)
    for stage in ("one", "two/deeper"):
        write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup" / stage, "table_1", "standard")
    with pytest.raises(InputError, match=r"one/table_1\.csv and .*two/deeper/table_1\.csv"):
        judge(paper, tmp_path)


@pytest.mark.slow
def test_the_ledger_lists_every_measure_and_is_marked_in_the_quick_profile(tmp_path, paper):
    frame, replicates = noisy(paper, 0.01)
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup", "table_1", "quick")
    judgements = {"selfsup": judge(paper, tmp_path)}
    written = write_claims(judgements, tmp_path, "quick")
    assert len(written) == sum(len(claim.measures) for claim in paper.claims)
    assert pd.read_csv(tmp_path / "claims.csv")["claim"].tolist() == written["claim"].tolist()
    assert "Quick profile" in (tmp_path / "claims.md").read_text()
    assert "Quick profile" not in claims_markdown(judgements, "standard")
    assert set(claims_frame(judgements, "quick")["profile"]) == {"quick"}


@pytest.mark.slow
def test_the_ledger_shows_every_form_of_a_claim_with_its_verdict_and_its_reason(paper):
    reports = Path(__file__).parents[2] / "reports"
    judgements = {"selfsup": judge(paper, reports)}
    forms = claims_frame(judgements, "standard").drop_duplicates("claim").set_index("claim")
    assert forms.loc["selfsup-24", ["verdict", "form"]].tolist() == ["not reproduced", "first form"]
    assert forms.loc["selfsup-24a", ["verdict", "amends"]].tolist() == ["reproduced", "selfsup-24"]
    text = claims_markdown(judgements, "standard")
    assert "| selfsup-24a (ours)<br>*amended after the results* |" in text
    assert "- selfsup-24a: Amended after the results (first form: selfsup-24): Of the two measures" in text
    assert "- selfsup-7: Added with the results: A weaker reading of claim 2" in text


@pytest.mark.slow
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
    write_table(frame.reset_index(), replicates.reset_index(), printed, tmp_path / "selfsup/x", "continual", "standard")
    judgement = next(j for j in judge(paper, tmp_path) if j.claim.id == "selfsup-24")
    assert judgement.verdict is Verdict.REPRODUCED
    assert told in claims_markdown({"selfsup": [judgement]}, "standard")


SPOIL = {
    "an empty file": lambda path: path.write_bytes(b""),
    "half a file": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "another kind of file": lambda path: path.write_bytes(b"\xff\x00 no table"),
    "a row twice": lambda path: rewrite(path, lambda frame: pd.concat([frame, frame.iloc[:1]])),
    "all rows twice": lambda path: rewrite(path, lambda frame: pd.concat([frame, frame])),
    "no row": lambda path: rewrite(path, lambda frame: frame.iloc[:0]),
    "a row less": lambda path: rewrite(path, lambda frame: frame.iloc[1:]),
    "words for numbers": lambda path: rewrite(path, lambda frame: frame.assign(miou="much")),
    "a column less": lambda path: rewrite(path, lambda frame: frame.drop(columns="error")),
}


def rewrite(path, change):
    if path.suffix == ".csv":
        change(pd.read_csv(path)).to_csv(path, index=False)
    else:
        change(pd.read_parquet(path)).to_parquet(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["table_1.csv", "table_1.replicates.parquet"])
@pytest.mark.parametrize("kind", SPOIL)
def test_a_faulty_table_is_named(tmp_path, paper, name, kind):
    frame, replicates = noisy(paper, 0.1, n=5)
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup", "table_1", "standard")
    SPOIL[kind](tmp_path / "selfsup" / name)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        judge(paper, tmp_path)
