"""Numbers that a user gives to a public function: checked, and named where they are something else."""

from __future__ import annotations

import math

import numpy as np

from graspbook.core.errors import InputError


def whole_number(value: object, name: str, least: int, most: int | None = None) -> int:
    """A whole number, of Python or of NumPy.

    Args:
        value: What was given.
        name: Name of the argument, with which the error message begins.
        least: The least that it may be.
        most: The most that it may be; None: there is none.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise InputError(f"{name}: expected a whole number, got {_seen(value)}")
    if value < least or (most is not None and value > most):
        raise InputError(
            f"{name}: expected {f'at least {least}' if most is None else f'{least} to {most}'}, got {value}"
        )
    return int(value)


def real_number(value: object, name: str, least: float = -math.inf, most: float = math.inf) -> float:
    """A number, of Python or of NumPy, but no infinity and no NaN.

    Args:
        value: What was given.
        name: Name of the argument, with which the error message begins.
        least: The least that it may be.
        most: The most that it may be.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        raise InputError(f"{name}: expected a number, got {_seen(value)}")
    if isinstance(value, int) and abs(value) > 2**63:  # more than a float can hold
        raise InputError(f"{name}: expected a number within 2**63, got more")
    if not math.isfinite(value) or not least <= value <= most:
        wanted = f"{least:g} to {most:g}" if math.isfinite(least) and math.isfinite(most) else "a finite number"
        raise InputError(f"{name}: expected {wanted}, got {value:g}")
    return float(value)


def _seen(value: object) -> str:
    return repr(value) if value is None or len(repr(value)) < 30 else type(value).__name__
