import math

import pytest

from graspbook.training.schedule import cosine_rate


def test_it_rises_in_a_line_and_falls_along_half_a_cosine():
    rates = [cosine_rate(2.0, step, 100, 0.1) for step in range(100)]
    for step in range(10):
        assert rates[step] == pytest.approx(2.0 * (step + 1) / 10)
    for step in range(10, 100):
        assert rates[step] == pytest.approx(1 + math.cos(math.pi * (step - 10) / 90))
    assert 0 < rates[-1] < 0.01


@pytest.mark.parametrize(("steps", "warm_up"), [(1, 0.05), (1, 1.0), (2, 0.0), (5, 1.0), (7, 0.5)])
def test_short_trainings_have_a_rate_at_every_step(steps, warm_up):
    rates = [cosine_rate(0.5, step, steps, warm_up) for step in range(steps)]
    assert all(0 < rate <= 0.5 for rate in rates)
    assert max(rates) == 0.5
