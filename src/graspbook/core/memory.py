"""Whether there is memory for what a user asks for, said before it is begun."""

from __future__ import annotations

from pathlib import Path

from graspbook.core.errors import InputError

_MEMINFO, _CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def free_memory() -> int | None:
    """Bytes that a program can still take, of the machine's and of the container's that it runs in; None: not known."""
    found = []
    try:
        lines = dict(line.split(":") for line in _MEMINFO.read_text(encoding="ascii").splitlines())
        found.append(1024 * int(lines["MemAvailable"].split()[0]))
    except (OSError, ValueError, KeyError):  # another system than Linux
        return None
    try:
        limit = int((_CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        counts = dict(line.split() for line in (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        found.append(limit - used + int(counts["inactive_file"]))
    except (OSError, ValueError, KeyError):  # no limit
        pass
    return min(found)


def check_memory(needed: float, what: str) -> None:
    """Refuse what would need more memory than there is.

    Args:
        needed: Memory that it would take at least, bytes.
        what: What is asked for, with which the error message begins, such as "picture: 9000x9000 pixels".

    Raises:
        InputError: There is less.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise InputError(f"{what} would take about {needed / 1e9:.3g} GB of memory; {free / 1e9:.1f} GB are free")
