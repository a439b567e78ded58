"""The only file that reads the clock; everything else is handed a `Clock`."""

import asyncio
import time
from datetime import UTC, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from services.vocabulary.time import Seconds, UnixSeconds


class Clock(Protocol):
    """Wall time, monotonic time and waiting."""

    def now(self) -> UnixSeconds:
        """Wall time."""

    def monotonic(self) -> Seconds:
        """Time that never goes back, from an arbitrary start."""

    async def sleep(self, seconds: Seconds) -> None:
        """Wait without blocking the process."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> UnixSeconds:
        return time.time()

    def monotonic(self) -> Seconds:
        return time.monotonic()

    async def sleep(self, seconds: Seconds) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """A clock for tests: it stands still until somebody sleeps or `advance` is called.

    >>> clock = VirtualClock(100.0)
    >>> clock.advance(2.5)
    >>> clock.now()
    102.5
    """

    def __init__(self, start: UnixSeconds = 1_750_000_000.0) -> None:
        self._start = start
        self._elapsed: Seconds = 0.0

    def now(self) -> UnixSeconds:
        return self._start + self._elapsed

    def monotonic(self) -> Seconds:
        return self._elapsed

    def advance(self, seconds: Seconds) -> None:
        """Let time pass."""
        self._elapsed += seconds

    async def sleep(self, seconds: Seconds) -> None:
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)


def zone(name: str) -> tzinfo:
    """The time zone of a name; UTC needs no data of the machine.

    Raises:
        KeyError, ValueError, OSError: there is none of this name.
    """
    return UTC if name == "UTC" else ZoneInfo(name)
