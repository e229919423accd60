"""Runs tests on a throw-away copy of the repository, in a child of this process that has the libraries loaded already.

Importing PyTorch takes longer than most tests. So this process imports the libraries and none of the package; a child
that is forked from it imports the package, with the mutant in it, from the copy.
"""

import compileall
import contextlib
import importlib
import itertools
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = (
    *("numpy", "torch", "torchvision", "cv2", "pandas", "pyarrow", "scipy.ndimage", "scipy.spatial", "scipy.optimize"),
    *("numba", "pytest", "hypothesis", "pydantic", "yaml", "matplotlib.pyplot", "PIL.Image", "joblib", "timm"),
    *("accelerate", "safetensors.torch", "jaxtyping", "beartype", "pybullet", "pycocotools.mask", "pandera", "trimesh"),
)
LEFT_OUT = (".git", ".venv", ".dvc", "artifacts", "runs", "scratch", "site", "reports", ".hypothesis", ".ruff_cache")
"""What is not copied: what tests of wiring do not read."""
TEST_SECONDS = 120
"""Time for one test, after which it has failed."""


@dataclass(frozen=True)
class Outcome:
    """What a run of tests came to.

    Attributes:
        word: "passed", "failed" or "timed out".
        failed: The failed tests, or the files that could not be read.
    """

    word: str
    failed: list[str]


class Copy:
    """A throw-away copy of the repository, in which one module at a time is wrong.

    Args:
        root: The repository.
        folder: A folder that does not exist yet.
        packages: The top names of what a child has to import from the copy.
    """

    def __init__(self, root: Path, folder: Path, packages: tuple[str, ...] = ("graspbook", "tools", "tests")) -> None:
        self.folder, self._root, self._packages = folder, root, packages
        self._stamps = itertools.count(1)
        shutil.copytree(root, folder, ignore=lambda at, names: set(LEFT_OUT) & set(names) if Path(at) == root else ())
        compileall.compile_dir(folder / "src", quiet=2)

    def test(self, files: list[str], seconds: float, path: Path | None = None, text: str = "") -> Outcome:
        """Runs test files in the copy, until one fails.

        Args:
            files: The test files, in their order, relative to the repository.
            seconds: Time after which they are ended.
            path: A module relative to the repository; None: no module is wrong, and the tests go on after a failure.
            text: The module's source meanwhile.
        """
        if path is None:
            return self._forked([*files], seconds)
        module = self.folder / path
        right, stat = module.read_bytes(), module.stat()
        try:
            module.write_text(text)
            # a time that no other version of the file has, so that nobody takes the compiled code of another
            os.utime(module, (next(self._stamps),) * 2)
            return self._forked(["-x", *files], seconds)
        finally:
            module.write_bytes(right)
            os.utime(module, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def _forked(self, arguments: list[str], seconds: float) -> Outcome:
        failed = self.folder / "failed.txt"
        failed.write_text("")
        child = os.fork()
        if not child:
            code = 3
            try:
                code = self._pytest([*arguments, f"--timeout={TEST_SECONDS}", "-p", "no:cacheprovider"], failed)
            finally:
                os._exit(code)
        try:
            code = _waited(child, seconds)
        except BaseException:
            _end(child)
            raise
        tests = list(dict.fromkeys(failed.read_text().splitlines()))
        if code is None:
            return Outcome("timed out", tests)
        if code not in (0, 1, 2, 5):
            tests = [*tests, f"pytest ended with {code}"]
        return Outcome("passed" if code in (0, 5) else "failed", tests)

    def _pytest(self, arguments: list[str], failed: Path) -> int:
        """What the child does."""
        os.setsid()
        for stream in (1, 2):
            os.dup2(os.open(self.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.chdir(self.folder)
        os.environ["PYTHONPATH"] = str(self.folder / "src")
        ours = {str(self._root), str(self._root / "src"), ""}
        sys.path[:] = [str(self.folder / "src"), *(entry for entry in sys.path if entry not in ours)]
        for name in [name for name in sys.modules if name.split(".")[0] in self._packages]:
            del sys.modules[name]
        sys.dont_write_bytecode = "-x" in arguments
        import pytest

        return int(pytest.main(arguments, plugins=[_Failures(lambda test: _append(failed, test))]))


class _Failures:
    """A plug-in that tells which tests fail."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._tell(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport


def load_libraries() -> None:
    """Imports what all tests need and is not ours."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


def _waited(child: int, seconds: float) -> int | None:
    """The child's exit status; None where its time was over. All that it started ends with it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    _end(child)
    os.waitpid(child, 0)
    return None


def _end(child: int) -> None:
    """Ends a child, unless it is over, and the processes of its group."""
    for end in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            end(child, signal.SIGKILL)
