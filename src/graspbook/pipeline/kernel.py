"""The kernel that executes notebooks: this very Python, with the code of the working directory."""

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from graspbook.progress import TERMINAL_VARIABLE, terminal_path

_TQDM_WARNING = "ignore:IProgress not found"


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this very Python, whatever kernels the machine has installed.

    The kernel takes graspbook from the `src` folder of its working directory, where there is one: the code
    that the pipeline has recorded, not another checkout's.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """How the kernel is started; what is written to its standard error never reaches the notebook."""
        environment = {
            TERMINAL_VARIABLE: terminal_path(),
            "PYTHONHASHSEED": "0",
            # tqdm, imported by other packages, misses a widget that our bars do not use.
            "PYTHONWARNINGS": ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), _TQDM_WARNING])),
        }
        if Path("src/graspbook").is_dir():
            inherited = os.environ.get("PYTHONPATH")
            environment["PYTHONPATH"] = os.pathsep.join(
                [str(Path("src").resolve())] + ([inherited] if inherited else [])
            )
        return KernelSpec(
            # The kernel's own log (50: fatal errors only) is about its transport, not about the notebook.
            argv=[sys.executable, "-m", "ipykernel_launcher", "--log-level=50", "-f", "{connection_file}"],
            env=environment,
            display_name="Python 3",
            language="python",
        )
