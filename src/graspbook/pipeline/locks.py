"""Lock files: what they say, and bringing it up to date where reports change without anything being computed."""

from pathlib import Path

from dvc.utils.serialize import modify_yaml

from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.stages import pipeline_files


def lock_files(root: Path) -> list[Path]:
    """The lock files of the book and of its papers that exist.

    Args:
        root: The repository.
    """
    return [lock for path in pipeline_files(root) if (lock := path.with_suffix(".lock")).exists()]


def current_mentions(root: Path, places: list[Path]) -> list[tuple[Path, str, str, str]]:
    """Where lock entries name one of `places`, or a folder that holds one, by the hash that it has now.

    An entry with another hash is stale already, and is left out so that it stays so.

    Args:
        root: The repository.
        places: The files and folders, relative to the repository.

    Returns:
        The lock file, the stage, "deps" or "outs", and the path of each mention.
    """
    found, hashes = [], {}
    for lock in lock_files(root):
        for stage, entry in read_yaml(lock).get("stages", {}).items():
            for kind in ("deps", "outs"):
                for item in entry.get(kind, []):
                    path = item["path"]
                    if not any(place == Path(path) or Path(path) in place.parents for place in places):
                        continue
                    hashes[path] = hashes.get(path) or summarise(root / path).md5
                    if item["md5"] == hashes[path]:
                        found.append((lock, stage, kind, path))
    return found


def update_mentions(root: Path, mentions: list[tuple[Path, str, str, str]]) -> None:
    """Give lock entries the hash and the size that what they name has now.

    Args:
        root: The repository.
        mentions: The mentions that `current_mentions` found before the files changed.
    """
    for lock in {lock for lock, *_ in mentions}:
        with modify_yaml(str(lock)) as content:
            for other, stage, kind, path in mentions:
                if other == lock:
                    item = next(item for item in content["stages"][stage][kind] if item["path"] == path)
                    item.update(lock_item(root, path))


def lock_item(root: Path, path: str) -> dict[str, str | int]:
    """What a lock entry says of a file or folder as it is now.

    Args:
        root: The repository.
        path: The file or folder, relative to the repository.
    """
    found = summarise(root / path)
    item: dict[str, str | int] = {"path": path, "hash": "md5", "md5": found.md5, "size": found.size}
    return item if (root / path).is_file() else item | {"nfiles": found.files}
