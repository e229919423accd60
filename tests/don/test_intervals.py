import numpy as np
import pandas as pd
import pytest

from graspbook.don.intervals import resampled_means
from graspbook.errors import InputError


def lines(method, seeds, scenes=4):
    rng = np.random.default_rng(len(method))
    rows = [(method, s, k, o, rng.uniform(0, 10), 10.0) for s in range(seeds) for k in range(scenes) for o in (1, 2)]
    return pd.DataFrame(rows, columns=["method", "seed", "scene", "object", "auc", "asked"])


def test_the_point_is_the_mean_over_all_that_was_asked():
    frame = pd.concat([lines("one", 1), lines("three", 3)])
    point, again = resampled_means(frame, {"auc": ("auc", "asked")}, 50, 1)
    for method, own in frame.groupby("method"):
        assert point.set_index("method").loc[method, "auc"] == pytest.approx(own["auc"].sum() / own["asked"].sum())
    assert len(again) == 100 and again.groupby("method")["auc"].std().min() > 0


def test_one_scene_and_one_training_leave_no_spread():
    _, again = resampled_means(lines("one", 1, scenes=1), {"auc": ("auc", "asked")}, 30, 1)
    assert again["auc"].std() == pytest.approx(0)
    with pytest.raises(InputError):
        resampled_means(lines("one", 0), {"auc": ("auc", "asked")}, 30, 1)
