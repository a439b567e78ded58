"""Finds a port that nobody listens on."""

import socket

_GIVEN: set[int] = set()
"""What this process was told to be free: who asked may not listen there yet."""


def free_port(preferred: int = 0, host: str = "127.0.0.1") -> int:
    """`preferred` when it is free, else any free port; any one is given once. Free now is no promise for later."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, preferred))
        except OSError:
            return free_port(0, host)
        port = int(probe.getsockname()[1])
    if not preferred and port in _GIVEN:
        return free_port(0, host)
    _GIVEN.add(port)
    return port
