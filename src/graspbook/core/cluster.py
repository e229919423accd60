"""Pieces of work done by the Dask cluster that the environment variable GRASPBOOK_DASK names, and handed on in order.

A worker that dies costs nothing: its pieces go to the others, and what it had stored whole is kept. Every worker has to
have this version of the package, and one thread: what several threads share, such as PyTorch's number of threads or
OpenCV's, would make pieces slower or different. A worker that does not fit is refused before any piece begins, and one
that joins later before its first piece.
"""

from __future__ import annotations

import itertools
import os
import re
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import cloudpickle

from graspbook.core.errors import InputError

if TYPE_CHECKING:
    from distributed import Client, Future

Result = TypeVar("Result")

VARIABLE = "GRASPBOOK_DASK"
SECONDS = 10
"""How long a scheduler is waited for, and its first worker."""


def cluster_address() -> str | None:
    """The address of a Dask scheduler in the environment variable GRASPBOOK_DASK; None where it is not set.

    Raises:
        InputError: The variable is no address.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        return None
    if not re.fullmatch(r"(tcp|tls|inproc)://\S+", address):
        raise InputError(f"environment variable {VARIABLE}: expected an address as tcp://host:8786, got {address!r}")
    return address


def cluster_map(address: str, task: Callable[..., Result], count: int | None, folder: Path | None) -> Iterator[Result]:
    """The results of `task(0)`, `task(1)`, ..., worked ahead by the workers of a cluster.

    Whoever stops asking before the end closes the iterator: no new piece begins, and those under way are waited for.

    Args:
        address: The address of the scheduler.
        task: The function that a worker runs, with all that it needs; it must survive pickling.
        count: The number of results; None goes on without end.
        folder: The folder that pieces write to; None where they write none. Workers must see it, and this process's
            working directory, in which they work, under the same paths.

    Yields:
        The results, in the order of their numbers.

    Raises:
        InputError: There is no such scheduler, it has no worker, a worker does not fit, or a piece ended one process
            after another.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"environment variable {VARIABLE}: no Dask scheduler at {address}: {error}") from None
    with client, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")  # sent once, whatever its size
        place = os.getcwd()
        _check_workers(client, address, [place] if folder is None else [place, str(folder)])
        # the scheduler keeps the bytes, so that a worker that dies takes none of them along
        held = client.submit(cloudpickle.loads, cloudpickle.dumps(task), pure=False)
        waiting: deque[Future] = deque()
        try:
            for number in itertools.count() if count is None else range(count):
                waiting.append(client.submit(_piece, held, number, place, LOADED, pure=False))
                if len(waiting) > 2 * max(1, len(client.nthreads())):
                    yield _result(waiting.popleft(), address)
            while waiting:
                yield _result(waiting.popleft(), address)
        finally:
            for future in waiting:
                future.exception()  # waits, and raises nothing


def introduction() -> Callable[[list[str]], str]:
    """The function by which a process says what it runs; it travels as a whole, so that an older package can run it.

    Returns:
        A function of folders: the number of the package's version with a hash of its Python files, or what is missing.
    """

    def introduce(folders: list[str]) -> str:
        import hashlib
        import importlib.metadata
        import importlib.util
        import pathlib
        import sys

        for folder in folders:
            if not pathlib.Path(folder).is_dir():
                return f"no folder {folder}"
        loaded = getattr(sys.modules.get("graspbook.core.cluster"), "LOADED", None)
        if loaded is not None:  # of the code that runs, whatever has become of the files
            return loaded
        found = importlib.util.find_spec("graspbook")
        if found is None or not found.submodule_search_locations:
            return "no graspbook"
        [place, *_] = map(pathlib.Path, found.submodule_search_locations)
        sha = hashlib.sha256()
        for path in sorted(place.rglob("*.py")):
            sha.update(f"{path.relative_to(place).as_posix()}\0".encode() + path.read_bytes() + b"\0")
        try:
            number = importlib.metadata.version("graspbook")
        except importlib.metadata.PackageNotFoundError:
            number = "(not installed)"
        return f"graspbook {number} with code {sha.hexdigest()[:12]}"

    return introduce


LOADED = introduction()([])
"""What this process runs, as `introduction` says it."""


def _check_workers(client: Client, address: str, folders: list[str]) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError:
        raise InputError(f"environment variable {VARIABLE}: the scheduler at {address} has no worker") from None
    for worker, threads in client.nthreads().items():
        if threads != 1:
            raise InputError(f"worker {worker}: expected one thread (dask worker --nthreads 1), found {threads}")
    for worker, found in client.run(introduction(), folders).items():
        _check_version(found, f"worker {worker}", LOADED)


def _check_version(found: str, where: str, expected: str) -> None:
    if found != expected:
        raise InputError(f"{where}: expected {expected}, as it runs here, found {found}")


def _piece(task: Callable[[int], Result], number: int, place: str, expected: str) -> Result:
    """What a worker does; one that joined late says here what it runs."""
    _check_version(LOADED, "a worker that joined late", expected)
    os.chdir(place)
    return task(number)


def _result(future: Future, address: str) -> Result:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise InputError(f"cluster {address}: a piece of work ended one worker after another, {error}") from None
