import numpy as np
import pytest

from graspbook.core.arguments import real_number, whole_number
from graspbook.core.errors import InputError


def test_numbers_of_python_and_numpy_are_taken():
    for value in (3, np.int64(3), np.uint8(3)):
        assert whole_number(value, "n", 1, 3) == 3 and type(whole_number(value, "n", 1)) is int
    for value in (0.5, np.float32(0.5)):
        assert real_number(value, "x", 0, 1) == 0.5 and type(real_number(value, "x")) is float
    assert real_number(1, "x", 0, 1) == 1


@pytest.mark.parametrize("value", [None, "3", [3], 3.0, True, np.array([3]), {}])
def test_what_is_no_whole_number_is_refused_by_name(value):
    with pytest.raises(InputError, match=r"^n: expected a whole number, got "):
        whole_number(value, "n", 1)


@pytest.mark.parametrize(("value", "most"), [(0, None), (-(10**400), None), (10**400, 2**63 - 1), (4, 3)])
def test_a_whole_number_out_of_range_is_refused(value, most):
    with pytest.raises(InputError, match=r"^n: expected (at least 1|1 to )"):
        whole_number(value, "n", 1, most)


@pytest.mark.parametrize("value", [None, "0.5", [0.5], True, np.array([0.5]), 1j])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(InputError, match=r"^x: expected a number, got "):
        real_number(value, "x")


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan"), float("inf"), 10**400, np.float32("nan")])
def test_a_number_out_of_range_is_refused(value):
    with pytest.raises(InputError, match=r"^x: expected "):
        real_number(value, "x", 0, 1)
