import numpy as np
import pandas as pd
import pytest

from graspbook.selfsup.grasp_segmentation.calibrate import deviations, search

PRINTED = pd.DataFrame(
    {"miou": [50.0, 60.0, 1.0], "error": [400.0, 40.0, 1.0], "recall": [99.0, 50.0, 1.0]},
    index=["Subtract", "Subtract-Filter", "another"],
)


def rows(**columns):
    return pd.DataFrame(columns, index=["Subtract-Filter", "Subtract"])


def test_deviations_are_in_tolerances_whatever_the_order_of_the_rows():
    found = deviations(rows(miou=[68.0, 46.0], error=[40 * 1.6, 400 / 1.6**2], recall=[50.0, 84.0]), PRINTED)
    assert list(found.index) == ["Subtract-Filter", "Subtract"]
    np.testing.assert_allclose(found["miou"], [1, 0.5])
    np.testing.assert_allclose(found["error"], [1, 2])
    np.testing.assert_allclose(found["recall"], [0, 1])


def test_a_filter_that_keeps_nothing_is_infinitely_far():
    found = deviations(rows(miou=[np.nan, 50], error=[np.nan, 400], recall=[0.0, 99.0]), PRINTED)
    assert np.isinf(found.loc["Subtract-Filter", ["miou", "error"]]).all()
    assert found.loc["Subtract"].max() == 0


RANGES = {"a": (0.0, 1.0), "b": (-5.0, 5.0), "c": (10.0, 11.0)}


def bowl(values):
    return (values["a"] - 0.7) ** 2 + (values["b"] + 2) ** 2 / 25 + (values["c"] - 10.2) ** 2


def run(**changed):
    asked = {"n_trials": 200, "n_random": 20, "rng": np.random.default_rng(0)} | changed
    return list(search(bowl, RANGES, **asked))


def test_the_search_finds_the_bottom_of_a_bowl():
    trials = run()
    assert [trial.number for trial in trials] == list(range(200))
    best = [trial for trial in trials if trial.best]
    assert (np.diff([trial.loss for trial in best]) < 0).all()
    assert best[-1].loss == min(trial.loss for trial in trials) < 0.01
    assert all(trial.loss == bowl(trial.values) for trial in trials)


def test_it_stays_within_the_ranges_and_starts_at_random():
    trials = run()
    for name, (low, high) in RANGES.items():
        tried = np.array([trial.values[name] for trial in trials])
        assert low <= tried.min() <= tried.max() <= high
        assert np.ptp(tried[:20]) > 0.6 * (high - low)


@pytest.mark.parametrize("start", range(20, 200, 45))
def test_a_step_starts_from_the_best_so_far_and_moves_one_to_three_values(start):
    trials = run()
    best = min(trials[:start], key=lambda trial: trial.loss)
    moved = [name for name in RANGES if trials[start].values[name] != best.values[name]]
    assert len(moved) <= 3
    steps = [
        sum(trials[k].values[n] != min(trials[:k], key=lambda t: t.loss).values[n] for n in RANGES)
        for k in range(20, 200)
    ]
    assert set(steps) >= {1, 2}
    assert max(steps) <= 3


def test_the_same_seed_searches_the_same_way():
    assert run() == run()
    assert run() != run(rng=np.random.default_rng(1))


def test_one_value_alone_can_be_searched():
    trials = list(search(lambda v: abs(v["a"] - 0.25), {"a": (0.0, 1.0)}, 60, 5, np.random.default_rng(2)))
    assert min(trial.loss for trial in trials) < 0.02
