"""A small real HTTP server that answers like a vLLM server on a bad day (and on a good one)."""

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends: a status and a body, after `wait_s` or once `let_go` is set, or nothing at all (`hang`,
    `drop`), or no HTTP (`noise`)."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    hang: bool = False
    drop: bool = False
    noise: bool = False
    wait_s: float = 0.0
    let_go: threading.Event | None = None


def completion(content: str | None, finish: str = "stop", **message: Any) -> Answer:
    """A chat completion with the many fields that a real server adds."""
    said = {"role": "assistant", "content": content, "tool_calls": [], **message}
    choice = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None, "stop_reason": None}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "qwen3-vl", "choices": [choice], "usage": {}}
    return Answer(body=json.dumps(body).encode())


def refusal(status: int, message: str) -> Answer:
    """An error in the server's own words."""
    return Answer(status, json.dumps({"error": {"message": message, "type": "x", "code": status}}).encode())


@dataclass(slots=True)
class ModelServer:
    """Gives the answers in turn, the last one for ever, and remembers what it was asked."""

    url: str
    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each request, by name in lower case."""
    health: int = 200
    aborted: int = 0
    """Requests whose caller went away before they were answered."""

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def model_server(*answers: Answer) -> Iterator[ModelServer]:
    """A server on loopback for the duration of the block."""
    closing = threading.Event()
    state = ModelServer("", list(answers))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state, closing.wait))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        closing.set()
        server.shutdown()
        server.server_close()


def _handler(state: ModelServer, ended: Callable[[float], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append({"path": self.path, **json.loads(body)})
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = state.next()
            left = float("inf") if answer.hang else answer.wait_s
            if answer.let_go is not None:
                left = float("inf")
            while left > 0 and not self._caller_gone() and not ended(0.02):
                left = 0.0 if answer.let_go is not None and answer.let_go.is_set() else left - 0.02
            if left > 0 and self._caller_gone():
                state.aborted += 1
            if left > 0 or answer.drop:
                self.close_connection = True
                return
            if answer.noise:
                self.close_connection = True
                self.wfile.write(b"this is no answer\r\n\r\n")
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def _caller_gone(self) -> bool:
            readable, _, _ = select.select([self.connection], [], [], 0.0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

        def do_GET(self) -> None:
            self.send_response(state.health)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
