"""`made.csv` in a stage's folder of reports: what the stage left in `artifacts/`, by the hashes of its bytes.

A stage that reads what a whole family of stages made depends on the family's folder of reports, which git keeps.
Through this file it depends on their data and weights too, which git does not keep.

A data set that a stage draws from states (`graspbook.data.states`), which it names among its outputs, is listed by
their hash and by the name of the settings and the code that drew it: on another processor both are the same, and the
last bits of its pictures are not.
"""

from collections.abc import Iterable
from pathlib import Path

from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.data.states import ENDING, read_states
from graspbook.pipeline.hashes import summarise

MADE = "made.csv"


def list_made(root: Path, paths: Iterable[Path], out: Path) -> None:
    """Write path, hash, bytes and number of files of each path, a file or a folder.

    Args:
        root: The folder that `paths` are relative to.
        paths: The files and folders, in the order in which they are listed.
        out: The CSV file to write.

    Raises:
        InputError: A path does not exist, or is an empty folder; or states cannot be read.
    """
    lines, paths = ["path,md5,bytes,files"], list(paths)
    for path in paths:
        found = summarise(root / path)
        if found.files == 0:
            raise InputError(f"{path}: the notebook should have made this, and it is not there")
        if states := [root / other for other in paths if is_states_of(other, path)]:
            lines.append(f"{path.as_posix()},{'+'.join(map(_named, states))},,{found.files}")
        else:
            lines.append(f"{path.as_posix()},{found.md5},{found.size},{found.files}")
    write_text(out, "\n".join(lines) + "\n")


def is_states_of(states: Path, path: Path) -> bool:
    """Whether a file has the states of a data set, or of a part of it, as far as its name says; it is its own.

    Args:
        states: The path of the file.
        path: The path of the data set.
    """
    part = states.name.removeprefix(path.name).removesuffix(ENDING)
    beside = states.parent == path.parent and states.name == f"{path.name}{part}{ENDING}"
    return (states == path and path.name.endswith(ENDING)) or (beside and (not part or part[0] == "." not in part[1:]))


def _named(path: Path) -> str:
    states = read_states(path)
    return f"{states.hash}.{states.made}"
