"""How live the open pages are: 500 event-stream clients and 3 real browsers, one update a second, five minutes.

`python -m tests.bench.stream [--clients 500] [--browsers 3] [--seconds 300]`: needs chromium, 2 x clients files.
The time of an update runs from before its transaction to when a client has read it, or a browser has shown it."""

import argparse
import asyncio
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from services.console import people
from services.ledger import AgentRepository, Database, Role, StatusRepository
from tests.bench.looking.console import ARGUMENTS, CHROMIUM, PASSWORD, TOKEN, Console, console, signed_in
from tests.bench.table import Figure, publish
from tests.unit.console import house

BAR_S, GROWTH = 1.0, 0.05
FIRST_MINUTE_S = 60.0
MARK = re.compile(rb"tick-(\d+)-")
WATCH = """() => { window.seen = {}; new MutationObserver(() => {
  for (const found of document.body.innerText.matchAll(/tick-(\\d+)-/g)) window.seen[found[1]] ??= Date.now() / 1000;
}).observe(document.body, { childList: true, subtree: true, characterData: true }); }"""


@dataclass
class Seen:
    """What the clients read: when each update was made, and the seconds it took to each client."""

    made: dict[int, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    lost: int = 0
    """Connections that ended before the bench did."""


class Client(asyncio.Protocol):
    """One open page, without its page: asks for the stream and notes when each update is there."""

    def __init__(self, port: int, seen: Seen) -> None:
        self._port, self._seen, self._tail, self._last = port, seen, b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        transport.write(ask.encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        text = self._tail + data
        for number in {int(found) for found in MARK.findall(text)}:
            if number > self._last:
                self._last = number
                self._seen.took.append(time.time() - self._seen.made.get(number, float("nan")))
        self._tail = text[-24:]

    def connection_lost(self, error: Exception | None) -> None:
        self._seen.lost += 1


@contextmanager
def clients(home: Console, n: int, seen: Seen) -> Iterator[None]:
    """So many clients on a loop of their own, in a thread; they end with the block."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def connect() -> list[asyncio.BaseTransport]:
        made = []
        for _ in range(n):
            made.append((await loop.create_connection(lambda: Client(home.port, seen), "127.0.0.1", home.port))[0])
        return made

    opened = asyncio.run_coroutine_threadsafe(connect(), loop).result(120)
    try:
        yield
        lost = seen.lost
    finally:
        loop.call_soon_threadsafe(lambda: [transport.close() for transport in opened])
        time.sleep(0.5)
        loop.call_soon_threadsafe(loop.stop)
    seen.lost = lost


def update(database: Database, number: int, seen: Seen) -> None:
    """One change of one resident, which every open page shows."""
    now = time.time()
    seen.made[number] = now
    with database.write() as connection:
        AgentRepository(connection).seen(house.AGENT, now, "attune", "0" * 32)
        found = StatusRepository(connection).get("room-9")
        assert found is not None
        marked = replace(found.resident, label=f"tick-{number}-")
        StatusRepository(connection).save([replace(found, resident=marked, updated_at=now)])


def drive(database: Database, home: Console, pages: list[Page], seconds: int, seen: Seen) -> tuple[int, int, float]:
    """An update a second; memory after the first minute (or a third) and at the end, and the processor's share."""
    early = 0
    began, spent = time.monotonic(), home.cpu_s()
    for number in range(seconds):
        wait_s = began + number - time.monotonic()
        if wait_s > 0:
            # The browsers' messages are handled only while their library waits.
            pages[0].wait_for_timeout(1e3 * wait_s) if pages else time.sleep(wait_s)
        update(database, number, seen)
        if number == int(min(FIRST_MINUTE_S, seconds / 3)):
            early = home.memory_bytes()
    time.sleep(2.0)
    return early, home.memory_bytes(), (home.cpu_s() - spent) / (time.monotonic() - began)


def shown(pages: list[Page], seen: Seen) -> list[float]:
    """Seconds from each update to when each browser showed it."""
    found = [page.evaluate("window.seen") for page in pages]
    return [at - seen.made[int(number)] for one in found for number, at in one.items() if int(number) in seen.made]


def main() -> int:
    """0 where every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--browsers", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=300)
    chosen = parser.parse_args()
    seen = Seen()
    with tempfile.TemporaryDirectory() as folder:
        database, url = house.ledger(Path(folder))
        house.furnish(database, time.time())
        people.add(database, "ana", "Ana", Role.CAREGIVER, PASSWORD, time.time())
        with console(url, Path(folder)) as home, sync_playwright() as playwright:
            browsers = [
                playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) for _ in range(chosen.browsers)
            ]
            pages = [signed_in(browser, home, "ana") for browser in browsers]
            for page in pages:
                page.evaluate(WATCH)
            with clients(home, chosen.clients, seen):
                early, late, share = drive(database, home, pages, chosen.seconds, seen)
            in_browsers = shown(pages, seen)
            for browser in browsers:
                browser.close()
        database.close()
    return publish("stream", figures(chosen, seen, in_browsers, (early, late, share)))


def figures(
    chosen: argparse.Namespace, seen: Seen, in_browsers: list[float], used: tuple[int, int, float]
) -> list[Figure]:  # fmt: skip
    """The table."""
    early, late, share = used
    to_client = float(np.percentile(seen.took, 95))
    to_browser = float(np.percentile(in_browsers, 95)) if in_browsers else float("nan")
    expected, growth = chosen.clients * chosen.seconds, (late - early) / early
    missed = max(0, expected - len(seen.took))
    minute = f"{early / 2**20:.0f} MB after the first minute"
    return [
        Figure("update to client, p50", 1e3 * float(np.median(seen.took)), "ms", f"{chosen.clients} clients"),
        Figure(
            "update to client, p95", 1e3 * to_client, "ms", "limit 1 s", to_client / BAR_S, "<= 1", to_client <= BAR_S
        ),
        Figure(
            "update to what a browser shows, p95", 1e3 * to_browser, "ms", f"{chosen.browsers} browsers",
            to_browser / BAR_S, "<= 1", to_browser <= BAR_S,
        ),
        Figure("memory of the console at the end", late / 2**20, "MB", minute),
        Figure("memory grown since the first minute", 100 * growth, "%", "limit 5 %", growth / GROWTH, "<= 1",
               growth <= GROWTH),
        Figure("updates that a client did not get", float(missed), "updates", f"of {expected:,}", None, "<= 1 %",
               missed <= 0.01 * expected),
        Figure("clients cut off", float(seen.lost), "clients", f"of {chosen.clients}", None, "0", not seen.lost),
        Figure("processor of the console", 100 * share, "% of a core"),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
