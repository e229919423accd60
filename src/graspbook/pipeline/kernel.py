"""The kernel that executes notebooks: this very Python, with the code of the working directory."""

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from graspbook.core.progress import TERMINAL_VARIABLE, terminal_path
from graspbook.pipeline import warm_client
from graspbook.pipeline.warm_client import SOCKET_VARIABLE

_TQDM_WARNING = "ignore:IProgress not found"

_ALLOCATION = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
}
"""glibc keeps freed memory: without, each step of a training asks the system for the same pages again, and takes a
third longer on a CPU (measured, tests/benchmarks/bench_allocation.py)."""


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this very Python, whatever kernels the machine has installed.

    The kernel takes graspbook from the `src` folder of its working directory, where there is one: the code
    that the pipeline has recorded, not another checkout's.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """How the kernel is started; what is written to its standard error never reaches the notebook."""
        program = ["-S", "-E", warm_client.__file__] if SOCKET_VARIABLE in os.environ else ["-m", "ipykernel_launcher"]
        return KernelSpec(
            # The kernel's own log (50: fatal errors only) is about its transport, not about the notebook.
            argv=[sys.executable, *program, "--log-level=50", "-f", "{connection_file}"],
            env=kernel_environment(Path()),
            display_name="Python 3",
            language="python",
        )


def kernel_environment(folder: Path) -> dict[str, str]:
    """The variables that a kernel needs beside those of this process.

    Args:
        folder: The working directory of the kernel.
    """
    environment = {name: value for name, value in _ALLOCATION.items() if name not in os.environ} | {
        TERMINAL_VARIABLE: terminal_path(),
        "PYTHONHASHSEED": "0",
        # tqdm, imported by other packages, misses a widget that our bars do not use.
        "PYTHONWARNINGS": ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), _TQDM_WARNING])),
    }
    if (folder / "src" / "graspbook").is_dir():
        inherited = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(
            [str((folder / "src").resolve())] + ([inherited] if inherited else [])
        )
    return environment
