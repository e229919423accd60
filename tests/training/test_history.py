import numpy as np
import pandas as pd

from graspbook.training.history import write_history


def test_every_tenth_step_is_written_and_each_that_was_evaluated(tmp_path):
    steps = np.arange(1, 26)
    judged = np.where(steps == 13, 0.5, np.nan)
    frame = pd.DataFrame({"step": steps, "loss": 1 / steps, "lr": 0.001, "ap": judged})
    write_history(frame, tmp_path / "deep/history.csv")
    read = pd.read_csv(tmp_path / "deep/history.csv")
    assert list(read["step"]) == [10, 13, 20]
    assert read["ap"].tolist()[1] == 0.5 and read["ap"].isna().sum() == 2
    np.testing.assert_allclose(read["loss"], [0.1, 1 / 13, 0.05], rtol=1e-5)
