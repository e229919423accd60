"""Files and folders that appear whole or not at all: a killed run leaves nothing half-written under a final name."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graspbook.errors import InputError


@contextmanager
def new_file(out: Path) -> Iterator[Path]:
    """Yield the path of a hidden file to write, which takes the name `out` when the block ends without an error.

    Args:
        out: the file to make or to replace; its folder is created.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}")  # two runs at once must not write into each other's
    try:
        yield partial
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; its folder is created."""
    with new_file(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, lines ended by a line feed on every system) whole or not at all."""
    write_bytes(path, text.encode())


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
