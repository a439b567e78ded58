"""A caregiver's few minutes in a real browser: an alert arrives live, is taken, is judged; the ledger says so."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from services.ledger import AlertRepository, Database, FeedbackRepository
from services.runtime.ports import free_port
from services.vocabulary import Alert, AlertStatus, Event, Feedback, FeedbackVerdict, Mode, Tier
from tests.unit.alerting.line import SECRET
from tests.unit.console import house

pytestmark = pytest.mark.browser
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs a browser: install the package chromium, which brings {CHROMIUM}")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    folder = tmp_path_factory.mktemp("facility")
    database, url = house.ledger(folder)
    house.furnish(database, time.time())
    page, hook = free_port(), free_port()
    health = {name: free_port() for name in ("alerts", "console")}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    environment = kept | {
        "ATTUNE_DATABASE_URL": url, "ATTUNE_EXIT_WITH_PARENT": "true", "ATTUNE_CONSOLE_PORT": str(page),
        "ATTUNE_CONSOLE_SIGN_IN": "false",
        "HOOK_SECRET": SECRET,
        "ATTUNE_HISTORY_FOLDER": str(folder / "history"), "ATTUNE_CONSOLE_HEALTH_PORT": str(health["console"]),
        "ATTUNE_ALERTS_HEALTH_PORT": str(health["alerts"]),
        "ATTUNE_ALERTS_RECEIVERS": json.dumps(
            [{"name": "nurse-call", "url": f"http://127.0.0.1:{hook}/hook", "secret": SECRET}]
        ),
    }  # fmt: skip
    received = folder / "received.jsonl"
    rooms = (
        ("services.alerting.receiver", "--port", str(hook), "--secret-variable", "HOOK_SECRET", "--log", str(received)),
        ("services.alerting",),
        ("services.console",),
    )
    running = []
    for module, *arguments in rooms:
        with (folder / f"{module}.log").open("wb") as log:
            command = [sys.executable, "-m", module, *arguments]
            running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    try:
        for port in (*health.values(),):
            wait_for(lambda port=port: ready(f"http://127.0.0.1:{port}/readyz"))  # type: ignore[misc]
        wait_for(lambda: ready(f"http://127.0.0.1:{hook}/healthz"))
        yield Facility(database, f"http://127.0.0.1:{page}", received)
    finally:
        for process in running:
            process.terminate()
        statuses = [process.wait(timeout=180) for process in running]
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


@pytest.fixture
def page(browser: Browser, facility: Facility) -> Iterator[Page]:
    opened = browser.new_page()
    opened.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield opened
    opened.close()
    assert complaints == []


def test_it_shows_an_alert_live_and_lets_somebody_take_and_judge_it(facility: Facility, page: Page) -> None:
    page.goto(facility.page)
    page.locator("[data-connection][data-state=live]").wait_for()
    page.evaluate("window.neverReloaded = true")
    event = house.event("room-12", time.time())
    facility.tell(event)
    card = page.locator("[data-alert-card]", has_text="Room 12")
    expect(card).to_contain_text("Crying was heard")
    expect(card).to_contain_text("sent")
    assert page.evaluate("window.neverReloaded") is True
    wait_for(facility.lines)
    assert [(line["verified"], line["type"]) for line in facility.lines()] == [(True, "alert.opened")]

    card.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Crying was heard")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="I am on it").click()
    expect(page.get_by_text("Ana is on it")).to_be_visible()
    wait_for(lambda: (alert := facility.alert(event)) and alert.status is AlertStatus.ACKNOWLEDGED)
    alert = facility.alert(event)
    assert alert is not None and alert.acknowledged_by == "Ana"

    page.get_by_role("button", name="Yes, it was right").click()
    expect(page.get_by_text("Ana said: it was right")).to_be_visible()
    word = facility.feedback()[0]
    assert (word.alert, word.verdict, word.given_by) == (alert.id, FeedbackVerdict.TRUE, "Ana")


def test_it_brings_the_second_opinion_to_an_open_page(facility: Facility, page: Page) -> None:
    event = house.event("room-14", time.time(), Tier.IMMEDIATE, Mode.OBSERVABLES)
    facility.tell(event)
    wait_for(lambda: facility.alert(event))
    alert = facility.alert(event)
    assert alert is not None
    page.goto(f"{facility.page}/alerts/{alert.id}")
    expect(page.get_by_text("None yet. The alert does not wait for it.")).to_be_visible()
    page.locator("[data-connection][data-state=live]").wait_for()
    house.assess(facility.database, house.assessment(event, time.time()), time.time())
    expect(page.get_by_text("Look in now; speak calmly")).to_be_visible()
    expect(page.get_by_text("No fall was heard")).to_be_hidden()
    page.get_by_text("Its reasoning").click()
    expect(page.get_by_text("No fall was heard")).to_be_visible()
    facility.tell(replace(event, revision=2, updated_at=time.time(), ended_at=time.time()))
    expect(page.get_by_text("over since")).to_be_visible()
    expect(page.get_by_text("No fall was heard")).to_be_visible()


def test_it_can_be_worked_with_the_keyboard_alone(facility: Facility, page: Page) -> None:
    event = house.event("room-22", time.time() + 1, Tier.IMMEDIATE, Mode.OBSERVABLES)
    facility.tell(event)
    page.goto(facility.page)
    page.locator("[data-alert-card]", has_text="Room 22").wait_for()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('[data-alert-card]')?.innerText.includes('Room 22') "
                         "&& document.activeElement.tagName === 'BUTTON'"):  # fmt: skip
            break
    page.keyboard.press("Enter")
    wait_for(lambda: (alert := facility.alert(event)) and alert.acknowledged_at is not None)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_it_fits_every_screen_with_text_that_can_be_read(
    facility: Facility, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    addresses = ["/", "/residents/room-9"]
    with facility.database.read() as connection:
        addresses += [f"/alerts/{alert.id}" for alert in AlertRepository(connection).page(None, 1)]
    for address in addresses:
        page.goto(facility.page + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(POOR_CONTRAST) == []
    context.close()


POOR_CONTRAST = """() => {
  const light = (c) => { const v = c / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const parts = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const c = parts(getComputedStyle(node).backgroundColor);
      if (c.length && (c.length < 4 || c[3] > 0)) return c;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("main *, header *, footer *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const ink = luminance(parts(node.closest("svg") ? style.fill : style.color)), ground = luminance(behind(node));
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) poor.push(`${node.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
