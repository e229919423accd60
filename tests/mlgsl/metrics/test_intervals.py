import numpy as np
import pandas as pd
from graspbook.mlgsl.metrics.intervals import resampled_rows


def test_rows_are_in_per_cent_and_resampled_over_objects():
    frame = pd.DataFrame({"method": "A", "seed": 0, "object": list("xxyy"), "good": [1, 1, 0, 0]})
    point, again = resampled_rows(frame, {"mean": ("good", None)}, 50, np.random.default_rng(0))
    assert point["mean"].tolist() == [50]
    assert set(again["mean"]) == {0, 50, 100}
