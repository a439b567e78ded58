"""A caregiver's few minutes in a real browser: an alert arrives live, is taken, is judged; the ledger says so."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from services.ledger import AlertRepository, MovementRepository
from services.vocabulary import AlertStatus, FeedbackVerdict, Mode, Movement, Tier
from tests.facility.page_house import Facility, launched, running, wait_for
from tests.unit.console import house
from tests.unit.console.conftest import NOW
from tests.unit.console.test_figure import FALL

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    with running(tmp_path_factory.mktemp("facility"), ATTUNE_CONSOLE_SIGN_IN="false") as facility:
        yield facility


@pytest.fixture
def page(browser: Browser, facility: Facility) -> Iterator[Page]:
    opened = browser.new_page()
    opened.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield opened
    opened.goto("about:blank")  # a page that is closed on its way to another one may never say that it is
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


def test_it_plays_a_stick_figure_that_no_update_starts_anew(facility: Facility, page: Page) -> None:
    event = house.event("room-24", time.time(), Tier.IMMEDIATE, Mode.OBSERVABLES)
    facility.tell(event)
    wait_for(lambda: facility.alert(event))
    alert = facility.alert(event)
    assert alert is not None
    page.goto(f"{facility.page}/alerts/{alert.id}")
    page.locator("[data-connection][data-state=live]").wait_for()
    expect(page.get_by_text("How the body moved")).to_have_count(0)
    poses = tuple(replace(pose, time=pose.time - NOW + alert.opened_at) for pose in FALL)
    with facility.database.write() as connection:
        MovementRepository(connection).record(Movement(event.id, event.resident, poses), time.time())
    stage = page.locator("[data-stage]")
    expect(page.locator(".strip li")).to_have_count(6)  # by the next refresh of an open event
    expect(stage).to_be_hidden()
    page.get_by_role("button", name="Play the movement").click()
    expect(stage.locator("output")).to_have_text("−9.0 s")
    page.evaluate("document.querySelector('[data-stage]').mine = true")
    house.assess(facility.database, house.assessment(event, time.time()), time.time())
    expect(page.get_by_text("Look in now; speak calmly")).to_be_visible()
    assert page.evaluate("document.querySelector('[data-stage]').mine") is True
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.get_by_label("Moment").press("End")
    expect(stage.locator("output")).to_have_text("+4.5 s")
    expect(page.get_by_role("button", name="Play the movement")).to_be_visible()
    assert page.locator(".player .on").count() == 1


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
    page.wait_for_url("**/alerts/*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 1920])
@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_it_fits_every_screen_with_text_that_can_be_read(
    facility: Facility, browser: Browser, language: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    page = context.new_page()
    addresses = ["/", "/residents/room-9", "/shift", "/quiet", "/thresholds", "/operations", "/audit"]
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
