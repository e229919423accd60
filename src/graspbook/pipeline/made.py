"""`made.csv` in a stage's folder of reports: what the stage left in `artifacts/`, by the hashes of its bytes.

A stage that reads what a whole family of stages made depends on the family's folder of reports, which git keeps.
Through this file it depends on their data and weights too, which git does not keep.
"""

from collections.abc import Iterable
from pathlib import Path

from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.pipeline.hashes import summarise

MADE = "made.csv"


def list_made(root: Path, paths: Iterable[Path], out: Path) -> None:
    """Write path, hash, bytes and number of files of each path, a file or a folder.

    Args:
        root: The folder that `paths` are relative to.
        paths: The files and folders, in the order in which they are listed.
        out: The CSV file to write.

    Raises:
        InputError: A path does not exist, or is an empty folder.
    """
    lines = ["path,md5,bytes,files"]
    for path in paths:
        found = summarise(root / path)
        if found.files == 0:
            raise InputError(f"{path}: the notebook should have made this, and it is not there")
        lines.append(f"{path.as_posix()},{found.md5},{found.size},{found.files}")
    write_text(out, "\n".join(lines) + "\n")
