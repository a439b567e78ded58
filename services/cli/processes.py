"""Starts rooms as processes, restarts what dies, and ends them all without leaving an orphan."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.vocabulary.time import Seconds


@dataclass(frozen=True, slots=True)
class Room:
    """One process to run: `module` with `arguments` and its own environment; its log goes to `log`."""

    name: str
    module: str
    log: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ends_by_itself: bool = False


@dataclass(slots=True)
class Running:
    """A room that was started."""

    room: Room
    process: subprocess.Popen[bytes]
    started: float
    restarts: int = 0


class RoomFailed(RuntimeError):
    """A room ended again and again; the message holds the end of its log."""


class Supervisor:
    """Owns the processes of one run. Use as a context manager: leaving it ends all of them."""

    def __init__(self, environment: Mapping[str, str], restarts: int = 5) -> None:
        self._environment = dict(environment)
        self._limit = restarts
        self._running: dict[str, Running] = {}

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, room: Room) -> Running:
        """Start one room in a process group of its own."""
        running = Running(room, self._spawn(room), time.monotonic())
        self._running[room.name] = running
        return running

    def check(self) -> None:
        """Restart what died.

        Raises:
            RoomFailed: a room died more often than `restarts` times.
        """
        for running in self._running.values():
            code = running.process.poll()
            if code is None or (running.room.ends_by_itself and code == 0):
                continue
            if running.restarts >= self._limit or code == 2:
                raise RoomFailed(
                    f"{running.room.name} ended with status {code}; the end of its log:\n{tail(running.room.log)}"
                )
            running.restarts += 1
            running.process = self._spawn(running.room)

    def ended(self, name: str) -> bool:
        """Whether a room has ended."""
        return self._running[name].process.poll() is not None

    def pids(self) -> dict[str, int]:
        """Process ids by room."""
        return {name: running.process.pid for name, running in self._running.items()}

    def restarts(self) -> dict[str, int]:
        """How often each room had to be started again."""
        return {name: running.restarts for name, running in self._running.items() if running.restarts}

    def stop(self, patience_s: Seconds = 12.0) -> None:
        """Ask all to end, wait, and end by force what does not; last started ends first."""
        rooms = list(reversed(self._running.values()))
        for running in rooms:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience_s
        for running in rooms:
            try:
                running.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
        self._running.clear()

    def _spawn(self, room: Room) -> subprocess.Popen[bytes]:
        room.log.parent.mkdir(parents=True, exist_ok=True)
        log: IO[bytes] = room.log.open("ab")
        try:
            return subprocess.Popen(
                [sys.executable, "-m", room.module, *room.arguments],
                env={**self._environment, **room.environment, "ATTUNE_EXIT_WITH_PARENT": "true"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            log.close()


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"
