import numpy as np
import pandas as pd
import pytest
from graspbook.latent.intervals import known, merged, of_trainings, resampled, stacked, widened

from graspbook.core.errors import InputError
from graspbook.papers import load_paper


def mean_of(values):
    return lambda weights: {"m": weights @ np.asarray(values, float) / weights.sum(1)}


def test_the_point_is_the_mean_over_trainings():
    rows = {"a": [mean_of([1, 3]), mean_of([5, 7])], "b": [mean_of([2, 2])]}
    point, again = resampled(rows, np.arange(2), 50, 0)
    assert point.set_index("method")["m"].to_dict() == {"a": 4.0, "b": 2.0}
    assert len(again) == 100 and (again.loc[again["method"] == "b", "m"] == 2).all()
    assert again.loc[again["method"] == "a", "m"].nunique() > 2, "images and trainings are drawn"


def test_rows_that_were_trained_equally_often_draw_the_same_trainings():
    rows = {name: [mean_of([1, 1]), mean_of([5, 5])] for name in ("a", "b")}
    _, again = resampled(rows, np.arange(2), 50, 0)
    wide = again.pivot(index="replicate", columns="method", values="m")
    assert (wide["a"] == wide["b"]).all() and wide["a"].nunique() > 1
    trainings = of_trainings({"c": [{"m": 1.0}, {"m": 5.0}]}, 50, 0)[1]
    assert (trainings["m"].to_numpy() == wide["a"].to_numpy()).all()


def test_a_single_training_says_nothing_of_another():
    point, again = of_trainings({"once": [{"m": 3.0}], "twice": [{"m": 1.0}, {"m": 5.0}]}, 50, 0)
    assert point.set_index("method")["m"].to_dict() == {"once": 3.0, "twice": 3.0}
    assert again.loc[again["method"] == "once", "m"].isna().all()
    assert again.loc[again["method"] == "twice", "m"].notna().all()


def test_no_rows_are_refused():
    with pytest.raises(InputError, match="no results"):
        resampled({}, np.arange(2), 5, 0)


def test_parts_of_a_table_come_together():
    given = known({"a": {"x": 1.0}, "b": {"x": 2.0}}, 3)
    seen = resampled({"a": [mean_of([1, 3])]}, np.arange(2), 3, 0)
    point, again = merged(given, seen)
    assert point.set_index("method")["x"].to_dict() == {"a": 1.0, "b": 2.0}
    assert np.isnan(point.set_index("method").loc["b", "m"]) and len(again) == 6
    below, _ = stacked(given, known({"c": {"x": 3.0}}, 3))
    assert list(below["method"]) == ["a", "b", "c"]


def test_a_table_gets_all_of_its_columns_and_only_its_rows():
    printed = load_paper("latent").tables["table_3"]
    given = known({"MaskRCNN": {"apparel_auc": 0.7}, "other": {"apparel_auc": 0.1}}, 2)
    point, again = widened(given, printed)
    assert list(point["method"]) == ["MaskRCNN"] and set(printed.metrics) <= set(again.columns)
    assert point["objects_auc"].isna().all()
    assert isinstance(again, pd.DataFrame)
