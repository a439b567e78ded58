"""A free port is given to one who asks, and to nobody else."""

import socket

import pytest

from services.runtime import ports
from services.runtime.ports import free_port

pytestmark = pytest.mark.unit


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port()
    found = iter([first, first, 40_000])
    monkeypatch.setattr(socket.socket, "getsockname", lambda _: ("127.0.0.1", next(found)))
    monkeypatch.setattr(ports, "_GIVEN", {first})
    assert free_port() == 40_000


def test_a_port_that_somebody_has_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port
