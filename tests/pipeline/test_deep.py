import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import load_paper
from graspbook.pipeline import deep
from graspbook.pipeline.bands import Agreement
from graspbook.pipeline.params import load_params
from graspbook.pipeline.revision import Revision
from graspbook.reporting.tables import write_table

ROOT = Path(__file__).parents[2]
DON = next(one for one in deep.HEADLINES if one.slug == "don")
PRINTED = load_paper("don").tables["table_1"]


def write(root, shift=0.0, rows=tuple(PRINTED.rows)):
    rng, metrics = np.random.default_rng(1), list(PRINTED.metrics)
    drawn = {row: 0.5 + shift + 0.01 * rng.standard_normal((100, len(metrics))) for row in PRINTED.rows}
    drawn = {row: one for row, one in drawn.items() if row in rows}
    point = pd.DataFrame(
        [{"method": row, **dict(zip(metrics, one.mean(0), strict=True))} for row, one in drawn.items()]
    )
    parts = [pd.DataFrame(one, columns=metrics).assign(method=row, replicate=range(100)) for row, one in drawn.items()]
    write_table(point, pd.concat(parts), PRINTED, root / "reports/don/results", "table_1", "standard")


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    write(root)
    for arguments in (["init"], ["add", "."], ["commit", "-m", "a run"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)
    return root


@pytest.mark.parametrize(
    ("shift", "agreement"), [(0.0, Agreement.EQUAL), (0.01, Agreement.IN_BAND), (0.1, Agreement.OUT_OF_BAND)]
)
def test_one_row_is_compared_and_the_others_are_not_missed(repository, tmp_path, shift, agreement):
    write(tmp_path, shift, rows=(DON.row,))
    found, detail = deep.compare_row(Revision(repository), tmp_path, DON)
    assert found is agreement and (not shift or f"half-widths at table_1, {DON.row}, " in detail)


def test_a_row_that_takes_too_long_is_left_out_and_said_so(repository, monkeypatch):
    said, ran = [], []

    def run_profile(root, profile, targets):
        ran.append((profile, targets))
        write(root / "runs/deep", 0.1)
        return root / "runs/deep", []

    monkeypatch.setattr(deep, "run_profile", run_profile)
    monkeypatch.setattr(deep, "HEADLINES", (DON, deep.Headline("joint", "results", "table_1", "a", 500)))
    assert not deep.retrain(repository, "HEAD", 15, said.append)
    assert ran == [("deep", ["notebooks/don/dvc.yaml:results"])]
    assert f"don: {DON.row} (table_1): trained anew in 0 minutes, out of band; " in said[0]
    assert said[1] == "joint: a (table_1): left out, it takes about 500 minutes; run it by `--minutes 500`"


def test_a_table_without_the_row_is_named(repository, tmp_path):
    write(tmp_path)
    with pytest.raises(InputError, match=r"reports/don/results/table_1\.csv: no row 'none'"):
        deep.compare_row(Revision(repository), tmp_path, deep.Headline("don", "results", "table_1", "none", 1))


def test_the_profile_trains_every_headline_row_with_the_committed_settings():
    params, standard = load_params(ROOT, "deep"), load_params(ROOT, "standard")
    assert {one.slug for one in deep.HEADLINES} == set(standard.papers)
    for one in deep.HEADLINES:
        assert one.row in load_paper(one.slug).tables[one.table].rows
        if one.slug != "selfsup":
            known, rows = (
                {row["title"]: row for family in of.values[one.slug]["trainings"].values() for row in family.values()}
                for of in (standard, params)
            )
            assert rows[one.row] == known[one.row]
    assert list(params.values["selfsup"]["models"]) == ["grasp-100"]
