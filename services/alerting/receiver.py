"""A small webhook receiver that checks signatures and writes down what arrived: for trying things out, and for tests.

`python -m services.alerting.receiver --port 7085 --secret-file webhook.secret --log received.jsonl`
"""

import argparse
import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from services.runtime.lifecycle import refuse, run
from services.runtime.settings import RoomSettings, load
from services.runtime.webhook.signing import Verifier

LARGEST_BODY = 1_000_000


class Book:
    """What arrived, as JSON lines; it knows which messages it has seen, also from before a restart."""

    def __init__(self, file: Path, *keys: str) -> None:
        self._file = file
        self._verifier = Verifier(keys)
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            lines = (json.loads(line) for line in file.read_text().splitlines() if line.startswith("{"))
            self._seen = {line["message"] for line in lines if line["verified"]}

    def take(self, body: bytes, headers: Mapping[str, str], now: float) -> dict[str, Any]:
        """Check a message and write it down. Nothing of a message that does not verify is believed."""
        line: dict[str, Any] = {
            "message": headers.get("webhook-id", ""), "verified": False, "type": "", "alert": "", "tier": None,
            "headline": "", "opinion": False, "late_s": None, "received_at": now, "duplicate": False,
        }  # fmt: skip
        try:
            self._verifier.verify(headers, body, now)
            told = json.loads(body)
            data = told["data"]
            line |= {"verified": True, "type": told["type"], "opinion": data.get("assessment") is not None}
            line |= {key: data.get(key, line[key]) for key in ("alert", "tier", "headline", "late_s")}
        except (ValueError, KeyError, TypeError) as error:
            line["refused"] = f"{type(error).__name__}: {error}"[:200]
        with self._lock:
            if line["verified"]:
                line["duplicate"] = line["message"] in self._seen
                self._seen.add(line["message"])
            with self._file.open("a") as out:
                out.write(json.dumps(line) + "\n")
        return line


def readable(line: Mapping[str, Any]) -> str:
    """One line of the book for a person."""
    if not line["verified"]:
        return f"REFUSED, the signature does not verify ({line['refused']})"
    again = " (again, ignored)" if line["duplicate"] else ""
    return f"{line['type']} tier {line['tier']}: {line['headline']}{again}"


def server(host: str, port: int, book: Book) -> ThreadingHTTPServer:
    """An HTTP server that answers 204 to what verifies, 401 to what does not, and /healthz."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LARGEST_BODY:
                self.close_connection = True
                self._answer(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            line = book.take(self.rfile.read(int(length)), headers, time.time())
            print(readable(line), flush=True)  # noqa: T201 - a person reads this
            self._answer(204 if line["verified"] else 401)

        def do_GET(self) -> None:
            self._answer(204 if self.path == "/healthz" else 404)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    made = ThreadingHTTPServer((host, port), Handler)
    made.daemon_threads = True
    return made


def main() -> int:
    """Receive until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m services.alerting.receiver", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7085)
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--secret-file", type=Path, help="a file with the secret (whsec_…) or a public key (whpk_…)")
    secret.add_argument("--secret-variable", help="name of an environment variable that holds it")
    parser.add_argument("--log", type=Path, required=True, help="JSON lines are appended here")
    chosen = parser.parse_args()
    try:
        settings = load(RoomSettings)
        book = Book(chosen.log, _named(chosen.secret_variable) if chosen.secret_variable else _read(chosen.secret_file))
    except ValueError as error:
        return refuse(error)
    return run("receiver", settings, lambda stop: _serve(chosen.host, chosen.port, book, stop))


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ValueError(f"--secret-file {str(file)!r}: {error.strerror}; expected a readable file") from error


def _named(variable: str) -> str:
    if not os.environ.get(variable):
        raise ValueError(f"--secret-variable {variable!r}: expected the name of a variable that holds the secret")
    return os.environ[variable]


async def _serve(host: str, port: int, book: Book, stop: asyncio.Event) -> None:
    listening = server(host, port, book)
    print(f"receiving webhooks at http://{host}:{listening.server_port}/", flush=True)  # noqa: T201
    threading.Thread(target=listening.serve_forever, name="receiver", daemon=True).start()
    await stop.wait()
    await asyncio.to_thread(listening.shutdown)
    listening.server_close()


if __name__ == "__main__":
    sys.exit(main())
