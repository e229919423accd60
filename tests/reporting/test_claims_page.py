"""The claims page's claim by hand, on tables of which the filter has left little or nothing."""

import shutil
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from graspbook.papers import load_paper
from graspbook.reporting.claims import judge_claims
from graspbook.reporting.verdicts import Verdict

ROOT = Path(__file__).parents[2]
PAPER = load_paper("selfsup")
ROWS = ("Subtract-Filter", "Grasp-100-Filter")


@pytest.fixture
def reports(tmp_path):
    """A copy of the committed Table I and its replicates."""
    table = PAPER.table_file(ROOT / "reports", "table_1")
    (tmp_path / "selfsup/evaluate").mkdir(parents=True)
    for name in ("table_1.csv", "table_1.replicates.parquet"):
        shutil.copy(table.with_name(name), tmp_path / "selfsup/evaluate" / name)
    return tmp_path


def set_error(reports, row, value, share=1.0):
    """Set the error of a row, in the table (if share is 1) and in the first `share` of its replicates."""
    path = PAPER.table_file(reports, "table_1")
    if share == 1:
        table = pd.read_csv(path)
        table.loc[table["method"] == row, "error"] = value
        table.to_csv(path, index=False)
    path = path.with_name("table_1.replicates.parquet")
    resampled = pd.read_parquet(path)
    first = resampled["replicate"] < share * (resampled["replicate"].max() + 1)
    resampled.loc[(resampled["method"] == row) & first, "error"] = value
    resampled.to_parquet(path)


def said(reports):
    """What the cell says, having compared its numbers with the library's."""
    cells = nbformat.read(ROOT / "notebooks" / "claims.ipynb", as_version=4).cells
    (by_hand,) = [cell.source for cell in cells if cell.cell_type == "code" and "many =" in cell.source]
    judgements = {"selfsup": judge_claims(PAPER, reports)}
    names = {"REPORTS": reports, "judgements": judgements, "papers": {"selfsup": PAPER}, "Verdict": Verdict}
    names |= {"np": np, "pd": pd, "Markdown": str}
    with np.errstate(divide="ignore"):
        exec(by_hand, names)  # the page's own code
    return names["said"]


@pytest.mark.slow
def test_it_says_the_ratio_of_the_committed_table(reports):
    assert said(reports).startswith("$r$ = ")


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_it_agrees_with_the_library_where_there_is_no_ratio(reports, row, value):
    set_error(reports, row, value)
    if row == "Subtract-Filter" and value == 0:
        assert said(reports).startswith("$r$ = 0.00")
    else:
        assert said(reports) == f"*The filter kept nothing, so there is no ratio: {Verdict.NOT_TESTED}.*"


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.01, 0.1, 0.99])
@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_it_agrees_with_the_library_where_some_replicates_have_no_ratio(reports, value, share):
    set_error(reports, "Grasp-100-Filter", value, share)
    assert ("inf" in said(reports)) == (share > 0.025)


@pytest.mark.slow
def test_it_agrees_with_the_library_where_the_claim_holds_easily(reports):
    set_error(reports, "Subtract-Filter", 1e4)
    assert said(reports).endswith(f"*{Verdict.REPRODUCED}*.")
