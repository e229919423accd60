"""What benchmarks share: the time of a call, and public packages in a throw-away environment.

NumPy is all that this file needs, so that what runs in such an environment can import it, too.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable

import numpy as np


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """Median processor time of a call, after one that does not count."""
    call()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return 1e3 * float(np.median(spent))


def uv() -> str:
    """The machine's uv, or the one that `make setup` fetches if there is none."""
    return shutil.which("uv") or "scratch/uv/bin/uv"


def printed(commands: list[list[str]], what: str, environment: dict[str, str]) -> list[dict]:
    """The JSON lines that the last of some commands prints; none, and the reason said, where one of them cannot run."""
    try:
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        print(f"[bench] public {what} left out: {reason}", flush=True)
        return []
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
