"""How soon a real browser shows the page's first content, with 10,000 alerts that are open and with none.

`python -m tests.bench.page [--alerts 10000] [--loads 20]`: needs chromium. SQLite, sign-in on, one device."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from services.console import people
from services.ledger import AlertRepository, Database, Role
from services.vocabulary import Alert, AlertStatus, Tier
from tests.bench.looking.console import ARGUMENTS, CHROMIUM, PASSWORD, Console, console, signed_in
from tests.bench.table import Figure, publish
from tests.unit.console import house

BAR_S = 0.5
PAINT = "(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null)"
DONE = "performance.getEntriesByType('navigation')[0].loadEventEnd"
STATUSES = (AlertStatus.NOTIFIED, AlertStatus.UNDELIVERED, AlertStatus.ESCALATED)


def fill(database: Database, alerts: int, now: float) -> None:
    """Open alerts over the last day, a third of each urgency and status, of nine residents."""
    with database.write() as connection:
        kept = AlertRepository(connection)
        for number in range(alerts):
            who, room, *_ = house.PEOPLE[number % len(house.PEOPLE)]
            at = now - 60.0 - 86_000.0 * number / max(1, alerts)
            tier = Tier.IMMEDIATE if number % 3 == 0 else Tier.URGENT
            status, said = STATUSES[number % 3], f"Crying was heard, and movement was erratic ({number})."
            kept.create(
                Alert(f"alert-{number}", f"event-{number}", who, room, tier, status, said, at, at, at, notified_at=at)
            )


def first_content(page: Page, address: str, loads: int) -> tuple[list[float], list[float]]:
    """Seconds until the first content and until all is loaded, of each load after one that warms up."""
    first, whole = [], []
    for _ in range(loads + 1):
        page.goto(address, wait_until="load")
        while page.evaluate(PAINT) is None or not page.evaluate(DONE):
            page.wait_for_timeout(20)
        first.append(page.evaluate(PAINT) / 1e3)
        whole.append(page.evaluate(DONE) / 1e3)
    return first[1:], whole[1:]


def measure(alerts: int, loads: int) -> dict[str, tuple[list[float], list[float]]]:
    """The loads of each page with so many open alerts."""
    with tempfile.TemporaryDirectory() as folder:
        database, url = house.ledger(Path(folder))
        house.furnish(database, time.time())
        fill(database, alerts, time.time())
        people.add(database, "ana", "Ana", Role.LEAD, PASSWORD, time.time())
        with console(url, Path(folder)) as home, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            found = _pages(home, signed_in(browser, home, "ana"), loads)
            browser.close()
        database.close()
    return found


def _pages(home: Console, page: Page, loads: int) -> dict[str, tuple[list[float], list[float]]]:
    return {
        name: first_content(page, f"{home.address}{path}", loads)
        for name, path in (("Now", "/"), ("Shift", "/shift?hours=24"), ("Operations", "/operations"))
    }


def main() -> int:
    """0 where every page is in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--loads", type=int, default=20)
    chosen = parser.parse_args()
    empty, full = measure(0, chosen.loads), measure(chosen.alerts, chosen.loads)
    figures = []
    for name, (first, whole) in full.items():
        middle, slow = float(np.median(first)), float(np.percentile(first, 95))
        beside = f"with none open {1e3 * float(np.median(empty[name][0])):.0f} ms"
        what = f"{name}, {chosen.alerts:,} alerts open: first content"
        figures += [
            Figure(f"{what}, p50", 1e3 * middle, "ms", beside, middle / BAR_S, "<= 1", middle <= BAR_S),
            Figure(f"{what}, p95", 1e3 * slow, "ms", "limit 500 ms", slow / BAR_S, "<= 1", slow <= BAR_S),
            Figure(f"{name}: all of it loaded, p50", 1e3 * float(np.median(whole)), "ms"),
        ]
    return publish("page", figures)


if __name__ == "__main__":
    sys.exit(main())
