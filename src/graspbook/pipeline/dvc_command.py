"""DVC as a command, in a folder."""

import os
import subprocess
import sys
from pathlib import Path


class PipelineError(RuntimeError):
    """A stage of the pipeline failed; its own message stands above, in the terminal."""


def run_dvc(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run DVC in `folder`, with this Python's own programs first on the path.

    Args:
        folder: The repository or a workspace.
        arguments: The arguments of DVC.
        environment: Further environment variables.

    Raises:
        PipelineError: DVC reports a failure.
    """
    programs = str(Path(sys.executable).parent)
    variables = os.environ | {"PATH": os.pathsep.join([programs, os.environ.get("PATH", "")])} | (environment or {})
    command = [sys.executable, "-m", "dvc", *arguments]
    if subprocess.run(command, cwd=folder, env=variables, check=False).returncode != 0:
        raise PipelineError(
            f"`dvc {' '.join(arguments)}` failed in {folder}; what went wrong stands above. "
            "Run the same command again to continue from there"
        )
