"""How many processes work side by side: one setting for everything, which changes the speed and never a result.

A worker ends with the process that started it, even if that one is killed: what outlived it would go on for hours,
and get in the way of the next run.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from graspbook.core.errors import InputError

VARIABLE = "GRASPBOOK_WORKERS"
CHECK_SECONDS = 0.5
"""Time between a worker's looks at whether its parent is still there."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_watched: set[int] = set()


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


def work_for(
    parent: int, task: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """Do a task in a worker that ends with its parent.

    Args:
        parent: The id of the process that asks for the task. Where it is not this one's parent (the task is done in the
            process itself, or on a cluster), nothing is watched.
        task: The function to call.
        arguments: The positional arguments of the task.
        options: The keyword arguments of the task.

    Returns:
        What the task returns.
    """
    if os.getppid() == parent and parent not in _watched:
        _watched.add(parent)
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return task(*arguments, **options)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_SECONDS)
    os._exit(1)
