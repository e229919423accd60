"""Progress bars that reach a person at a terminal and never the outputs of a notebook.

A notebook run by the pipeline has no terminal of its own: its kernel is a detached process whose standard
error ends up in the notebook. `graspbook run-notebook` therefore hands the terminal's path down in the
environment variable `GRASPBOOK_TERMINAL` (empty: there is none, be silent), and the bar is written there.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from tqdm import tqdm

Element = TypeVar("Element")

TERMINAL_VARIABLE = "GRASPBOOK_TERMINAL"
"""Name of the environment variable with the path of the terminal that bars are written to."""


def terminal_path() -> str:
    """Path of the terminal that a person is watching, or "" where there is none."""
    if TERMINAL_VARIABLE in os.environ:
        return os.environ[TERMINAL_VARIABLE]
    for stream in (sys.__stderr__, sys.__stdout__):
        try:
            if stream is not None and stream.isatty():
                return os.ttyname(stream.fileno())
        except (OSError, ValueError):  # closed, or not a real file
            continue
    return ""


def _in_live_notebook() -> bool:
    """Whether this is a kernel that a person opened, not one started by the pipeline."""
    return TERMINAL_VARIABLE not in os.environ and "ipykernel" in sys.modules


def _open_terminal() -> TextIO | None:
    path = terminal_path()
    if not path:
        return None
    try:
        return open(path, "w", encoding="utf-8")
    except OSError:  # the terminal has been closed since
        return None


def progress(iterable: Iterable[Element], desc: str, total: int | None = None, unit: str = "it") -> Iterator[Element]:
    """Yield the elements of `iterable` while showing how far along they are.

    The bar goes to the terminal that started the work. Without a terminal (continuous integration, a log
    file) nothing is written. In a notebook that a person has opened, the bar appears below the cell and is
    removed when done.

    Args:
        iterable: The elements to iterate over; consumed lazily.
        desc: The text in front of the bar, a few words.
        total: The number of elements, where `len(iterable)` is not available.
        unit: The word for one element.
    """
    if _in_live_notebook():
        yield from tqdm(iterable, desc=desc, total=total, unit=unit, leave=False)
        return
    terminal = _open_terminal()
    if terminal is None:
        yield from iterable
        return
    with terminal:
        yield from tqdm(iterable, desc=desc, total=total, unit=unit, file=terminal, mininterval=0.5)


def say(line: str) -> None:
    """Tell whoever is watching: on the terminal that started the work, or, outside the pipeline, on standard error.

    Args:
        line: What to tell, without the line's end.
    """
    terminal = None if _in_live_notebook() else _open_terminal()
    if terminal is not None:
        with terminal:
            print(line, file=terminal)
    elif TERMINAL_VARIABLE not in os.environ:
        print(line, file=sys.stderr)
