import numpy as np

from graspbook.statistics.intervals import interval


def test_the_interval_equals_the_sorted_replicates():
    values = np.random.default_rng(1).normal(size=(3, 1000))
    low, high = interval(values)
    ordered = np.sort(values, axis=1)
    np.testing.assert_array_equal(low, ordered[:, int(0.025 * 999)])
    np.testing.assert_array_equal(high, ordered[:, int(np.ceil(0.975 * 999))])


def test_the_interval_holds_95_percent_and_of_one_replicate_only_itself():
    values = np.random.default_rng(1).normal(size=1000)
    low, high = interval(values)
    assert 0.94 < ((low <= values) & (values <= high)).mean() < 0.96
    assert interval(np.array([3.0])) == (3.0, 3.0)


def test_missing_replicates_widen_the_interval_and_never_narrow_it():
    values = np.arange(100.0)
    one, many, none = values.copy(), values.copy(), np.full(100, np.nan)
    one[50], many[:10] = np.nan, np.nan
    assert interval(one)[0] <= interval(values)[0]
    assert interval(one)[1] >= interval(values)[1]
    assert interval(many) == (-np.inf, np.inf)
    assert np.isnan(interval(none)).all()
