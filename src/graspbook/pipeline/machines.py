"""`reports/machines.csv`: on what each notebook last ran, which no stage depends on.

Training and ray casting round differently on another type of processor, with other instructions, libraries or numbers
of threads. Whoever compares two runs (`graspbook verify`) wants to know.
"""

import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from pathlib import Path

from graspbook.pipeline.timings import put_line, read_lines

MACHINES = Path("reports/machines.csv")
_INSTRUCTIONS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sve": "SVE", "asimd": "NEON"}
"""Sets of vector instructions, the widest first, by the flag of the processor."""


@dataclass(frozen=True)
class Machine:
    """What the bytes of a run may depend on, beside its inputs.

    Attributes:
        processor: The model of the processor, and of the GPU if there is one.
        instructions: The architecture and its widest vector instructions.
        threads: The number of threads of a computation.
        torch: The version of PyTorch.
        numpy: The version of NumPy.
        numba: The version of Numba.
    """

    processor: str
    instructions: str
    threads: str
    torch: str
    numpy: str
    numba: str

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'' if self.threads == '1' else 's'}"
        versions = f"torch {self.torch}, numpy {self.numpy}, numba {self.numba}"
        return f"{self.processor}, {self.instructions}, {threads}, {versions}"


_COLUMNS = [field.name for field in fields(Machine)]


def this_machine(cpuinfo: Path = Path("/proc/cpuinfo"), gpus: Path = Path("/proc/driver/nvidia/gpus")) -> Machine:
    """The machine of this process.

    Args:
        cpuinfo: What Linux says of its processors.
        gpus: The folder in which the driver says what GPUs there are.
    """
    said = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.is_file() else ""
    flags = set(_said(said, "flags|Features").split())
    vectors = next((name for flag, name in _INSTRUCTIONS.items() if flag in flags), "")
    names = [_said(path.read_text(), "Model") for path in sorted(gpus.glob("*/information"))]
    threads = os.environ.get("OMP_NUM_THREADS") or str(_cores())
    libraries = {name: _version(name) for name in ("torch", "numpy", "numba")}
    return Machine(
        " + ".join([_processor(said), *names]), f"{platform.machine()} {vectors}".strip(), threads, **libraries
    )


def record_machine(path: Path, stage: str, profile: str) -> None:
    """Say on what a stage ran; see `graspbook.pipeline.timings.put_line`.

    Args:
        path: The CSV file of the table.
        stage: The stage's folder of reports.
        profile: The name of the profile at which it ran.
    """
    put_line(path, stage, profile, asdict(this_machine()))


def read_machines(text: str) -> dict[str, Machine]:
    """On what each stage ran, by its folder of reports.

    Args:
        text: The CSV text of `machines.csv`; of none of its form, nothing is read.
    """
    return {stage: Machine(**values) for (_, stage), values in read_lines(text, _COLUMNS).items()}


def _processor(said: str) -> str:
    if name := _said(said, "model name"):
        # a virtual machine may hide the name; family and model still tell the type
        family, model = _said(said, "cpu family"), _said(said, "model")
        return f"{name} (family {family}, model {model})" if family and model else name
    if platform.system() == "Darwin":
        asked = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        return asked.stdout.strip()
    return platform.processor() or platform.machine()


def _said(text: str, name: str) -> str:
    found = re.search(rf"^(?:{name})\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
