import json
import shutil

import numpy as np
import pandas as pd
import pytest

from graspbook.papers import load_paper
from graspbook.pipeline.consistency import ledger_problems, report_problems, shift_problem
from graspbook.reporting.claims import judge_all
from graspbook.reporting.ledger_writer import write_claims
from graspbook.reporting.tables import write_table

PRINTED = load_paper("don").tables["table_5"]
FIRST, METRIC = next(iter(PRINTED.rows)), "packed"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Reports with a table, its replicates and metrics, and the ledger of claims judged on it."""
    reports = tmp_path_factory.mktemp("sound") / "reports"
    rng, metrics = np.random.default_rng(1), list(PRINTED.metrics)
    drawn = {row: 60 + 20 * k + rng.standard_normal((100, len(metrics))) for k, row in enumerate(PRINTED.rows)}
    point = pd.DataFrame(
        [{"method": row, **dict(zip(metrics, one.mean(0), strict=True))} for row, one in drawn.items()]
    )
    parts = [pd.DataFrame(one, columns=metrics).assign(method=row, replicate=range(100)) for row, one in drawn.items()]
    folder = reports / "don/robot"
    write_table(point, pd.concat(parts), PRINTED, folder, "table_5", "standard")
    rows = point.set_index("method").round(3).to_dict("index")
    (folder / "metrics.json").write_text(json.dumps(rows))
    (reports / "claims").mkdir()
    write_claims(judge_all(reports), reports / "claims", "standard")
    return reports


@pytest.fixture
def reports(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "reports")


def falsified(reports, factor=1.01, column=METRIC):
    path = reports / "don/robot/table_5.csv"
    table = pd.read_csv(path)
    table.loc[0, column] *= factor
    table.to_csv(path, index=False, float_format="%.6g")


def told(reports):
    return {(problem.path, problem.says.split(":")[0]) for problem in report_problems(reports)}


def test_sound_reports_have_no_problem(reports):
    assert report_problems(reports) == []


def test_a_number_changed_by_1_percent_contradicts_markdown_metrics_and_the_ledger(reports):
    falsified(reports)
    assert told(reports) >= {
        ("don/robot/table_5.csv", "contradicts table_5.md"),
        ("don/robot/metrics.json", "contradicts the tables beside it"),
        ("claims/claims.csv", "contradicts the tables"),
    }
    [metric] = [one.says for one in report_problems(reports) if one.path.endswith("metrics.json")]
    assert f": {FIRST}, {METRIC}: " in metric


def test_a_number_outside_its_replicates_is_named(reports):
    falsified(reports, 1.2)
    problems = dict(report_problems(reports))
    replicates = problems["don/robot/table_5.replicates.parquet"]
    assert replicates.startswith(f"contradicts table_5.csv: {FIRST}, {METRIC}: ") and "in replicates" in replicates


def test_an_interval_that_is_not_that_of_the_replicates_is_named(reports):
    falsified(reports, 1.001, f"{METRIC}_lo")
    problems = dict(report_problems(reports))
    assert f"{FIRST}, {METRIC}: [" in problems["don/robot/table_5.replicates.parquet"]


def test_a_claim_that_contradicts_its_table_is_named_with_its_cell(reports):
    path = reports / "claims/claims.csv"
    claims = pd.read_csv(path)
    line = claims.index[claims["estimate"].notna()][0]
    claims.loc[line, "estimate"] *= 1.01
    claims.to_csv(path, index=False, float_format="%.6g")
    [problem] = ledger_problems(reports)
    assert problem.path == "claims/claims.csv"
    assert f"{claims.loc[line, 'claim']}, {claims.loc[line, 'measure']}, estimate: " in problem.says
    path.write_text("paper,claim\n")
    assert "other lines or columns" in ledger_problems(reports)[0].says


def test_a_ledger_for_readers_with_another_verdict_is_named(reports):
    path = reports / "claims/claims.md"
    path.write_text(path.read_text().replace("not tested at this profile", "reproduced", 1))
    assert [problem.path for problem in ledger_problems(reports)] == ["claims/claims.md"]


@pytest.mark.parametrize("name", ["table_5.replicates.parquet", "table_5.csv", "metrics.json"])
def test_a_truncated_file_is_named(reports, name):
    path = reports / "don/robot" / name
    path.write_bytes(path.read_bytes()[:40] if name != "table_5.csv" else b"")
    problems = {problem.path: problem.says for problem in report_problems(reports)}
    assert problems[f"don/robot/{name}"].startswith("cannot be read as")


def test_replicates_without_a_table_or_of_other_rows_are_named(reports):
    path = reports / "don/robot/table_5.csv"
    table = pd.read_csv(path)
    table.assign(method=["A", "B"]).to_csv(path, index=False)
    assert ("don/robot/table_5.replicates.parquet", "contradicts table_5.csv") in told(reports)
    path.unlink()
    assert ("don/robot/table_5.replicates.parquet", "there is no table_5.csv beside it") in told(reports)


def test_a_number_at_another_place_among_its_replicates_is_found_and_a_biased_one_is_not():
    drawn = np.random.default_rng(1).normal(10, 1, 1000)
    again = np.random.default_rng(2).normal(12, 2, 1000)
    assert not shift_problem(12.0, again, 10.0, drawn)
    assert not shift_problem(14.0, again, 11.0, drawn)  # a statistic that the bootstrap biases, in both
    assert shift_problem(12.6, again, 10.0, drawn)
    assert not shift_problem(1.0, np.ones(5), 2.0, drawn)
