"""Files that a command puts into a folder of the user's: beside what is there, and never in its place."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graspbook.core.atomic import hidden_folder, says_why
from graspbook.core.errors import InputError
from graspbook.core.manifest import file_hash, list_files, read_manifest, write_manifest

LIST = "graspbook"
"""What was written into a folder stands, with hashes, in `.graspbook.manifest` in it."""


@contextmanager
def add_files(out: Path, names: Iterable[str] = (), inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield an empty hidden folder whose files move into `out` when the block ends without an error.

    What else lies in `out` stays there. A file of the same name is replaced if an earlier call wrote it and it is still
    as it was written; any other is the user's own, and nothing is written.

    Args:
        out: The folder that gets the files; it is created.
        names: Names of files that the block will write, as far as they are known: checked before it begins.
        inputs: Files that are read, none of which is replaced.

    Yields:
        The path of the hidden folder to fill; what lies in it are files.

    Raises:
        InputError: A file of the same name is the user's own, or nothing can be written there.
    """
    out, inputs = Path(out), [Path(path) for path in inputs]
    with says_why(out, always=True):
        fresh = not out.exists()
        if not fresh and not out.is_dir():
            raise InputError(f"{out}: exists and is no folder; expected one for what is written")
        _check(out, names, inputs)
    try:
        with hidden_folder(out / LIST) as partial:
            try:
                yield partial
            except InputError as error:  # what could not be written is known by the name that it would have had
                raise InputError(str(error).replace(str(partial), str(out))) from None
            made = list_files(partial)
            _check(out, made, inputs)
            with says_why(out, always=True):
                # a run killed in between leaves files of either list, and both are known
                known = read_manifest(out / LIST)
                write_manifest(out / LIST, *known, made)
                for name in made:
                    os.replace(partial / name, out / name)
                write_manifest(out / LIST, {name: seen for files in known for name, seen in files.items()} | made)
            partial.rmdir()
    except BaseException:
        if fresh:
            with suppress(OSError):  # something is in it
                out.rmdir()
        raise


def _check(out: Path, names: Iterable[str], inputs: list[Path]) -> None:
    """Refuse names of files that are the user's own."""
    known = read_manifest(out / LIST)
    for name in names:
        path = out / name
        if not os.path.lexists(path):
            continue
        if any(given.exists() and path.samefile(given) for given in inputs if path.exists()):
            raise InputError(f"{path}: is read, and would be overwritten; choose another folder for what is written")
        if path.is_dir() or file_hash(path) not in [files[name] for files in known if name in files]:
            raise InputError(
                f"{path}: is there already and not as an earlier run wrote it; not overwriting it: "
                "choose another folder for what is written"
            )
