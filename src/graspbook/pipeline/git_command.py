"""Git as a command, in a repository."""

import subprocess
from pathlib import Path

from graspbook.core.errors import InputError


def commit_of(root: Path, revision: str) -> str:
    """The short name of a revision's commit.

    Args:
        root: The repository.
        revision: The git revision.

    Raises:
        InputError: There is no git, no git repository, or no such revision.
    """
    command = ["git", "rev-parse", "--verify", "--quiet", "--short=12", f"{revision}^{{commit}}"]
    try:
        found = subprocess.run(command, cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        raise InputError(f"git is not installed; comparing with the revision '{revision}' needs it") from None
    except ValueError:  # a name with a zero byte
        raise InputError(f"{root}: git knows no revision {revision!r} here") from None
    if found.returncode == 0:
        return found.stdout.strip()
    why = ""
    if subprocess.run(["git", "rev-parse", "--git-dir"], cwd=root, capture_output=True).returncode != 0:
        why = ": not a git repository; comparing with a revision needs a clone, not an archive"
    raise InputError(f"{root}: git knows no revision '{revision}' here{why}")
