"""How many processes work side by side: one setting for everything, which changes the speed and never a result."""

import os

from graspbook.errors import InputError

VARIABLE = "GRASPBOOK_WORKERS"


def worker_count() -> int:
    """The number in the environment variable GRASPBOOK_WORKERS; without it, that of this process's cores.

    Raises:
        InputError: The variable is no positive whole number.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"environment variable {VARIABLE}: expected a positive whole number, got {text!r}")
    return int(text)
