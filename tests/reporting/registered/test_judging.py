import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import Paper
from graspbook.papers.conditions import Cause, Conditions
from graspbook.papers.registration import Registration
from graspbook.reporting.registered.judging import judge_paper
from graspbook.reporting.registered.verdicts import Verdict
from tests.registrations import condition, registered

TABLE = {
    "section": "§II, Table I",
    "caption": "Scores",
    "label": "method",
    "unit": "percent",
    "metrics": {"miou": {"title": "mIoU", "decimals": 1, "better": "higher"}},
    "rows": {"Ours": {"miou": 60}, "Theirs": {"miou": 50}},
}
PAPER = Paper(
    slug="mock",
    title="A paper",
    question="Is it?",
    authors=["Nobody"],
    headlines=[],
    tables={"table_1": TABLE, "table_1_hard": TABLE},
    stages={"results": ["table_1"], "hard": ["table_1_hard"]},
    claims=[],
)


def write(reports, ours, theirs, stage="results", table="table_1", **columns):
    """Our table, and 200 replicates of it."""
    frame = pd.DataFrame({"method": ["Ours", "Theirs"], "miou": [ours, theirs]} | columns)
    rng = np.random.default_rng(0)
    versions = [frame.assign(replicate=k, miou=frame["miou"] + rng.normal(0, 0.1, 2)) for k in range(200)]
    folder = reports / "mock" / stage
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / f"{table}.csv", index=False)
    pd.concat(versions).to_parquet(folder / f"{table}.replicates.parquet")


def judged(reports, claims, conditions, **registration):
    return judge_paper(
        PAPER, Registration(claims=claims, **registration), Conditions(**{"conditions": conditions}), reports
    )


def test_a_claim_is_judged_on_our_table_and_its_replicates(tmp_path):
    write(tmp_path, 57, 50)
    (one,) = judged(tmp_path, [registered()], [condition()])
    outcome = one.counted
    assert outcome.estimate == 7 and outcome.low == pytest.approx(6.7, abs=0.15) and outcome.verdict is Verdict.HOLDS
    write(tmp_path, 50, 57)
    assert judged(tmp_path, [registered()], [condition()])[0].counted.verdict is Verdict.OPPOSITE


@pytest.mark.parametrize(
    ("changes", "further"),
    [
        ({"table": "new"}, {"tables": {"new": {**TABLE, "metrics": ["miou"]}}}),
        ({"measure": {"name": "a row of the second edition", "value": 'miou["New"]', "scale": "difference"}}, {}),
        ({"measure": {"name": "a column of the second edition", "value": 'new["Ours"]', "scale": "difference"}}, {}),
    ],
)
def test_what_has_not_been_measured_is_not_tested(tmp_path, changes, further):
    write(tmp_path, 57, 50)
    claim = registered(**({"printed": None} | changes))
    (one,) = judged(
        tmp_path, [claim], [condition(tables={})] if further else [condition()],
        rows={"table_1": ["New"]}, metrics={"table_1": ["new"]}, **further,
    )  # fmt: skip
    assert one.counted.verdict is Verdict.NOT_TESTED and np.isnan(one.counted.estimate)


def test_a_table_that_has_not_been_written_is_not_tested(tmp_path):
    assert judged(tmp_path, [registered()], [condition()])[0].counted.verdict is Verdict.NOT_TESTED


def test_a_condition_takes_the_table_that_it_names_and_the_last_with_a_verdict_counts(tmp_path):
    write(tmp_path, 57, 50)
    write(tmp_path, 50, 57, "hard", "table_1_hard")
    conditions = [condition(), condition("hard", tables={"table_1": "table_1_hard"}), condition("later", tables={})]
    (one,) = judged(tmp_path, [registered()], conditions)
    assert [str(outcome.verdict) for outcome in one.outcomes] == ["holds", "opposite", "not tested"]
    assert one.counted.condition.name == "hard"
    aside = conditions[1].model_copy(update={"counts": False})
    assert judged(tmp_path, [registered()], [conditions[0], aside])[0].counted.condition.name == "first edition"


def test_a_cause_stands_with_its_claim(tmp_path):
    cause = Cause(page="mock/why.ipynb", says="Too few steps.")
    conditions = Conditions(conditions=[condition()], causes={"X1": cause})
    assert judge_paper(PAPER, Registration(claims=[registered()]), conditions, tmp_path)[0].cause == cause


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        (
            {"conditions": [condition(tables={"table_9": "table_1"})]},
            r"'first edition': no registered claim is .*table_9",
        ),
        ({"conditions": [condition(tables={"table_1": "none"})]}, r"papers/mock\.yaml has no table 'none'"),
        (
            {"conditions": [condition()], "causes": {"X9": {"page": "a.ipynb", "says": "b"}}},
            "causes: no claim 'X9' is registered",
        ),
    ],
)
def test_a_condition_that_names_what_is_not_there_is_refused_by_file_and_name(tmp_path, conditions, says):
    with pytest.raises(InputError, match=rf"^conditions/mock\.yaml: .*{says}"):
        judge_paper(PAPER, Registration(claims=[registered()]), Conditions(**conditions), tmp_path)


@pytest.mark.parametrize(
    ("content", "says"), [(b'a\n"1', "cannot be read as a table"), (b"a,b\n1,2\n", "column method is")]
)
def test_a_faulty_table_is_named(tmp_path, content, says):
    write(tmp_path, 57, 50)
    (tmp_path / "mock/results/table_1.csv").write_bytes(content)
    with pytest.raises(InputError, match=rf"table_1\.csv: {says}"):
        judged(tmp_path, [registered()], [condition()])
