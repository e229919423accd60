"""Functions compiled by numba, whose machine code is kept for the next process where there is a place for it."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Like `numba.njit(cache=True)`, and without its cache where an installation and its user's home are read-only.

    Args:
        options: Further options of `numba.njit`.
    """

    def compile_function(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # "cannot cache function": no folder beside the module or at home may be written to
            return njit(**options)(function)

    return compile_function
