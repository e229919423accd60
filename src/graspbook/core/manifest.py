"""What graspbook made in a folder, listed beside it with hashes: so that it replaces its own work and nobody else's."""

import hashlib
import json
import os
from pathlib import Path

Files = dict[str, str]
"""SHA-256 of each file by its path in the folder."""


def manifest_of(folder: Path) -> Path:
    """The file that lists what was made in a folder.

    Args:
        folder: The folder.
    """
    return folder.with_name(f".{folder.name}.manifest")


def list_files(folder: Path) -> Files:
    """The files in a folder and below. A link counts as a file, which is what it says and not what it leads to.

    Args:
        folder: The folder.
    """
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in _files(folder)}


def read_manifest(folder: Path) -> list[Files]:
    """Read what was made in a folder: several lists where a run was killed while one replaced the other.

    Args:
        folder: The folder.

    Returns:
        The lists; empty where there is none.
    """
    try:
        content = json.loads(manifest_of(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    lists = content if isinstance(content, list) else []
    return [files for files in lists if isinstance(files, dict)]


def write_manifest(folder: Path, *made: Files) -> None:
    """List what was made in a folder.

    Args:
        folder: The folder.
        made: The lists of files to write.
    """
    path = manifest_of(folder)
    temporary = path.with_name(f"{path.name}-{os.getpid()}")
    temporary.write_text(json.dumps(made, indent=0, sort_keys=True), encoding="utf-8")
    os.replace(temporary, path)


def foreign_file(folder: Path) -> str | None:
    """Find the first file in a folder that graspbook did not make, or that is no longer as it was made.

    Several lists are of what was there before and after one was replaced: each file has to be in one of them.

    Args:
        folder: The folder.

    Returns:
        The file's path in the folder; None where there is none.
    """
    lists = read_manifest(folder)
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        known = [files[name] for files in lists if name in files]
        if not known or file_hash(path) not in known:
            return name
    return None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def file_hash(path: Path) -> str:
    """SHA-256 of a file; of a link, where it leads to.

    Args:
        path: The file.
    """
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if not path.is_file():  # a pipe, a socket
        return "no file"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
