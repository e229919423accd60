import numpy as np
import pandas as pd
import pytest

from graspbook.papers import Metric, Table
from graspbook.pipeline.bands import SECOND_DRAW, Agreement, compare_json, compare_table

TABLE = pd.DataFrame({"method": ["A", "B"], "m": [1.0, 2.0], "m_lo": [0.5, 1.5], "m_hi": [1.5, 2.5]})


def csv(frame):
    return frame.to_csv(index=False).encode()


def compared(ours, theirs=TABLE, printed=None):
    return compare_table("a/t.csv", csv(ours), csv(theirs), printed=printed)


def test_a_second_draw_varies_by_the_root_of_two_times_the_spread_of_one():
    """Of pairs of independent draws one in twenty lies outside, to the error of a thousand pairs."""
    rng = np.random.default_rng(1)
    draws = rng.normal(0, 1, (2, 1000))
    half = SECOND_DRAW * (2 * 1.96) / 2
    assert 0.035 < np.mean(abs(draws[0] - draws[1]) > half) < 0.065


@pytest.mark.parametrize(
    ("value", "agreement"), [(1.7, Agreement.IN_BAND), (1.72, Agreement.OUT_OF_BAND), (np.nan, Agreement.OUT_OF_BAND)]
)
def test_a_number_is_in_band_within_half_the_width_times_the_root_of_two(value, agreement):
    found = compared(TABLE.assign(m=[value, 2.0]))
    assert found.agreement is agreement and found.numbers == 2
    [cell] = found.cells
    assert (cell.row, cell.metric, cell.committed) == ("A", "m", 1.0)
    assert cell.by == (np.inf if np.isnan(value) else pytest.approx((value - 1) / (SECOND_DRAW * 0.5)))


def test_replicates_give_the_interval_where_the_table_has_none():
    plain = TABLE[["method", "m"]]
    drawn = pd.DataFrame({"method": np.repeat(["A", "B"], 100), "m": np.tile(np.linspace(0, 1, 100), 2)})
    drawn["m"] += np.repeat([0.5, 1.5], 100)
    moved = drawn.assign(m=drawn["m"] + 0.3)
    replicates = moved.to_parquet(index=False), drawn.to_parquet(index=False)
    found = compare_table("t.csv", csv(plain.assign(m=plain["m"] + 0.3)), csv(plain), replicates)
    assert found.agreement is Agreement.IN_BAND and len(found.cells) == 2
    falsified = compare_table("t.csv", csv(plain.assign(m=[1.3, 2.0])), csv(plain), (replicates[1], replicates[1]))
    assert falsified.agreement is Agreement.CONTRADICTS and "t, A, m: 1 committed, 1.3 found" in falsified.detail


def test_a_number_without_spread_has_no_interval_and_decides_nothing():
    flat = TABLE.assign(m_lo=[1.0, 1.5], m_hi=[1.0, 2.5])
    found = compared(flat.assign(m=[1.5, 2.0]), flat)
    assert found.agreement is Agreement.IN_BAND and not found.cells and found.loose[0].by == 0.5


def test_a_number_that_was_missing_may_be_there():
    assert compared(TABLE, TABLE.assign(m=[np.nan, 2.0])).agreement is Agreement.IN_BAND


def test_times_are_not_compared():
    metric = Metric(title="Time (ms)", decimals=1, better="lower")
    printed = Table(section="s", caption="c", label="method", unit="ms", metrics={"m": metric}, rows={})
    found = compared(TABLE.assign(m=[9.0, 9.0], m_lo=8.0, m_hi=10.0), printed=printed)
    assert found.agreement is Agreement.IN_BAND and not found.cells and not found.numbers


def test_numbers_without_replicates_are_compared_within_1_percent():
    plain = pd.DataFrame({"name": ["a", "b"], "x": [1.0, 0.0], "word": ["u", "v"]})
    assert compared(plain.assign(x=[1.009, 0]), plain).agreement is Agreement.CLOSE
    assert compared(plain.assign(x=[1.011, 0]), plain).agreement is Agreement.FAR
    assert compared(plain.assign(x=[1.0, 0.1]), plain).loose[0].by == np.inf
    assert "other words in word" in compared(plain.assign(word=["u", "w"]), plain).detail
    assert "other rows or columns" in compared(plain.head(1), plain).detail


def test_the_numbers_of_json_are_compared_by_their_keys():
    known = b'{"a": {"x": 1.0, "y": [1, 2]}}'
    assert compare_json("a.json", b'{"a": {"x": 1.005, "y": [1, 2]}}', known).agreement is Agreement.CLOSE
    found = compare_json("a.json", b'{"a": {"x": 1.0, "y": [1, 3]}}', known)
    assert found.agreement is Agreement.FAR and "a/y/1" in found.loose[0].row
    assert compare_json("a.json", b"{", known).detail == "cannot be read as JSON"
