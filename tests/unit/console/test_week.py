"""A resident's week: each event on its day, as long as it was, by the clock of the facility."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from services.console.week import Bar, bars, drawn
from services.ledger import Database, FeedbackRepository
from services.vocabulary import Event, Feedback, FeedbackVerdict, Tier
from tests.unit.console import house
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW
from tests.unit.console.test_shift import text

pytestmark = pytest.mark.unit
VIENNA = ZoneInfo("Europe/Vienna")


def at(said: str) -> float:
    return datetime.fromisoformat(said).replace(tzinfo=VIENNA).timestamp()


def event(start: str, end: str | None, tier: Tier = Tier.URGENT) -> Event:
    return replace(house.event("room-9", at(start), tier), ended_at=None if end is None else at(end))


def test_it_puts_an_event_on_its_day_and_one_over_midnight_on_both() -> None:
    found = bars([event("2026-03-10T23:00", "2026-03-11T06:00")], at("2026-03-11T12:00"), VIENNA)
    assert found == [Bar(0, 0.0, 0.25, 2), Bar(1, 23 / 24, 1.0, 2)]


def test_it_draws_one_that_goes_on_until_now_and_none_older_than_a_week() -> None:
    now = at("2026-03-11T12:00")
    assert bars([event("2026-03-11T06:00", None)], now, VIENNA) == [Bar(0, 0.25, 0.5, 2)]
    assert bars([event("2026-03-03T06:00", "2026-03-03T07:00")], now, VIENNA) == []


def test_it_lies_where_the_clock_says_on_the_day_it_changes() -> None:
    (one,) = bars([event("2026-03-29T12:00", "2026-03-29T18:00")], at("2026-03-29T20:00"), VIENNA)
    assert (one.start, one.end) == (0.5, 0.75)


def test_it_draws_the_most_urgent_on_top_and_the_shortest_to_be_seen() -> None:
    brief = event("2026-03-11T06:00", "2026-03-11T06:00", Tier.IMMEDIATE)
    picture = drawn([brief, event("2026-03-11T05:00", "2026-03-11T07:00")], at("2026-03-11T12:00"), VIENNA)
    assert picture.index("bar-2") < picture.index("bar-1") and 'width="2.5"' in picture


def test_it_shows_the_week_and_whether_alerts_were_right(client: TestClient, database: Database) -> None:
    assert "Nothing out of the usual." in text(client.get("/residents/room-9").text)
    for number in (1, 2):
        keep(database, number, NOW - 3600)
    with database.write() as connection:
        for number, verdict in ((1, FeedbackVerdict.TRUE), (2, FeedbackVerdict.FALSE)):
            word = Feedback(f"w{number}", "room-12", verdict, NOW, "Ana", alert=f"alert-{number}")
            FeedbackRepository(connection).record(word)
        FeedbackRepository(connection).record(Feedback("w3", "room-12", FeedbackVerdict.MISSED, NOW, "Ana"))
    raw = client.get("/residents/room-12").text
    assert raw.count('class="bar-1"') == 2 and "2 events in the last seven days" in raw
    assert "1 were right and 1 were not. 1 times somebody said that one was missing." in text(raw)
