"""The files of a git revision: what is committed, to be compared with what lies in a folder."""

import hashlib
import subprocess
from pathlib import Path

from graspbook.pipeline.git_command import commit_of


class Revision:
    """The files of a repository at one revision."""

    def __init__(self, root: Path, name: str = "HEAD") -> None:
        """List the files.

        Args:
            root: The repository, or a folder of one; paths are relative to it.
            name: The name of the revision, as git has it.

        Raises:
            InputError: There is no git repository, or no such revision.
        """
        self.root, self.name = root, name
        commit_of(root, name)
        listed = subprocess.run(["git", "ls-tree", "-r", "-z", name], cwd=root, capture_output=True, text=True)
        entries = (entry.split("\t", 1) for entry in listed.stdout.split("\0") if entry)
        self._blobs = {path: about.split()[2] for about, path in entries}

    def files(self, path: str = ".") -> list[str]:
        """The files at a path, itself or below it; none where it is not in git.

        Args:
            path: The file or folder.
        """
        return [name for name in self._blobs if path in (".", name) or name.startswith(f"{path}/")]

    def read(self, path: str) -> bytes | None:
        """The content of a file; None where it is not in git.

        Args:
            path: The path of the file.
        """
        if path not in self._blobs:
            return None
        return subprocess.run(["git", "cat-file", "blob", self._blobs[path]], cwd=self.root, capture_output=True).stdout

    def has(self, path: str, content: bytes) -> bool:
        """Whether a file has this content, without reading it.

        Args:
            path: The path of the file.
            content: The bytes.
        """
        own = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        return self._blobs.get(path) == own
