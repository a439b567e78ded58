"""Console, alerting and a receiver as processes over one ledger, and a real browser before them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from services.ledger import AlertRepository, Database, FeedbackRepository
from services.runtime.ports import free_port
from services.vocabulary import Alert, Event, Feedback
from tests.unit.alerting.line import SECRET
from tests.unit.console import house

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Facility:
    """Console, alerting and a receiver as processes over one ledger."""

    database: Database
    page: str
    received: Path

    def tell(self, event: Event) -> None:
        house.tell(self.database, event, time.time())

    def alert(self, event: Event) -> Alert | None:
        with self.database.read() as connection:
            return AlertRepository(connection).of_event(event.id)

    def feedback(self) -> list[Feedback]:
        with self.database.read() as connection:
            return FeedbackRepository(connection).recent(10)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.received.read_text().splitlines()] if self.received.exists() else []


@contextmanager
def launched() -> Iterator[Browser]:
    """A Chromium; without one the test is skipped, saying what to install."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs a browser: install the package chromium, which brings {CHROMIUM}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@contextmanager
def running(folder: Path, **told: str) -> Iterator[Facility]:
    """The processes, furnished; `told` are further settings. All end by themselves with status 0."""
    database, url = house.ledger(folder)
    house.furnish(database, time.time())
    page, hook = free_port(), free_port()
    health = {name: free_port() for name in ("alerts", "console")}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    environment = kept | {
        "ATTUNE_DATABASE_URL": url, "ATTUNE_EXIT_WITH_PARENT": "true", "ATTUNE_CONSOLE_PORT": str(page),
        "HOOK_SECRET": SECRET,
        "ATTUNE_HISTORY_FOLDER": str(folder / "history"), "ATTUNE_CONSOLE_HEALTH_PORT": str(health["console"]),
        "ATTUNE_ALERTS_HEALTH_PORT": str(health["alerts"]),
        "ATTUNE_ALERTS_RECEIVERS": json.dumps(
            [{"name": "nurse-call", "url": f"http://127.0.0.1:{hook}/hook", "secret": SECRET}]
        ),
    } | told  # fmt: skip
    received = folder / "received.jsonl"
    rooms = (
        ("services.alerting.receiver", "--port", str(hook), "--secret-variable", "HOOK_SECRET", "--log", str(received)),
        ("services.alerting",),
        ("services.console",),
    )
    processes = []
    for module, *arguments in rooms:
        with (folder / f"{module}.log").open("wb") as log:
            command = [sys.executable, "-m", module, *arguments]
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    try:
        for port in (*health.values(),):
            wait_for(lambda port=port: ready(f"http://127.0.0.1:{port}/readyz"))  # type: ignore[misc]
        wait_for(lambda: ready(f"http://127.0.0.1:{hook}/healthz"))
        yield Facility(database, f"http://127.0.0.1:{page}", received)
    finally:
        for process in processes:
            process.terminate()
        statuses = [process.wait(timeout=180) for process in processes]
        database.close()
    assert statuses == [0, 0, 0], (folder / "services.console.log").read_text()


def ready(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False


def wait_for(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
