"""Where a random generator stands, as five whole numbers: what is drawn from there can be drawn again."""

import numpy as np
from jaxtyping import UInt64

from graspbook.core.errors import InputError

WORDS = 5
"""Numbers that say where a generator stands."""
_LOW = 2**64 - 1


def generator_place(rng: np.random.Generator) -> UInt64[np.ndarray, "5"]:
    """Where a generator stands.

    Args:
        rng: The generator, of `np.random.default_rng`.

    Returns:
        The halves of its state and of its increment, and what is left of its last draw, uint64 [5].

    Raises:
        InputError: It is of another kind.
    """
    state = rng.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise InputError(f"rng: expected a generator of np.random.default_rng, got {state['bit_generator']}")
    wide = state["state"]
    left = state["has_uint32"] << 32 | state["uinteger"]
    halves = [wide["state"] >> 64, wide["state"] & _LOW, wide["inc"] >> 64, wide["inc"] & _LOW]
    return np.array([*halves, left], np.uint64)


def generator_from(place: UInt64[np.ndarray, "5"]) -> np.random.Generator:
    """A generator that stands where another one stood.

    Args:
        place: What `generator_place` says of that one, uint64 [5].
    """
    high, low, inc_high, inc_low, left = (int(word) for word in place)
    bits = np.random.PCG64()
    bits.state = {
        "bit_generator": "PCG64",
        "state": {"state": high << 64 | low, "inc": inc_high << 64 | inc_low},
        "has_uint32": left >> 32,
        "uinteger": left & 2**32 - 1,
    }
    return np.random.Generator(bits)
