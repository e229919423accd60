import time

import numpy as np

from graspbook.latent.timing import milliseconds


def test_each_kind_is_timed_on_each_image():
    calls = []
    kinds = {"slow": lambda image: (calls.append("slow"), time.sleep(0.02)), "fast": lambda image: calls.append("fast")}
    times = milliseconds(kinds, [np.zeros(1)] * 3)
    assert calls == ["slow", "fast"] * 4, "one more of each first, then in turn"
    assert times["slow"].shape == (3,) and times["slow"].min() >= 20 > times["fast"].min()
