"""The processes of one small facility: threshold service, alerting, a receiver and a sender, on one ledger."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.spool import Spool
from services.ledger import AlertRepository, Database, EventRepository, SnapshotRepository
from services.runtime.ports import free_port
from services.vocabulary import Alert, Event, Policy
from tests.bench.killing.sender import AGENT
from threshold_service.engine import Engine
from threshold_service.kept_state import Kept

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1iZW5jaC1vbmx5LW5vdC1hLWZhY2lsaXR5"
LATE_S = 1e7
"""Nothing counts as late here: a life of hours passes in minutes."""


class Stuck(RuntimeError):
    """Something that must happen did not; says what."""


@dataclass(frozen=True, slots=True)
class Life:
    """What is lived: `residents` from second 0 at `origin` on, `backlog` seconds of it at once, then `speed` to one."""

    seed: int
    residents: int
    origin: float
    backlog: int
    speed: float
    total: int = 0


@dataclass
class House:
    """One facility over the ledger at `url`; every process can be killed and started again."""

    folder: Path
    url: str
    life: Life
    redis_url: str = ""
    port: int = field(default_factory=free_port)
    hook: int = field(default_factory=free_port)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    health: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.began = time.time()
        self.database = Database(self.url)
        spool = Spool(self.folder / "spool.db", ballast_bytes=0)
        spool.keep_fact("epoch", f"{self.life.seed:032x}")  # the same in a facility it is compared with
        spool.close()

    def start(self, name: str) -> None:
        """Start one of `threshold`, `alerting`, `receiver`, `sender`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *self._command(name)], env=self._environment(name), stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        """SIGKILL: not a word can be said after it."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End what runs, the service last, so that alerting hears of everything."""
        for name in ("sender", "alerting", "receiver", "threshold"):
            process = self.running.pop(name, None)
            if process is not None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.database.close()

    def check(self) -> None:
        """
        Raises:
            Stuck: a process ended that nobody killed.
        """
        for name, process in self.running.items():
            if process.poll() is not None and not (name == "sender" and process.returncode == 0):
                end = (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
                raise Stuck(f"{name} ended with status {process.returncode}; the end of its log:\n{end}")

    def wait(self, what: str, happened: Callable[[], bool], patience_s: float) -> float:
        """Seconds until something happened.

        Raises:
            Stuck: it did not in time.
        """
        began = time.monotonic()
        while not happened():
            self.check()
            if time.monotonic() - began > patience_s:
                raise Stuck(f"waited {patience_s:g} s for this: {what}")
            time.sleep(0.03)
        return time.monotonic() - began

    def durable(self) -> int:
        """The sequence up to which everything is in a snapshot."""
        with self.database.read() as connection:
            kept = SnapshotRepository(connection).latest(AGENT)
        return 0 if kept is None else kept.sequence

    def snapshot(self) -> bytes:
        """The whole state that lies in the ledger, as bytes."""
        with self.database.read() as connection:
            kept = SnapshotRepository(connection).latest(AGENT)
        assert kept is not None
        engine, damaged = Engine.joined(Kept(kept.blob, kept.parts), Policy())
        assert not damaged, f"the slow part of {damaged} residents cannot be read"
        return engine.dump()

    def events(self) -> dict[str, Event]:
        """Every event by id."""
        found: dict[str, Event] = {}
        with self.database.read() as connection:
            for seat in range(self.life.residents):
                page = EventRepository(connection).page(None, 10_000, f"r-{seat}")
                found |= {event.id: event for event in page}
        return found

    def conflicts(self) -> int:
        """Events that contradicted what was recorded."""
        with self.database.read() as connection:
            return EventRepository(connection).conflict_count

    def alert_of(self, event: Event) -> Alert | None:
        """The alert that was made of an event."""
        with self.database.read() as connection:
            return AlertRepository(connection).of_event(event.id)

    def received(self) -> list[dict[str, object]]:
        """What the receiver wrote down, a message that came again included."""
        book = self.folder / "received.jsonl"
        return [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []

    def no_more(self) -> int:
        """Nothing new is lived from now on; how many samples there are when the sender has heard of it."""
        (self.folder / "stop").touch()
        time.sleep(0.5)
        with sqlite3.connect(self.folder / "spool.db", timeout=10) as spool:
            return int(spool.execute("SELECT value FROM facts WHERE name = 'newest'").fetchone()[0])

    def _command(self, name: str) -> list[str]:
        lived = self.life
        facts = {
            "folder": self.folder, "server": f"127.0.0.1:{self.port}", "seed": lived.seed, "total": lived.total,
            "residents": lived.residents, "origin": lived.origin, "began": self.began, "speed": lived.speed,
            "backlog": lived.backlog,
        }  # fmt: skip
        book = ["--log", str(self.folder / "received.jsonl"), "--secret-variable", "HOOK_SECRET"]
        book += ["--port", str(self.hook)]
        return {
            "threshold": ["threshold_service"],
            "alerting": ["services.alerting"],
            "receiver": ["services.alerting.receiver", *book],
            "sender": ["tests.bench.killing.sender", *(f"--{key}={value}" for key, value in facts.items())],
        }[name]

    def _environment(self, name: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
        hook = [{"name": "nurse", "url": f"http://127.0.0.1:{self.hook}/hook", "secret": SECRET}]
        shared = kept | {"ATTUNE_EXIT_WITH_PARENT": "true", "ATTUNE_LOG_LEVEL": "warning"}
        ledger = shared | {
            "ATTUNE_DATABASE_URL": self.url, "ATTUNE_HISTORY_FOLDER": str(self.folder / "history"),
            "ATTUNE_REDIS_URL": self.redis_url, "ATTUNE_QUEUE_PREFIX": f"attune:bench:{self.port}:",
        }  # fmt: skip
        port = str(self.health.setdefault(name, free_port()))
        return {
            "sender": kept,
            "receiver": shared | {"HOOK_SECRET": SECRET},
            "threshold": ledger | {
                "ATTUNE_THRESHOLD_PORT": str(self.port), "ATTUNE_THRESHOLD_HEALTH_PORT": port,
                "ATTUNE_THRESHOLD_SNAPSHOT_S": "0.3", "ATTUNE_THRESHOLD_ASSESS": "",
            },
            "alerting": ledger | {
                "ATTUNE_ALERTS_RECEIVERS": json.dumps(hook), "ATTUNE_ALERTS_HEALTH_PORT": port,
                "ATTUNE_ALERTS_TIER1_LATE_S": str(LATE_S), "ATTUNE_ALERTS_TIER2_LATE_S": str(LATE_S),
                "ATTUNE_ALERTS_TIER2_WAIT_S": "1",
            },
        }[name]  # fmt: skip


@contextmanager
def furnished(house: House) -> Iterator[House]:
    """A house whose processes end with the block, however it ends."""
    try:
        house.database.migrate()
        yield house
    finally:
        house.stop()
