"""A clock that ticks once whenever it is read, so that what a page measures is the same in every run.

Pages that measure speed write milliseconds into tables and figures, the only bytes of a run that depend on more than
its inputs. Where the code of two versions is compared byte by byte (profile `smoke`), nobody wants to know them.
"""

import itertools
import threading
import time

VARIABLE = "GRASPBOOK_CLOCK"
"""Environment variable of a warm kernel that decides on its clock."""
TICKING = "ticking"
"""Its value where the clock ticks; without it, the clock is the machine's."""
TICK = 2.0**-10
"""Seconds from one reading to the next; a power of two, so that all differences are equal to the last bit."""


def let_the_clock_tick() -> None:
    """Replace `time.perf_counter` in this process; each thread has a clock of its own, which no other one disturbs."""
    clocks = threading.local()

    def perf_counter() -> float:
        if not hasattr(clocks, "readings"):
            clocks.readings = itertools.count()
        return TICK * next(clocks.readings)

    time.perf_counter = perf_counter
