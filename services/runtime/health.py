"""Answers /healthz, /readyz and /metrics for one process on a thread of its own."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

Check = Callable[[], str]
"""Empty when ready, otherwise one line that says what is missing."""


class PortTaken(OSError):
    """An address that cannot be listened at; the message names it and the remedy."""


class HealthServer:
    """Liveness (the process answers), readiness (every named check is empty) and Prometheus metrics.

    Bind to loopback unless a container network is the boundary; there is nothing personal behind it.

    Raises:
        PortTaken: nobody can listen at this address.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry = REGISTRY) -> None:
        self._checks: dict[str, Check] = {}
        self._notes: dict[str, Check] = {}
        self._registry = registry
        try:
            self._server = ThreadingHTTPServer((host, port), self._handler())
        except OSError as error:
            raise PortTaken(
                f"health cannot be answered at {host}:{port}: {error.strerror}; end what listens there, or set this "
                "room's health_host and health_port"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that is bound (useful when 0 was asked for)."""
        return int(self._server.server_address[1])

    def add(self, name: str, check: Check) -> None:
        """Make readiness depend on `check`."""
        self._checks[name] = check

    def note(self, name: str, check: Check) -> None:
        """Tell of `check` where somebody asks for readiness, which does not depend on it."""
        self._notes[name] = check

    def start(self) -> "HealthServer":
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/healthz":
            return 200, "text/plain", b"ok\n"
        if path == "/readyz":
            missing, told = _said(self._checks), _said(self._notes)
            lines = [*(missing or ["ready"]), *told]
            return (503 if missing else 200), "text/plain", "\n".join(lines).encode() + b"\n"
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        return 404, "text/plain", b"expected /healthz, /readyz or /metrics\n"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = answer(self.path.partition("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def _said(checks: dict[str, Check]) -> list[str]:
    return [f"{name}: {problem}" for name, check in checks.items() if (problem := check())]
