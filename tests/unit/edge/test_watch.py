"""A camera whose thread dies of an error leaves its room blind, and is started again."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.camera import Emit, SecondOfRoom
from edge_agent.edge_time import EdgeTime
from edge_agent.settings import CameraSettings
from edge_agent.simulated import SimulatedCamera
from edge_agent.spool import Spool
from edge_agent.watch import Watch
from services.runtime.clock import VirtualClock
from services.vocabulary import Absence

pytestmark = pytest.mark.unit


class Breaking(SimulatedCamera):
    """Dies of an error in its first runs; then it gives one second and waits to be stopped."""

    runs = 0
    breaks = 2

    def run(self, emit: Emit, stop: threading.Event) -> None:
        self.runs += 1
        if self.runs <= self.breaks:
            raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")
        emit(SecondOfRoom(self._when.now(), (0.1,) * len(self.channels)))
        stop.wait()


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 5.0
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0)


@pytest.fixture
def when(clock: VirtualClock, tmp_path: Path) -> EdgeTime:
    return EdgeTime(clock, Spool(tmp_path / "spool.db", ballast_bytes=0))


def camera(when: EdgeTime) -> Breaking:
    return Breaking(CameraSettings(name="c-1", source="simulated", resident="r-1", room="Room 1"), when)


def test_it_is_blind_until_it_gives_a_second_again(clock: VirtualClock, when: EdgeTime) -> None:
    seen: list[SecondOfRoom] = []
    stopping, it = threading.Event(), camera(when)
    watch = Watch(it, seen.append, when, stopping)
    watch.start()
    eventually(lambda: watch.report().blind)
    report = watch.report()
    assert "CUDA failure 700" in report.detail
    assert (report.since, report.residents) == (1000.0, ("r-1",))
    eventually(lambda: not watch.alive)
    [blind] = watch.look()
    assert all(value != value for value in blind.values)
    assert {gap.reason for gap in blind.gaps} == {Absence.CAMERA_BLIND}
    assert it.runs == 1, "it was started again without a pause"
    clock.advance(1.0)
    assert [second.time for second in watch.look()] == [blind.time + 1.0]
    assert watch.look() == [], "a second was told twice"
    eventually(lambda: it.runs == 2 and not watch.alive)
    assert watch.report().since == 1000.0, "a second failure is the same blindness"
    clock.advance(2.0)
    watch.look()
    eventually(lambda: len(seen) == 1)
    eventually(lambda: watch.look() == [])
    assert not watch.report().blind
    stopping.set()
    watch.join(5.0)
    assert not watch.alive


def test_it_is_not_started_again_when_the_agent_stops(clock: VirtualClock, when: EdgeTime) -> None:
    stopping, it = threading.Event(), camera(when)
    watch = Watch(it, lambda second: None, when, stopping)
    watch.start()
    eventually(lambda: watch.report().blind and not watch.alive)
    stopping.set()
    clock.advance(600.0)
    watch.look()
    assert it.runs == 1
    assert not watch.alive


def test_it_is_not_blind_when_its_source_ended(when: EdgeTime) -> None:
    class Ends(Breaking):
        breaks = 0

        def run(self, emit: Emit, stop: threading.Event) -> None:
            self.runs += 1

    it = Ends(CameraSettings(name="c-1", source="simulated", resident="r-1", room="Room 1"), when)
    watch = Watch(it, lambda second: None, when, threading.Event())
    watch.start()
    eventually(lambda: not watch.alive)
    assert watch.look() == []
    assert it.runs == 1


def test_it_is_blind_when_its_seconds_cannot_be_kept(when: EdgeTime) -> None:
    def no_spool(second: SecondOfRoom) -> None:
        raise RuntimeError("spool: disk I/O error")

    it = camera(when)
    it.breaks = 0
    watch = Watch(it, no_spool, when, threading.Event())
    watch.start()
    eventually(lambda: watch.report().blind)
    assert "disk I/O error" in watch.report().detail
