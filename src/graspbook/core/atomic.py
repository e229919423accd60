"""Files and folders that appear whole or not at all: a killed run leaves nothing half-written under a final name.

Several processes may make the same file or folder at once: each writes under a hidden name of its own, and the last
to be done is the one that stays. What a killed run left is cleared away by the next, never what a living one writes.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.core.locks import held, try_lock
from graspbook.core.manifest import foreign_file, list_files, read_manifest, write_manifest

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""What only writing can meet."""
_RUST = re.compile(rf"\(os error ({'|'.join(str(int(number)) for number in sorted(_NO_ROOM))})\)")
"""The same in the words of safetensors, which is written in Rust and keeps the number in its message."""


@contextmanager
def new_file(out: Path) -> Iterator[Path]:
    """Yield the path of a hidden file to write, which takes the name `out` when the block ends without an error.

    Args:
        out: The file to make or to replace; its folder is created.

    Yields:
        The path of the hidden file to write.

    Raises:
        InputError: Nothing can be written there.
    """
    out = Path(out)
    with says_why(out, always=True):
        if out.is_dir():
            raise InputError(f"{out}: is a folder; expected the name of a file")
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = _hidden(out, "partial")  # two runs at once must not write into each other's
        partial.unlink(missing_ok=True)  # a name that no file can have shows now
    try:
        with says_why(out):
            yield partial
            os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; its folder is created.

    Args:
        path: The file.
        content: The bytes.

    Raises:
        InputError: Nothing can be written there.
    """
    with new_file(path) as partial, says_why(path, always=True):
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, lines ended by a line feed on every system) whole or not at all.

    Args:
        path: The file.
        text: The text.

    Raises:
        InputError: Nothing can be written there.
    """
    write_bytes(path, text.encode())


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty hidden folder that takes the name `out` when the block ends without an error.

    What was made is listed, with hashes, in a hidden file beside it (`manifest`). An older folder of that name is
    replaced if it is empty or each of its files is listed there as it is; nothing else is ever deleted.

    Args:
        out: The folder to make or to replace; through a symbolic link, the folder that the link leads to.

    Yields:
        The path of the hidden folder to fill.

    Raises:
        InputError: `out` holds a file that was not made here, is no folder, or is the working folder or holds it; or
            nothing can be written there.
    """
    out = real_folder(out)
    check_replaceable(out)
    with hidden_folder(out) as partial:
        yield partial
        try:
            check_replaceable(out)
        except InputError as error:  # a file was put there meanwhile: then neither it nor the work is lost
            aside = out.with_name(f"{out.name}-{secrets.token_hex(4)}")
            os.replace(partial, aside)
            raise InputError(f"{error}; what was made now lies in {aside}") from None
        with says_why(out, always=True):
            made = list_files(partial)
            # a run killed in between leaves one of the two folders, and both are known
            write_manifest(out, *read_manifest(out), made)
            _take_over(partial, out)
            write_manifest(out, made)


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """Like `new_folder`, for what nobody but graspbook looks at and whose name says what is in it.

    Nothing is listed, and where another process has made it meanwhile, that one stays.

    Args:
        out: The folder to make.

    Yields:
        The path of the hidden folder to fill.
    """
    with hidden_folder(out) as partial:
        yield partial
        try:
            os.replace(partial, out)
        except OSError:
            if not out.is_dir():
                raise
            shutil.rmtree(partial, ignore_errors=True)


def real_folder(out: Path) -> Path:
    """Where a folder to be made lies, symbolic links followed.

    Args:
        out: The folder to be made.

    Raises:
        InputError: No folder can have this path, or it is the working folder or holds it, so that nothing can take its
            place.
    """
    try:
        real, here = Path(out).resolve(), Path.cwd()
    except (OSError, RuntimeError, ValueError) as error:  # a link that leads to itself, a name that no file can have
        raise InputError(f"{out}: cannot be a folder ({error})") from None
    if real == here or real in here.parents:
        raise InputError(f"{str(out)!r}: is the working folder or holds it; name a folder to make")
    return real


def check_replaceable(out: Path) -> None:
    """Check that a folder can be made here, or that what is here was made by graspbook.

    Args:
        out: The folder to be made.

    Raises:
        InputError: It cannot, or holds something that was not made here.
    """
    with says_why(out, always=True):
        if not out.exists():
            return
        if not out.is_dir():
            raise InputError(f"{out}: exists and is no folder; not replacing it")
        file = foreign_file(out)
    if file is not None:
        raise InputError(f"{out}: holds {file}, which was not made here; not replacing it")


def check_apart(out: Path, *inputs: Path | str | None) -> None:
    """Check that a folder to be made, or replaced, holds nothing that is read.

    Args:
        out: The folder to be made.
        inputs: Files and folders that are read; None counts for nothing.

    Raises:
        InputError: One of them is the folder, or lies in it.
    """
    real = real_folder(out)
    for given in inputs:
        if given is not None and real in (path := Path(given).resolve(), *path.parents):
            raise InputError(f"{given}: is read, and would be lost when {out} is replaced; choose another folder")


def check_place(out: Path) -> None:
    """Check that a file could be made here, as far as can be told without making one.

    Args:
        out: The file to be made.

    Raises:
        InputError: No file could be made here.
    """
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected the name of a file")
    there = next(folder for folder in out.absolute().parents if folder.exists() or folder.is_symlink())
    if not there.is_dir():
        raise InputError(f"{out}: cannot be written: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{out}: cannot be written: {there} may not be written to")


@contextmanager
def hidden_folder(out: Path) -> Iterator[Path]:
    """A new hidden folder beside `out`, held as long as the block lasts, and removed where it ends in an error.

    Args:
        out: What the folder is to become; its folder is created.

    Yields:
        The path of the hidden folder to fill.

    Raises:
        InputError: Nothing can be written there.
    """
    partial = _hidden(out, "partial")
    with ExitStack() as stack:
        with says_why(out, always=True):
            out.parent.mkdir(parents=True, exist_ok=True)
            _clear_away(out)
            stack.enter_context(held(partial))
        try:
            with says_why(out):
                yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _take_over(partial: Path, out: Path) -> None:
    """Give a folder the name of another, which is moved aside first: half an old folder must never bear the name."""
    moved = []
    while True:
        try:
            os.replace(partial, out)
            break
        except OSError:
            if not out.is_dir():
                raise
        moved.append(_hidden(out, "old"))
        with suppress(FileNotFoundError):  # somebody else has just moved it
            os.replace(out, moved[-1])
    for old in moved:
        shutil.rmtree(old, ignore_errors=True)


def _clear_away(out: Path) -> None:
    """Remove what killed runs left beside `out`; put back an old folder that was just being replaced."""
    for left in out.parent.iterdir():
        kind = re.fullmatch(rf"\.{re.escape(out.name)}\.(partial|old)-[0-9a-f]{{8}}", left.name)
        if kind is None or not left.is_dir():
            continue
        with try_lock(left) as free:
            if free and kind[1] == "old" and not out.exists():
                os.replace(left, out)
            elif free:
                shutil.rmtree(left, ignore_errors=True)


def _hidden(out: Path, kind: str) -> Path:
    return out.with_name(f".{out.name}.{kind}-{secrets.token_hex(4)}")


@contextmanager
def says_why(out: Path, always: bool = False) -> Iterator[None]:
    """Says in a sentence why nothing can be written at `out`.

    Args:
        out: where.
        always: whether the block does nothing but write there, so that whatever goes wrong is the place's fault.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        fault = always and isinstance(error, OSError | ValueError)  # ValueError: a name that no file can have
        if fault or getattr(error, "errno", None) in _NO_ROOM or _RUST.search(str(error)):
            raise InputError(f"{out}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
        raise
