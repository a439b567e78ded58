"""What one shift tells the next: what happened, what is open, who is reached, how much it was, and a note."""

import doctest
import html
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.console import tally
from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import (
    AcknowledgementRepository,
    AuditRepository,
    Database,
    FeedbackRepository,
    OnCall,
    OnCallRepository,
    Reached,
    Role,
)
from services.runtime.clock import VirtualClock
from services.vocabulary import Feedback, FeedbackVerdict, Tier
from tests.unit.console import signed
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW
from tests.unit.console.signed import HOME

pytestmark = pytest.mark.unit


def text(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def say(database: Database, number: int, verdict: FeedbackVerdict, at: float = NOW, via: str = "") -> None:
    with database.write() as connection:
        about = {} if verdict is FeedbackVerdict.MISSED else {"alert": f"alert-{number}"}
        word = Feedback(f"word-{number}-{verdict}", "room-12", verdict, at, "Ana", via=via, **about)
        FeedbackRepository(connection).record(word)


def test_it_says_how_many_alerts_how_soon_taken_and_what_is_open(client: TestClient, database: Database) -> None:
    alert, _ = keep(database, 1, NOW - 3600)
    keep(database, 2, NOW - 1800, tier=Tier.URGENT)
    keep(database, 3, NOW - 40 * 3600)
    with database.write() as connection:
        AcknowledgementRepository(connection).record(alert.id, "Ana", alert.opened_at + 90, "page")
    page = text(client.get("/shift").text)
    assert "8 hours: 2 alerts, 1 of them urgent." in page
    assert "Somebody was on it after 1 min." in page
    assert "2 still need somebody." in page, "the one of yesterday is still open"
    assert "A week: 3 alerts" in text(client.get("/shift?hours=168").text)
    assert "8 hours: 2 alerts" in text(client.get("/shift?hours=9").text)


def test_it_is_calm_where_nothing_happened(client: TestClient) -> None:
    page = text(client.get("/shift").text)
    assert "8 hours: no alerts. Nothing is open." in page and "Nobody has said of an alert" in page


def test_it_shows_who_is_reached_and_forgets_what_alerting_no_longer_says(
    client: TestClient, database: Database, clock: VirtualClock
) -> None:
    step = Reached(1, "ward", 1, "caregiver on duty", ("Ana",), ("phone",), ("lead",))
    with database.write() as connection:
        OnCallRepository(connection).save([OnCall(1, (step,)), OnCall(2, ())], NOW - 10)
    page = text(client.get("/shift").text)
    assert "caregiver on duty : Ana by phone; not now: lead" in page
    assert "Nobody outside this page is told." in page
    clock.advance(300)
    assert "alerting has not said so lately" in text(client.get("/shift").text)


def test_it_keeps_a_note_for_the_next_one_in_the_audit_chain(
    client: TestClient, database: Database, clock: VirtualClock
) -> None:
    form = {"by": "Ana", "note": "Room 9 slept badly <b>", "hours": "8"}
    answer = client.post("/shift/hand-over", data=form, headers={"origin": HOME})
    assert (answer.status_code, answer.headers["location"]) == (303, "/shift?hours=8&handed=true")
    raw = client.get(answer.headers["location"]).text
    assert "Handed over." in text(raw) and "“Room 9 slept badly <b>”" in text(raw) and "badly <b>" not in raw
    with database.read() as connection:
        assert AuditRepository(connection).verify() is None
    clock.advance(9 * 3600.0)
    assert "slept badly" not in text(client.get("/shift").text)


def test_it_counts_the_last_word_about_each_alert(client: TestClient, database: Database) -> None:
    for number in (1, 2, 3):
        keep(database, number, NOW - 600)
    say(database, 1, FeedbackVerdict.FALSE, NOW - 300)
    say(database, 1, FeedbackVerdict.TRUE, NOW - 200)
    say(database, 2, FeedbackVerdict.FALSE)
    say(database, 3, FeedbackVerdict.FALSE, via="phone")
    say(database, 0, FeedbackVerdict.MISSED)
    page = text(client.get("/shift").text)
    assert "50 % of the alerts that somebody judged were right." in page
    assert "Said by a link, not yet confirmed" in page


def test_it_lets_a_lead_stand_for_a_word_by_a_link(database: Database, clock: VirtualClock, tmp_path: Path) -> None:
    room = Room(database, clock, ConsoleSettings(history_folder=tmp_path))
    keep(database, 3, NOW - 600)
    say(database, 3, FeedbackVerdict.FALSE, via="phone")
    ana, lea = signed.somebody(room, "ana", Role.CAREGIVER), signed.somebody(room, "lea", Role.LEAD)
    assert "I stand for it" not in ana.get("/shift").text and "I stand for it" in lea.get("/shift").text
    path = "/feedback/word-3-false/confirm"
    assert ana.press(path).status_code == 403
    assert lea.press(path).status_code == 303
    with database.read() as connection:
        (word,) = FeedbackRepository(connection).of_alert("alert-3")
    assert word.counts and word.confirmed_by == "Lea"
    assert "not yet confirmed" not in lea.get("/shift").text


def test_it_counts_by_the_parts_of_the_house(database: Database, clock: VirtualClock, tmp_path: Path) -> None:
    units = {"Ward 1": ("Room 1?",), "Ward 2": ("Room 2*",)}
    room = Room(database, clock, ConsoleSettings(history_folder=tmp_path, sign_in=False, units=units))
    opened = TestClient(make_app(room), base_url=HOME)
    keep(database, 1, NOW - 600)
    page = text(opened.get("/shift").text)
    assert re.search(r"Ward 1 1 0 0 0 0 Ward 2 0 0 0 0 0 the rest of the house 0 0", page), page


def test_it_writes_down_whose_alerts_were_seen(database: Database, clock: VirtualClock, tmp_path: Path) -> None:
    room = Room(database, clock, ConsoleSettings(history_folder=tmp_path))
    keep(database, 1, NOW - 600)
    signed.somebody(room, "ana", Role.CAREGIVER).get("/shift")
    with database.read() as connection:
        bodies = [entry.body for entry in AuditRepository(connection).page(None, 5, "viewed")]
    assert any('"shift"' in body and "room-12" in body for body in bodies)


def test_it_shows_examples_that_run() -> None:
    assert doctest.testmod(tally).failed == 0
