"""A simulated day of an edge whose link is cut for six hours: nothing lost, nothing twice, memory flat."""

import asyncio
from pathlib import Path

import pytest

from tests.bench.day import RATE, lived

pytestmark = pytest.mark.facility


def test_it_loses_nothing_and_tells_nothing_twice_in_a_day_with_six_hours_without_a_link(tmp_path: Path) -> None:
    day = asyncio.run(lived(tmp_path, 24, (9, 15), 2))
    assert day.samples >= 172_800
    assert (day.lost, day.doubled, day.dropped) == (0, 0, 0)
    assert day.alerts == (1, 1, 1), "cryings before, during and after the cut"
    assert day.fastest <= 1.25 * RATE
    assert day.catching_up_s < 60.0
    assert day.again <= day.unconfirmed, "it goes on after what is durable"
    assert day.rss_late_mb < 1.15 * day.rss_early_mb


def test_it_gives_up_the_oldest_ordinary_seconds_of_a_full_spool_and_no_crying(tmp_path: Path) -> None:
    day = asyncio.run(lived(tmp_path, 21, (9, 15), 2, rows=20_000))
    assert 2 * 6 * 3600 <= day.dropped + 20_000 <= 2 * 6 * 3600 + day.unconfirmed + 1000
    assert 0 <= day.dropped - day.lost <= day.again, "some of them were durable at the server already"
    assert day.doubled == 0
    assert day.alerts == (1, 1, 1)
