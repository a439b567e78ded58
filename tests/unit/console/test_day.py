"""A resident's last 24 hours: what was measured beside what is usual at that hour, and nothing where nothing was."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fastapi.testclient import TestClient

from services.console import day, plots
from services.console.room import Room
from services.ledger import Database
from services.ledger.history import HistoryRepository, HistoryRows
from services.vocabulary import Mode, Resident, Tier
from tests.unit.console import house
from tests.unit.console.conftest import NOW
from tests.unit.console.test_shift import text

pytestmark = pytest.mark.unit
VIENNA = ZoneInfo("Europe/Vienna")
CHANNELS = ("motion.ratio", "affect.valence", "pose.fall")


def remember(database: Database, resident: str, until: float, hours: float = 24.0, gap_h: float = 0.0) -> None:
    """A row a minute: movement 0.2, with one minute of 0.9 in each ten; nothing in the first `gap_h` hours."""
    time = np.arange(until - hours * 3600.0, until, 60.0)
    n = len(time)
    values = np.full((n, 3), 0.2, np.float32)
    values[::10] = 0.9
    values[time < time[0] + gap_h * 3600.0] = np.nan
    usual, spread = np.full((n, 3), 0.25, np.float32), np.full((n, 3), 0.05, np.float32)
    rows = HistoryRows(time, values, usual, spread, np.zeros(n, np.float32), np.zeros(n, np.int8))
    with database.write() as connection:
        HistoryRepository(connection).append("edge-1", resident, CHANNELS, rows)


def test_a_point_is_the_middle_of_ten_minutes_and_what_was_not_measured_has_none(room: Room) -> None:
    remember(room.database, "room-9", NOW, gap_h=6.0)
    (one,) = day.course(room, Resident("room-9", "9"), NOW)
    seen = one.values[np.isfinite(one.values)]
    assert one.name == "motion.ratio" and len(one.values) == 144
    assert np.allclose(np.median(seen), 0.2) and 100 <= len(seen) <= 109
    assert np.isnan(one.values[:30]).all() and np.allclose(one.usual[60:100], 0.25)


def test_expression_is_shown_of_those_alone_whose_expression_is_read(room: Room) -> None:
    remember(room.database, "room-9", NOW)
    read = day.course(room, Resident("room-9", "9", mode=Mode.AFFECT, consent="file 7"), NOW)
    assert [one.name for one in read] == ["motion.ratio", "affect.valence"]
    assert [one.name for one in day.course(room, Resident("room-9", "9"), NOW)] == ["motion.ratio"]


def test_hours_are_those_of_the_house_and_events_lie_where_they_were() -> None:
    end = datetime(2026, 3, 29, 12, 0, tzinfo=VIENNA).timestamp()  # the clocks changed that night
    time = np.arange(end - 86_400.0 + 300.0, end, 600.0)
    flat = np.full(len(time), 0.2)
    trace = plots.Trace("motion.ratio", time, flat, flat, flat * 0.1)
    event = replace(house.event("room-9", end - 3600.0, Tier.IMMEDIATE), ended_at=end - 1800.0)
    old = replace(house.event("room-9", end - 90_000.0, Tier.URGENT), ended_at=end - 89_000.0)
    (drawn,) = day.drawn([trace], [event, old], end, VIENNA)
    assert [h for h in ("00:00", "06:00", "12:00", "18:00") if f">{h}<" in drawn.svg] == [
        "00:00", "06:00", "12:00", "18:00"
    ]  # fmt: skip
    assert drawn.svg.count('class="bar-1"') == 1 and 'class="bar-2"' not in drawn.svg
    assert drawn.name == "How much movement"


def test_a_gap_stays_a_gap() -> None:
    time = 1e9 + 600.0 * np.arange(144)
    values = np.full(144, 0.2)
    values[50:60] = np.nan
    trace = plots.Trace("motion.ratio", time, values, values, values)
    (drawn,) = day.drawn([trace], [], float(time[-1]), VIENNA)
    line = drawn.svg.rpartition('class="line" d="')[2]
    assert line.count("M") == 2


def test_the_page_shows_the_day_and_leaves_it_out_where_nothing_was_measured(
    client: TestClient, database: Database
) -> None:
    assert "The last 24 hours" not in text(client.get("/residents/room-9").text)
    remember(database, "room-9", NOW)
    raw = client.get("/residents/room-9").text
    assert "The last 24 hours" in text(raw) and raw.count('class="plot day"') == 1
