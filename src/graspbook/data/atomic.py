"""Folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graspbook.errors import InputError


@contextmanager
def new_folder(out: Path, marker: str) -> Iterator[Path]:
    """Yield an empty hidden folder that takes the name `out` when the block ends without an error.

    Args:
        out: the folder to make, or to replace if it holds a file `marker` or nothing.
        marker: name of a file that tells a folder made by an earlier run from anybody else's.

    Raises:
        InputError: `out` exists and is something else.
    """
    if out.exists() and not (out / marker).is_file() and (out.is_file() or any(out.iterdir())):
        raise InputError(f"{out}: exists and holds no {marker}, so it was not made here; not replacing it")
    partial, old = (out.with_name(f".{out.name}.{kind}") for kind in ("partial", "old"))
    for left in (partial, old):  # by a killed run
        shutil.rmtree(left, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if out.exists():
        os.replace(out, old)  # deleting takes time; half an old folder must never bear the name
    os.replace(partial, out)
    shutil.rmtree(old, ignore_errors=True)
