import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import Table
from graspbook.reporting.tables import merge_table, printed_part, style_table, table_markdown, write_csv, write_table

PRINTED = Table(
    section="§I, Table I",
    caption="A table",
    label="method",
    unit="percent",
    metrics={
        "miou": {"title": "mIoU", "decimals": 1, "better": "higher"},
        "error": {"title": "Error", "decimals": 2, "better": "lower"},
    },
    rows={"B": {"miou": 50, "error": 9.05}, "A": {"miou": 60.5, "error": None}},
)


@pytest.fixture
def point():
    return pd.DataFrame({"method": ["A", "B"], "miou": [61.0, 49.0], "error": [8.0, 10.0]})


@pytest.fixture
def replicates(point):
    rng = np.random.default_rng(0)
    frames = [point.assign(replicate=i, miou=point["miou"] + rng.normal(size=2)) for i in range(200)]
    return pd.concat(frames, ignore_index=True)


def test_a_merged_table_has_the_papers_rows_in_its_order_and_both_numbers(point, replicates):
    merged = merge_table(point, replicates, PRINTED)
    assert list(merged.columns) == [
        "method", "miou", "miou_lo", "miou_hi", "paper_miou", "error", "error_lo", "error_hi", "paper_error",
    ]  # fmt: skip
    assert list(merged["method"]) == ["B", "A"]
    assert list(merged["miou"]) == [49.0, 61.0]
    assert list(merged["paper_miou"]) == [50.0, 60.5]
    assert np.isnan(merged["paper_error"][1])
    assert (merged["miou_lo"] < merged["miou"]).all()
    assert (merged["miou"] < merged["miou_hi"]).all()
    assert list(merged["error_lo"]) == list(merged["error_hi"]) == [10.0, 8.0]


def test_other_rows_or_columns_than_the_papers_are_refused(point, replicates):
    with pytest.raises(InputError, match="point table has rows that the paper has not: C"):
        merge_table(point.replace("A", "C"), replicates, PRINTED)
    with pytest.raises(InputError, match="replicates table lacks the columns error"):
        merge_table(point, replicates.drop(columns="error"), PRINTED)
    with pytest.raises(InputError, match="has a row twice"):
        merge_table(pd.concat([point, point]), replicates, PRINTED)


def test_rows_that_a_profile_leaves_out_are_written_without_a_value(tmp_path, point, replicates):
    some, drawn = (frame[frame["method"] == "A"] for frame in (point, replicates))
    write_table(some, drawn, PRINTED, tmp_path, "table_1", "quick")
    written, stored = pd.read_csv(tmp_path / "table_1.csv"), pd.read_parquet(tmp_path / "table_1.replicates.parquet")
    assert written["method"].tolist() == ["B", "A"]
    assert written["miou"].isna().tolist() == written["miou_lo"].isna().tolist() == [True, False]
    assert written["paper_miou"].tolist() == [50.0, 60.5]
    assert stored.loc[stored["method"] == "A", "error"].tolist() == drawn["error"].tolist()
    assert stored.loc[stored["method"] == "B", "error"].isna().tolist() == [True] * 200
    assert "Not at this profile: B." in (tmp_path / "table_1.md").read_text()


def test_other_rows_are_left_out_where_only_printed_ones_are_wanted(tmp_path, point, replicates):
    point, replicates = (frame.replace("A", "C") for frame in (point, replicates))
    with pytest.raises(InputError, match="rows that the paper has not: C"):
        write_table(point, replicates, PRINTED, tmp_path, "table_1", "quick")
    write_table(point, replicates, PRINTED, tmp_path, "table_1", "quick", only_printed=True)
    written, stored = pd.read_csv(tmp_path / "table_1.csv"), pd.read_parquet(tmp_path / "table_1.replicates.parquet")
    assert written["error"].tolist()[:1] == [10.0] and written["error"].isna().tolist() == [False, True]
    assert stored["method"].tolist() == ["B", "A"] * 200
    assert stored.loc[stored["method"] == "A", ["miou", "error"]].isna().all(axis=None)
    kept = replicates.loc[replicates["method"] == "B", "miou"].astype("float32")
    assert stored.loc[stored["method"] == "B", "miou"].tolist() == kept.tolist()


def test_the_printed_part_has_the_papers_rows_and_all_of_its_metrics(point, replicates):
    parts = tuple(frame.replace("A", "C").drop(columns="error") for frame in (point, replicates))
    kept, drawn = printed_part(parts, PRINTED)
    assert kept["method"].tolist() == ["B"] and drawn["method"].tolist() == ["B"] * 200
    assert kept["miou"].tolist() == [49.0] and kept["error"].isna().all() and drawn["error"].isna().all()


def test_a_csv_file_has_the_index_and_the_digits_that_are_asked_for(tmp_path):
    frame = pd.DataFrame({"x": [1 / 3, 25.0], "n": [1, 2]}, index=pd.Index(["a", "b"], name="row"))
    expected = {
        "plain": ({}, "x,n\n0.333333,1\n25,2\n"),
        "index": ({"index": True}, "row,x,n\na,0.333333,1\nb,25,2\n"),
        "named": ({"index": "kind", "float_format": "%.2g"}, "kind,x,n\na,0.33,1\nb,25,2\n"),
        "every_digit": ({"float_format": None}, "x,n\n0.3333333333333333,1\n25.0,2\n"),
    }
    for name, (options, text) in expected.items():
        write_csv(frame, tmp_path / "new" / f"{name}.csv", **options)
        assert (tmp_path / "new" / f"{name}.csv").read_bytes().decode() == text


def test_tables_are_written_in_three_forms_with_the_same_bytes_each_time(tmp_path, point, replicates):
    for folder in ("a", "b"):
        write_table(point, replicates, PRINTED, tmp_path / folder, "table_1", "standard")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["table_1.csv", "table_1.md", "table_1.replicates.parquet"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    stored = pd.read_parquet(tmp_path / "a/table_1.replicates.parquet")
    assert (stored["miou"].dtype, len(stored)) == (np.float32, len(replicates))
    assert pd.read_csv(tmp_path / "a/table_1.csv")["paper_error"].isna().tolist() == [False, True]


def test_only_other_profiles_than_standard_are_marked(point, replicates):
    merged = merge_table(point, replicates, PRINTED)
    assert "profile" not in table_markdown(merged, PRINTED, "standard").lower()
    assert "Quick profile" in table_markdown(merged, PRINTED, "quick")
    assert "Quick profile" in style_table(merged, PRINTED, "quick").to_html()


def test_a_rendered_cell_has_the_value_its_interval_and_the_papers_digits(point, replicates):
    point.loc[0, "miou"] = np.nan
    text = table_markdown(merge_table(point, replicates, PRINTED), PRINTED, "standard")
    assert "| B | 49.0 [" in text
    assert "10.00 [10.00, 10.00] | 9.05 |" in text
    assert "| A | – | 60.5 | 8.00 [8.00, 8.00] | – |" in text


def test_the_best_of_ours_is_bold_and_html_is_the_same_each_time(point, replicates):
    merged = merge_table(point, replicates, PRINTED)
    html = style_table(merged, PRINTED, "standard").to_html()
    assert html == style_table(merged, PRINTED, "standard").to_html()
    assert html.count("font-weight: bold") == 1  # one rule, shared by the two cells of row A
    assert "#T_method_row1_col1, #T_method_row1_col3" in html
