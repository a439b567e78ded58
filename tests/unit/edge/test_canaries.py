"""An agent sends a canary at its interval while it has a stream, and makes none up for what was left out."""

from pathlib import Path

import pytest

from edge_agent.canaries import Canaries
from edge_agent.duties import Duties
from edge_agent.settings import EdgeSettings
from edge_agent.spool import Spool
from edge_agent.uplink import Uplink
from services.runtime.clock import VirtualClock
from services.runtime.settings import SettingError, load
from tests.unit.edge.test_uplink import IDENTITY, rows

pytestmark = pytest.mark.unit


class Stepped(VirtualClock):
    """A clock whose wall time is set by `step_s`."""

    step_s = 0.0

    def now(self) -> float:
        return super().now() + self.step_s


def test_it_sends_one_an_interval_and_after_an_outage_one_and_no_more() -> None:
    clock = VirtualClock(1_750_000_000.0)
    canaries = Canaries(900.0, clock)
    assert canaries.due() == ""
    clock.advance(900.0)
    first = canaries.due()
    assert first and canaries.due() == ""
    clock.advance(10 * 900.0)  # nobody asked: there was no stream
    second = canaries.due()
    assert second not in ("", first) and canaries.due() == ""


def test_it_sends_none_where_they_are_off() -> None:
    clock = VirtualClock(1_750_000_000.0)
    canaries = Canaries(0.0, clock)
    clock.advance(1e6)
    assert canaries.due() == ""


def test_it_keeps_none_in_the_spool_and_its_time_does_not_follow_a_wall_clock_that_is_set(tmp_path: Path) -> None:
    clock = Stepped(1_750_000_000.0)
    spool = Spool(tmp_path / "spool.db", ballast_bytes=0)
    spool.append(rows(1.0))
    link = Uplink("127.0.0.1:1", IDENTITY, spool, clock, list, Duties(canaries=Canaries(60.0, clock)))
    hello = link._hello(spool.epoch, IDENTITY)
    assert hello.canary_every_s == 60.0
    clock.advance(60.0)
    clock.step_s = 3600.0
    assert link._since_hello() == hello.sent_at + 60.0
    assert len(spool) == 1
    spool.close()


def test_it_refuses_more_than_one_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_EDGE_CANARY_MINUTES", "0.001")
    with pytest.raises(SettingError, match="canary_minutes"):
        load(EdgeSettings)
