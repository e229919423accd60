import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.core.generators import WORDS, generator_from, generator_place


def drawn(rng):
    return [rng.random(), rng.standard_normal(5, dtype=np.float32).tolist(), rng.integers(7, size=3).tolist()]


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_a_generator_goes_on_from_where_another_stood(before):
    rng = np.random.default_rng([3, 4])
    for _ in range(before):  # single halves of a draw leave one behind
        rng.integers(5, dtype=np.uint32)
    place = generator_place(rng)
    assert place.dtype == np.uint64 and place.shape == (WORDS,)
    expected = [drawn(rng) for _ in range(3)]
    again = generator_from(place)
    assert [drawn(again) for _ in range(3)] == expected


def test_generators_of_another_kind_are_refused():
    with pytest.raises(InputError, match="MT19937"):
        generator_place(np.random.Generator(np.random.MT19937(0)))
