"""Folders that several processes may want at once: a lock lasts as long as the process that holds it, however it ends.

The lock is on the folder itself, so nothing is left behind by a process that was killed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(folder: Path, shared: bool = False) -> Iterator[int]:
    """Hold a folder, which is made where there is none; wait for whoever holds it now.

    Args:
        folder: The folder to hold.
        shared: Whether others may hold it at the same time, if they share it too.

    Yields:
        The file descriptor that the lock is on.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # removed since
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            if _is(folder, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


@contextmanager
def try_lock(folder: Path) -> Iterator[bool]:
    """Hold a folder if it is there and no living process holds it.

    Args:
        folder: The folder to hold.

    Yields:
        Whether it is held now.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield _is(folder, descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder for what is half done, which processes that do the same work share; the last to finish removes it.

    Where the block ends in an error, or the process is killed, it stays, for whoever goes on.

    Args:
        folder: The folder, which is created.

    Yields:
        The same folder.
    """
    with held(folder, shared=True) as descriptor:
        yield folder
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody else is not done with it
            return
        shutil.rmtree(folder)


def _is(folder: Path, descriptor: int) -> bool:
    """Whether the folder of that name is still the one that was opened."""
    try:
        return os.path.samestat(os.stat(folder), os.fstat(descriptor))
    except FileNotFoundError:
        return False
