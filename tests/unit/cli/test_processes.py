"""Rooms that die come back, rooms that cannot are told apart, and none is left behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.cli.processes import Room, RoomFailed, Supervisor, tail

pytestmark = pytest.mark.unit
LIVES = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def room(tmp_path: Path) -> Callable[..., Room]:
    """A room whose process runs a few lines of Python."""

    def _make(script: str, name: str = "room", ends_by_itself: bool = False) -> Room:
        (tmp_path / f"{name}_script.py").write_text(script)
        return Room(name, f"{name}_script", tmp_path / "logs" / f"{name}.log", ends_by_itself=ends_by_itself)

    return _make


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def wait(condition: Callable[[], bool], limit_s: float = 90.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_it_starts_again_what_was_killed(room: Callable[..., Room], environment: dict[str, str]) -> None:
    with Supervisor(environment) as supervisor:
        first = supervisor.start(room(LIVES)).process
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        supervisor.check()
        assert supervisor.restarts() == {"room": 1}
        assert supervisor.pids()["room"] != first.pid
        assert alive(supervisor.pids()["room"])


def test_it_leaves_no_orphan_even_of_a_room_that_will_not_end(
    room: Callable[..., Room], environment: dict[str, str]
) -> None:
    with Supervisor(environment) as supervisor:
        rooms = [room(LIVES, "mild"), room(STUBBORN, "stubborn")]
        pids = [supervisor.start(each).process.pid for each in rooms]
        wait(lambda: all("up" in tail(each.log) for each in rooms))
        supervisor.stop(patience_s=0.5)
        assert [pid for pid in pids if alive(pid)] == []
        assert supervisor.pids() == {}


def test_it_ends_all_when_the_run_fails(room: Callable[..., Room], environment: dict[str, str]) -> None:
    pids: list[int] = []

    def fail() -> None:
        with Supervisor(environment) as supervisor:
            pids.append(supervisor.start(room(LIVES)).process.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not alive(pids[0])


def test_it_shows_the_end_of_the_log_of_a_room_that_keeps_dying(
    room: Callable[..., Room], environment: dict[str, str]
) -> None:
    with Supervisor(environment, restarts=1) as supervisor:
        running = supervisor.start(room("for i in range(40): print('line', i)\nraise SystemExit(3)"))
        running.process.wait()
        supervisor.check()
        running.process.wait()
        with pytest.raises(
            RoomFailed, match=r"room ended with status 3; the end of its log:\n(?s:.*)line 39"
        ) as failed:
            supervisor.check()
    assert "line 5\n" not in str(failed.value)


def test_it_does_not_start_again_what_was_told_wrongly(room: Callable[..., Room], environment: dict[str, str]) -> None:
    with Supervisor(environment) as supervisor:
        supervisor.start(room("print('fps = 0: expected more'); raise SystemExit(2)")).process.wait()
        with pytest.raises(RoomFailed, match="fps = 0: expected more"):
            supervisor.check()


def test_it_lets_a_room_end_that_ends_by_itself(room: Callable[..., Room], environment: dict[str, str]) -> None:
    with Supervisor(environment) as supervisor:
        supervisor.start(room("", ends_by_itself=True)).process.wait()
        supervisor.check()
        assert supervisor.ended("room")
        assert supervisor.restarts() == {}
