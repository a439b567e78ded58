"""Sample time never jumps by itself, and survives a restart within one boot."""

from pathlib import Path

import pytest

from edge_agent.edge_time import EdgeTime
from edge_agent.spool import Spool
from services.runtime.clock import VirtualClock

pytestmark = pytest.mark.unit


class SetClock(VirtualClock):
    """A clock whose wall time can be set, while monotonic time goes on."""

    step = 0.0

    def now(self) -> float:
        return super().now() + self.step


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool.db", ballast_bytes=0)


def test_it_goes_on_with_monotonic_time_when_the_wall_clock_is_set(spool: Spool) -> None:
    clock = SetClock(1000.0)
    when = EdgeTime(clock, spool, lambda: "boot-1")
    clock.step = -3600.0
    clock.advance(10.0)
    assert when.now() == 1010.0
    assert when.skew() == -3600.0


@pytest.mark.parametrize("step", [40.0 * 365 * 86_400, -3600.0])
def test_it_follows_a_wall_clock_that_stays_where_it_was_set(spool: Spool, step: float) -> None:
    clock = SetClock(1000.0)
    when = EdgeTime(clock, spool, lambda: "boot-1")
    clock.step = step
    for _ in range(60):
        when.look()
        clock.advance(1.0)
    assert when.now() == 1060.0
    when.look()
    assert when.now() == clock.now() == 1060.0 + step
    assert EdgeTime(clock, spool, lambda: "boot-1").now() == clock.now()


def test_it_does_not_follow_one_that_is_set_for_a_moment(spool: Spool) -> None:
    clock = SetClock(1000.0)
    when = EdgeTime(clock, spool, lambda: "boot-1")
    for second in range(600):
        clock.step = 120.0 if second % 50 < 45 else 0.0
        when.look()
        clock.advance(1.0)
    assert when.now() == 1600.0


def test_it_keeps_its_offset_across_a_restart_within_one_boot(spool: Spool) -> None:
    clock = SetClock(1000.0)
    EdgeTime(clock, spool, lambda: "boot-1")
    clock.step = 3.0
    assert EdgeTime(clock, spool, lambda: "boot-1").now() == 1000.0


def test_it_takes_a_large_difference_at_a_start_as_a_step_and_keeps_that(spool: Spool) -> None:
    clock = SetClock(1000.0)
    EdgeTime(clock, spool, lambda: "boot-1")
    clock.step = 60.0
    assert EdgeTime(clock, spool, lambda: "boot-1").now() == 1060.0
    clock.step = 58.0
    assert EdgeTime(clock, spool, lambda: "boot-1").now() == 1060.0


@pytest.mark.parametrize("name", ["boot-2", ""])
def test_it_measures_anew_after_a_boot_or_where_boots_have_no_name(spool: Spool, name: str) -> None:
    clock = SetClock(1000.0)
    EdgeTime(clock, spool, lambda: name and "boot-1")
    clock.step = 3.0
    assert EdgeTime(clock, spool, lambda: name).now() == 1003.0
