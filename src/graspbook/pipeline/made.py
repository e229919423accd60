"""`made.csv` in a stage's folder of reports: what the stage left in `artifacts/`, by the hashes of its bytes.

A stage that reads what a whole family of stages made depends on the family's folder of reports, which git keeps.
Through this file it depends on their data and weights too, which git does not keep.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from graspbook.data.atomic import write_text
from graspbook.errors import InputError

MADE = "made.csv"


def list_made(root: Path, paths: Iterable[Path], out: Path) -> None:
    """Write path, SHA-256, bytes and number of files of each path, a file or a folder.

    Args:
        root: What `paths` are relative to.
        paths: In the order in which they are listed.
        out: The file to write.

    Raises:
        InputError: A path does not exist, or is an empty folder.
    """
    lines = ["path,sha256,bytes,files"]
    for path in paths:
        digest, size, count = _summary(root / path)
        if count == 0:
            raise InputError(f"{path}: the notebook should have made this, and it is not there")
        lines.append(f"{path.as_posix()},{digest},{size},{count}")
    write_text(out, "\n".join(lines) + "\n")


def _summary(path: Path) -> tuple[str, int, int]:
    """Hash of a file, or of the names and hashes of all files in a folder; bytes; number of files."""
    if path.is_file():
        content = path.read_bytes()
        return hashlib.sha256(content).hexdigest(), len(content), 1
    sha, size, count = hashlib.sha256(), 0, 0
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        digest, length, _ = _summary(file)
        sha.update(f"{file.relative_to(path).as_posix()} {digest}\n".encode())
        size, count = size + length, count + 1
    return sha.hexdigest(), size, count
