import numpy as np

from graspbook.statistics.bootstrap import bootstrap
from graspbook.statistics.estimates import given_rows, merge_metrics, stack_rows, training_means


def mean_of(values):
    return lambda weights: {"m": weights @ np.asarray(values, float) / weights.sum(1)}


def test_numbers_of_trainings_draw_what_paired_trainings_draw():
    row = [mean_of([1, 1]), mean_of([5, 5])]
    seen = bootstrap({"a": row}, np.arange(2), 50, 0, pair_trainings=True)[1]
    trainings = training_means({"c": [{"m": 1.0}, {"m": 5.0}]}, 50, 0)[1]
    assert (trainings["m"].to_numpy() == seen["m"].to_numpy()).all() and seen["m"].nunique() > 1


def test_a_single_training_says_nothing_of_another():
    point, again = training_means({"once": [{"m": 3.0}], "twice": [{"m": 1.0}, {"m": 5.0}]}, 50, 0)
    assert point.set_index("method")["m"].to_dict() == {"once": 3.0, "twice": 3.0}
    assert again.loc[again["method"] == "once", "m"].isna().all()
    assert again.loc[again["method"] == "twice", "m"].notna().all()


def test_parts_of_a_table_come_together():
    given = given_rows({"a": {"x": 1.0}, "b": {"x": 2.0}}, 3)
    seen = bootstrap({"a": [mean_of([1, 3])]}, np.arange(2), 3, 0)
    point, again = merge_metrics(given, seen)
    assert point.set_index("method")["x"].to_dict() == {"a": 1.0, "b": 2.0}
    assert np.isnan(point.set_index("method").loc["b", "m"]) and len(again) == 6
    below, _ = stack_rows(given, given_rows({"c": {"x": 3.0}}, 3))
    assert list(below["method"]) == ["a", "b", "c"]
