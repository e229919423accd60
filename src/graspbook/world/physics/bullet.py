"""PyBullet, imported without the line about its build time that it prints."""

import contextlib
import os


@contextlib.contextmanager
def _quiet():
    """Sends what C code prints to standard error nowhere."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with _quiet():
    import pybullet

__all__ = ["pybullet"]
