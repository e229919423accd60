"""Stands in for a kernel towards Jupyter: asks the warm process for one, and lives as long as it does.

Run by its path and without site-packages, so that it starts in hundredths of a second: it may import nothing else.
"""

import json
import os
import signal
import socket
import sys

SOCKET_VARIABLE = "GRASPBOOK_KERNELS"
"""Environment variable with the address at which the warm process listens."""


def main(arguments: list[str]) -> int:
    """Ask for a kernel with these arguments; returns 1 when it has ended, for it ends only when it is killed."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(os.environ.pop(SOCKET_VARIABLE))
        environment = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
        request = {"arguments": arguments, "environment": environment, "folder": os.getcwd()}
        socket.send_fds(server, [json.dumps(request).encode() + b"\n"], [1, 2])
        kernel = int(server.recv(32) or b"0")
        if kernel:
            signal.signal(signal.SIGINT, lambda *_: os.kill(kernel, signal.SIGINT))
            server.recv(1)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
