"""Hashes in `dvc.lock`, for what changes reports without computing anything anew."""

import hashlib
import json
from pathlib import Path

from dvc.utils.serialize import modify_yaml

from graspbook.yaml_files import read_yaml


def folder_hash(folder: Path) -> str:
    """The hash that DVC gives a folder: of the names and hashes of its files, in the order of their paths."""
    files = sorted((file.relative_to(folder).parts, file) for file in folder.rglob("*") if file.is_file())
    listed = [{"md5": _file_hash(file), "relpath": "/".join(parts)} for parts, file in files]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def lock_files(root: Path) -> list[Path]:
    """The lock files of the book and of its papers that exist."""
    return [path for path in (root / "dvc.lock", *sorted(root.glob("notebooks/*/dvc.lock"))) if path.exists()]


def current_mentions(root: Path, folders: list[Path]) -> list[tuple[Path, str, str, str]]:
    """Where lock entries name a folder among `folders`, or one that holds one, by the hash that it has now.

    An entry with another hash is stale already, and is left out so that it stays so.

    Args:
        root: The repository.
        folders: Relative to it.

    Returns:
        Lock file, stage, "deps" or "outs", and path of each.
    """
    found, hashes = [], {}
    for lock in lock_files(root):
        for stage, entry in read_yaml(lock).get("stages", {}).items():
            for kind in ("deps", "outs"):
                for item in entry.get(kind, []):
                    path = item["path"]
                    if not any(folder == Path(path) or Path(path) in folder.parents for folder in folders):
                        continue
                    hashes[path] = hashes.get(path) or folder_hash(root / path)
                    if item["md5"] == hashes[path]:
                        found.append((lock, stage, kind, path))
    return found


def update_mentions(root: Path, mentions: list[tuple[Path, str, str, str]]) -> None:
    """Give lock entries the hash and the size that the folders they name have now.

    Args:
        root: The repository.
        mentions: As `current_mentions` found them before the folders changed.
    """
    for lock in {lock for lock, *_ in mentions}:
        with modify_yaml(str(lock)) as content:
            for other, stage, kind, path in mentions:
                if other == lock:
                    item = next(item for item in content["stages"][stage][kind] if item["path"] == path)
                    files = [file for file in (root / path).rglob("*") if file.is_file()]
                    item["md5"] = folder_hash(root / path)
                    item["size"] = sum(file.stat().st_size for file in files)
                    item["nfiles"] = len(files)


def _file_hash(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
