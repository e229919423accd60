"""Hashes in `dvc.lock`, for what changes reports without computing anything anew."""

from pathlib import Path

from dvc.utils.serialize import modify_yaml

from graspbook.pipeline.hashes import summarise
from graspbook.yaml_files import read_yaml


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
                    hashes[path] = hashes.get(path) or summarise(root / path).md5
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
                    found = summarise(root / path)
                    item["md5"], item["size"], item["nfiles"] = found.md5, found.size, found.files
