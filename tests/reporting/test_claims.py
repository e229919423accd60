import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import load_paper, slugs
from graspbook.reporting.cells import Cells
from graspbook.reporting.claims import judge_claims
from graspbook.reporting.tables import write_table
from graspbook.reporting.verdicts import Verdict, judge_measure


@pytest.fixture
def paper():
    return load_paper("selfsup")


def noisy(paper, scale, n=60, table="table_1"):
    """The paper's own table, and replicates of it with relative noise."""
    printed, rng = paper.tables[table], np.random.default_rng(0)
    frame, label, metrics = printed.frame(), printed.label, list(printed.metrics)
    noise = [frame[metrics] * (1 + scale * rng.standard_normal((len(frame), len(metrics)))) for _ in range(n)]
    return frame, pd.concat([part.assign(replicate=i, **{label: frame[label]}) for i, part in enumerate(noise)])


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
            out = paper.table_file(tmp_path / folder, name).parent
            write_table(frame, replicates, printed, out, name, "standard")
    for judgement in judge_claims(paper, tmp_path / "sure"):
        untold = any(np.isnan(result.paper) for result in judgement.results)  # the paper prints words only
        assert judgement.verdict is (Verdict.NOT_TESTED if untold else Verdict.REPRODUCED), judgement.claim.id
    assert Verdict.DIRECTION_ONLY in {j.verdict for j in judge_claims(paper, tmp_path / "noisy")}
    five_fold = judge_claims(paper, tmp_path / "sure")[0].results[0]
    assert five_fold.paper == pytest.approx(44.5 / 9.05)
    assert five_fold.estimate == pytest.approx(44.5 / 9.05, rel=1e-5)


@pytest.mark.slow
def test_the_worst_measure_decides_and_an_empty_cell_is_not_tested(tmp_path, paper):
    frame, replicates = noisy(paper, 1e-4)
    swapped = {"Grasp-100-Filter": 99.0}  # recall: now above that of Grasp-200-Filter
    for part in (frame, replicates):
        part["recall"] = part["method"].map(swapped).fillna(part["recall"])
        part.loc[part["method"] == "LSBP-Filter", ["miou", "error"]] = np.nan
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup/evaluate", "table_1", "quick")
    verdicts = {j.claim.id: j.verdict for j in judge_claims(paper, tmp_path)}
    assert verdicts["selfsup-5"] is Verdict.NOT_REPRODUCED
    assert verdicts["selfsup-3"] is Verdict.NOT_TESTED
    assert verdicts["selfsup-1"] is Verdict.REPRODUCED


@pytest.mark.slow
def test_without_tables_every_claim_is_listed_as_not_tested(tmp_path, paper):
    judged = judge_claims(paper, tmp_path)
    assert [j.claim.id for j in judged] == [claim.id for claim in paper.claims]
    assert {j.verdict for j in judged} == {Verdict.NOT_TESTED}
    assert judged[0].results[0].paper == pytest.approx(4.917, abs=1e-3)


def test_a_table_without_its_replicates_or_of_another_paper_or_stage_is_not_tested(tmp_path, paper):
    frame, replicates = noisy(paper, 1e-4, n=5)
    for folder in ("other/evaluate", "selfsup/unkind", "selfsup/evaluate"):
        write_table(frame, replicates, paper.tables["table_1"], tmp_path / folder, "table_1", "standard")
    (tmp_path / "selfsup/evaluate/table_1.replicates.parquet").unlink()
    assert {j.verdict for j in judge_claims(paper, tmp_path)} == {Verdict.NOT_TESTED}


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


def test_a_page_judges_the_tables_of_its_own_stage(tmp_path, paper):
    frame, replicates = noisy(paper, 1e-4, n=5)
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup/evaluate", "table_1", "standard")
    (tmp_path / "selfsup/table-3").mkdir()
    for name in ("table_3.csv", "table_3.replicates.parquet"):  # another stage's, faulty: nobody reads it
        (tmp_path / "selfsup/table-3" / name).write_bytes(b"")
    judged = judge_claims(paper, tmp_path, "evaluate")
    assert [one.claim.id for one in judged] == [f"selfsup-{number}" for number in range(1, 8)]


@pytest.mark.parametrize("name", ["table_1.csv", "table_1.replicates.parquet"])
@pytest.mark.parametrize("kind", SPOIL)
def test_a_faulty_table_is_named(tmp_path, paper, name, kind):
    frame, replicates = noisy(paper, 0.1, n=5)
    write_table(frame, replicates, paper.tables["table_1"], tmp_path / "selfsup/evaluate", "table_1", "standard")
    SPOIL[kind](tmp_path / "selfsup/evaluate" / name)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        judge_claims(paper, tmp_path)
