import itertools
import time
from contextlib import closing

import pytest

from graspbook.core.parallel import ordered_map


def square(job, number, folder):
    time.sleep(0.02)
    (folder / f"{number}").touch()
    if number == job:
        raise ValueError(f"piece {number}")
    return number**2


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_their_numbers(tmp_path, workers):
    assert list(ordered_map(square, None, tmp_path, workers, 7)) == [n**2 for n in range(7)]
    assert not list(ordered_map(square, None, tmp_path, workers, 0))


@pytest.mark.parametrize("count", [None, 1000])
def test_who_stops_asking_is_not_worked_for_further(tmp_path, count):
    with closing(ordered_map(square, None, tmp_path, 2, count)) as results:
        assert list(itertools.islice(results, 3)) == [0, 1, 4]
    written = len(list(tmp_path.iterdir()))
    assert 3 <= written < 50
    time.sleep(0.1)
    assert len(list(tmp_path.iterdir())) == written


@pytest.mark.slow
def test_a_piece_that_fails_is_not_swallowed(tmp_path):
    with pytest.raises(ValueError, match="piece 2"):
        list(ordered_map(square, 2, tmp_path, 2, 5))
