"""The hashes that DVC gives files and folders, so that what we list agrees with its lock files."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Summary:
    """What lies at a path.

    Attributes:
        md5: The MD5 hash of a file's bytes; for a folder, that of the names and hashes of its files in the order of
            their paths, and ".dir".
        size: The size in bytes.
        files: The number of files; 0 for an empty folder, and where there is nothing.
    """

    md5: str
    size: int
    files: int


def summarise(path: Path) -> Summary:
    """The hash, the size and the number of files of what lies at a path.

    Args:
        path: The file or folder.
    """
    if path.is_file():
        content = path.read_bytes()
        return Summary(_md5(content), len(content), 1)
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    hashed = [(name, summarise(file)) for name, file in files]
    listed = json.dumps([{"md5": one.md5, "relpath": name} for name, one in hashed], sort_keys=True)
    return Summary(_md5(listed.encode()) + ".dir", sum(one.size for _, one in hashed), len(hashed))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
