"""How long from an event to the webhook that tells of it: the real process, a real receiver, 50 events a second.

Every event is one of tier 1 of one of 60 residents, so that in the end 17 alerts are open in each room.

`python -m tests.bench.alerting` measures SQLite, and PostgreSQL and Redis where ATTUNE_TEST_DATABASE_URL and
ATTUNE_TEST_REDIS_URL name them. Beside each stands the same webhook posted straight to the same receiver in between."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from services.ledger import Database
from services.ledger.relay import relay
from services.ledger.topics import EVENT_CHANGED
from services.runtime.clock import SystemClock
from services.runtime.ports import free_port
from services.runtime.queue import open_queue
from services.vocabulary import Position, event_id
from tests.bench.table import Figure, publish
from tests.unit.console import house

RATE, SECONDS, WARM, RESIDENTS = 50.0, 20.0, 50, 60
BAR_S = 0.3
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1iZW5jaC1vbmx5LW5vdC1hLWZhY2lsaXR5"


@dataclass
class Arrivals:
    """A receiver that writes down when each event was first told of, and when each direct post came."""

    at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arrivals = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                arrivals.at.setdefault(told["data"]["event"], time.time())
                self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@contextmanager
def alerting(url: str, redis_url: str, prefix: str, hook: str) -> Iterator[int]:
    """The real process, with one receiver; its number."""
    port = free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    told = {
        "ATTUNE_DATABASE_URL": url, "ATTUNE_REDIS_URL": redis_url, "ATTUNE_QUEUE_PREFIX": prefix,
        "ATTUNE_EXIT_WITH_PARENT": "true", "ATTUNE_LOG_LEVEL": "error", "ATTUNE_ALERTS_HEALTH_PORT": str(port),
        "ATTUNE_ALERTS_RECEIVERS": json.dumps([{"name": "ward", "url": hook, "secret": SECRET}]),
    }  # fmt: skip
    running = subprocess.Popen([sys.executable, "-m", "services.alerting"], env=kept | told)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            assert time.monotonic() < end and running.poll() is None, "alerting does not become ready"
            time.sleep(0.1)
        yield running.pid
    finally:
        running.terminate()
        running.wait(timeout=30)


def cpu_s(process: int) -> float:
    """Processor seconds that a process has used."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def tell(
    database: Database, url: str, redis_url: str, prefix: str, hook: str
) -> tuple[dict[str, float], list[str]]:
    """Events at the rate, each with its message, relayed as the threshold service does; when each was told, and the
    names of direct posts in between."""
    clock, stop = SystemClock(), asyncio.Event()
    queue = open_queue(redis_url, url, prefix)
    carrying = asyncio.create_task(relay(database, queue, (EVENT_CHANGED,), stop, clock))
    told: dict[str, float] = {}
    straight: list[str] = []
    async with httpx.AsyncClient(trust_env=False) as client:
        begin = time.monotonic()
        for number in range(WARM + int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            who = f"room-{number % RESIDENTS}"
            where = Position("bench", "0" * 32, number)
            place = replace(house.event(who, time.time()).evidence, place=who)
            one = house.event(who, time.time(), id=event_id(who, where), position=where, evidence=place)
            told[one.id] = time.time()
            await asyncio.to_thread(house.tell, database, one, time.time())
            if number % 10 == 0:
                name = f"straight-{number}"
                told[name] = time.time()
                straight.append(name)
                await client.post(hook, json={"data": {"event": name}})
        await asyncio.sleep(3.0)
    stop.set()
    await carrying
    queue.close()
    return told, straight


def measure(what: str, url: str, redis_url: str) -> list[Figure]:
    """One ledger: the figures of the way through alerting, beside a direct post."""
    arrivals, prefix = Arrivals(), f"bench:{uuid.uuid4().hex}:"
    database = Database(url)
    database.migrate()
    with alerting(url, redis_url, prefix, arrivals.url) as process:
        before, own = cpu_s(process), cpu_s(os.getpid())
        told, straight = asyncio.run(tell(database, url, redis_url, prefix, arrivals.url))
        spent, own = cpu_s(process) - before, cpu_s(os.getpid()) - own
    database.close()
    arrivals.server.shutdown()
    through = [name for name in told if name not in straight][WARM:]
    lost = [name for name in through if name not in arrivals.at]
    took = np.array([arrivals.at[name] - told[name] for name in through if name in arrivals.at])
    post = np.array([arrivals.at[name] - told[name] for name in straight[1:]])
    told_of = f"{len(through)} told of"
    middle, high, direct = float(np.median(took)), float(np.percentile(took, 99)), float(np.percentile(post, 99))
    each, beside = 1e3 * spent / max(1, len(arrivals.at)), f"the bench itself {1e3 * own / len(told):.1f} ms"
    return [
        Figure(f"{what}: processor time of alerting per event", each, "ms", beside),
        Figure(f"{what}: event to webhook, p50", middle * 1e3, "ms", f"a direct post, p99 {direct * 1e3:.1f} ms"),
        Figure(f"{what}: event to webhook, p99", high * 1e3, "ms", "limit 300 ms", high / BAR_S, "<= 1", high <= BAR_S),
        Figure(f"{what}: events never told", float(len(lost)), "events", told_of, None, "0", not lost),
    ]


def main() -> int:
    """Every ledger that is there."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        figures += measure("SQLite", f"sqlite:///{Path(folder) / 'attune.db'}", "")
    server, redis_url = os.environ.get("ATTUNE_TEST_DATABASE_URL"), os.environ.get("ATTUNE_TEST_REDIS_URL", "")
    if server:
        schema = f"attune_{uuid.uuid4().hex}"
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
        try:
            figures += measure("PostgreSQL", url.render_as_string(hide_password=False), redis_url)
        finally:
            with admin.connect() as connection:
                connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    return publish("alerting", figures)


if __name__ == "__main__":
    sys.exit(main())
