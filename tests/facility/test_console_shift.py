"""A shift in a real browser: signed in, an alert live, taken, judged, quiet that needs two, and handed over.

The pictures of each step lie in build/shift afterwards."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from services.console import people
from services.ledger import AuditRepository, Role, SilenceRepository
from services.vocabulary import AlertStatus, FeedbackVerdict, Mode, Tier
from tests.facility.page_house import Facility, launched, running, wait_for
from tests.unit.console import house
from tests.unit.console.signed import PASSWORD

pytestmark = pytest.mark.browser
PICTURES = Path("build/shift")
PHONE, WARD = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    with running(tmp_path_factory.mktemp("shift"), ATTUNE_CONSOLE_FACILITY="House Birch") as facility:
        for name in ("ana", "ben"):
            people.add(facility.database, name, name.title(), Role.CAREGIVER, PASSWORD, time.time())
        yield facility


@pytest.fixture
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


def sign_in(browser: Browser, facility: Facility, name: str, size: dict[str, int], scheme: str) -> Page:
    """A device of its own, and somebody signed in on it."""
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(facility.page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-connection][data-state=live]").wait_for()
    return page


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def tell_urgent(facility: Facility, who: str) -> str:
    """A tier-1 event; the id of its alert."""
    event = house.event(who, time.time(), Tier.IMMEDIATE, Mode.OBSERVABLES)
    facility.tell(event)
    wait_for(lambda: facility.alert(event))
    alert = facility.alert(event)
    assert alert is not None
    return alert.id


def told_of(facility: Facility) -> int:
    return len([line for line in facility.lines() if line["type"] == "alert.opened"])


def test_it_goes_through_a_shift(facility: Facility, browser: Browser) -> None:
    expect.set_options(timeout=20_000)
    ana = sign_in(browser, facility, "ana", PHONE, "light")
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Nobody is waiting for help.")
    picture(ana, "1-calm-phone")
    takes_what_arrives_live(facility, ana)
    is_refused_quiet_about_urgent_alerts(facility, ana)
    ben = sign_in(browser, facility, "ben", WARD, "dark")
    agrees_as_the_second_person(facility, ben)
    hands_over(facility, ana, ben)
    with facility.database.read() as connection:
        kinds = {entry.kind for entry in AuditRepository(connection).page(None, 200)}
        assert AuditRepository(connection).verify() is None
    assert {"signed_in", "viewed", "alert.acknowledged", "feedback.given", "silence", "handed_over"} <= kinds


def takes_what_arrives_live(facility: Facility, ana: Page) -> None:
    ana.evaluate("window.neverReloaded = true")
    now = time.time()
    house.live_through(facility.database, "room-12", now - 5)
    event = house.event("room-12", now)
    facility.tell(event)
    card = ana.locator("[data-alert-card]", has_text="Room 12")
    expect(card).to_contain_text("sent")
    assert ana.evaluate("window.neverReloaded") is True
    picture(ana, "2-arrives-phone")
    card.get_by_role("link").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Crying was heard")
    ana.get_by_role("button", name="I am on it").click()
    expect(ana.get_by_text("Ana is on it")).to_be_visible()
    ana.get_by_label("Why? (optional)").fill("she had a bad dream")
    ana.get_by_role("button", name="Yes, it was right").click()
    expect(ana.get_by_text("Ana said: it was right")).to_contain_text("she had a bad dream")
    picture(ana, "3-alert-phone")
    wait_for(lambda: (alert := facility.alert(event)) and alert.status is AlertStatus.ACKNOWLEDGED)
    word = facility.feedback()[0]
    assert (word.verdict, word.given_by, word.note) == (FeedbackVerdict.TRUE, "Ana", "she had a bad dream")


def is_refused_quiet_about_urgent_alerts(facility: Facility, ana: Page) -> None:
    ana.get_by_role("link", name="Quiet").click()
    ana.get_by_label("About").select_option("room:Room 21")
    ana.get_by_label("For how long").select_option("120")
    ana.get_by_label("Why").fill("hairdresser in the room")
    ana.get_by_label("Urgent alerts too").check()
    ana.get_by_role("button", name="Ask for quiet").click()
    expect(ana.get_by_role("alert")).to_contain_text("an hour at most")
    expect(ana.get_by_label("Why")).to_have_value("hairdresser in the room")
    ana.get_by_label("For how long").select_option("30")
    ana.get_by_role("button", name="Ask for quiet").click()
    expect(ana.get_by_text("told all the same until a second person agrees")).to_be_visible()
    expect(ana.get_by_role("button", name="I agree, as the second person")).to_have_count(0)
    picture(ana, "4-quiet-phone")
    before = told_of(facility)
    tell_urgent(facility, "room-21")
    wait_for(lambda: told_of(facility) > before)


def agrees_as_the_second_person(facility: Facility, ben: Page) -> None:
    picture(ben, "5-now-ward")
    ben.get_by_role("link", name="Quiet").click()
    ben.get_by_role("button", name="I agree, as the second person").click()
    expect(ben.get_by_text("Ana and Ben")).to_be_visible()
    with facility.database.read() as connection:
        (silence,) = SilenceRepository(connection).active(time.time())
    assert (silence.by, silence.second, silence.tier1) == ("Ana", "Ben", True)


def hands_over(facility: Facility, ana: Page, ben: Page) -> None:
    ana.get_by_role("link", name="Shift").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text("2 alerts, 2 of them urgent")
    expect(ana.get_by_text("hairdresser in the room")).to_be_visible()
    expect(ana.locator("main")).to_contain_text("nurse-call")
    ana.get_by_label("For whoever comes next").fill("Mr Vogel slept badly; look in after breakfast.")
    ana.get_by_role("button", name="Hand over").click()
    expect(ana.get_by_text("Handed over.")).to_be_visible()
    picture(ana, "6-handover-phone")
    ben.get_by_role("link", name="Shift").click()
    expect(ben.locator(".note")).to_contain_text("Ana handed over")
    expect(ben.locator(".note")).to_contain_text("Mr Vogel slept badly")
    picture(ben, "7-shift-ward")
    ana.get_by_role("button", name="Sign out").click()
    expect(ana.get_by_role("heading", name="Sign in")).to_be_visible()
    ana.goto(f"{facility.page}/shift")
    expect(ana.get_by_role("heading", name="Sign in")).to_be_visible()


def test_it_keeps_the_focus_where_a_person_is_while_the_page_renews_itself(
    facility: Facility, browser: Browser
) -> None:
    page = sign_in(browser, facility, "ana", WARD, "light")
    first = house.event("room-22", time.time(), Tier.IMMEDIATE, Mode.OBSERVABLES)
    facility.tell(first)
    button = page.locator("[data-alert-card]", has_text="Room 22").get_by_role("button", name="I am on it")
    button.focus()
    tell_urgent(facility, "room-24")
    page.locator("[data-alert-card]", has_text="Room 24").wait_for()
    expect(button).to_be_focused()
