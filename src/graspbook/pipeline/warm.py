"""Kernels that start at once: a process imports what the notebooks import, and forks for each kernel.

Importing torch, transformers and pandas takes a kernel longer than many a page of the `quick` profile computes. So
while a pipeline runs side by side, one process has imported them; Jupyter starts `warm_client` in place of a kernel,
and that asks the process for a fork of itself, which then is the kernel. The client lives as long as its kernel.
"""

import ast
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from graspbook.pipeline import ticking
from graspbook.pipeline.kernel import kernel_environment
from graspbook.pipeline.sources import read_notebook
from graspbook.pipeline.warm_client import SOCKET_VARIABLE

_BACKEND = "module://matplotlib_inline.backend_inline"
"""How a kernel draws; matplotlib reads it when it is imported."""
_CHUNK = 1 << 16  # bytes


def imported_by(notebooks: Iterable[Path]) -> list[str]:
    """Names of the modules that notebooks import.

    Args:
        notebooks: The paths of the notebooks. A cell that is not Python, as one with a magic, counts as importing
            nothing.
    """
    names: set[str] = set()
    for path in notebooks:
        for cell in read_notebook(path).cells:
            if cell.cell_type == "code":
                with contextlib.suppress(SyntaxError):
                    names |= _imports(ast.parse(cell.source))
    return sorted(names)


@contextlib.contextmanager
def warm_kernels(folder: Path, modules: list[str], environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """While this holds, kernels that are given the variables which it yields start from a warm process.

    Args:
        folder: The repository or a workspace; its `src` comes first.
        modules: The names of the modules to import beforehand. What cannot be imported is left to the notebook, which
            will say so.
        environment: The environment variables that must hold when they are imported, such as the number of threads.

    Yields:
        The environment variables that make kernels start from the warm process.
    """
    with tempfile.TemporaryDirectory(prefix="graspbook-") as temporary, socket.socket(socket.AF_UNIX) as listener:
        address = str(Path(temporary) / "kernels")
        listener.bind(address)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(listener.fileno()), *modules],
            cwd=folder,
            env=os.environ | kernel_environment(folder) | {"MPLBACKEND": _BACKEND} | environment,
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,  # ends with this process, however that ends
        )
        try:
            yield {SOCKET_VARIABLE: address}
        finally:
            process.kill()
            process.communicate()


def serve(listener: socket.socket, modules: list[str]) -> None:
    """Import `modules`, then fork a kernel for each client that connects, until standard input ends.

    Args:
        listener: The socket at which clients connect.
        modules: The names of the modules to import.
    """
    for name in ["ipykernel.kernelapp", *modules]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.collect()
    gc.freeze()  # what is shared with the forks stays shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: their clients do
    while True:
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _become_kernel(client)
        client.close()


def _become_kernel(client: socket.socket) -> None:
    """In a fork: take over the client's folder, variables and outputs, and be a kernel to the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        text, outputs, _, _ = socket.recv_fds(client, _CHUNK, 2)
        while not text.endswith(b"\n"):
            text += client.recv(_CHUNK)
        request = json.loads(text)
        os.setsid()
        for standard, other in zip((0, 1, 2), (os.open(os.devnull, os.O_RDONLY), *outputs), strict=True):
            os.dup2(other, standard)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        if os.environ.get(ticking.VARIABLE) == ticking.TICKING:
            ticking.let_the_clock_tick()
        client.sendall(str(os.getpid()).encode())
        threading.Thread(target=_end_with, args=(client,), daemon=True).start()

        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=request["arguments"])
        code = 0
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Wait until the process that started this one is gone; its kernels end with their clients."""
    os.read(0, 1)
    os._exit(0)


def _end_with(client: socket.socket) -> None:
    """Wait until the client is gone; nobody wants this kernel any more."""
    client.recv(1)
    os._exit(1)


def _imports(tree: ast.Module) -> set[str]:
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return plain | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
