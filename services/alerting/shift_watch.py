"""Follows the roster's file while alerting runs; a file that cannot be meant changes nothing and is told."""

import asyncio
from collections.abc import Callable

from services.alerting.shifts import ShiftRoster
from services.runtime import logs
from services.runtime.lifecycle import until
from services.vocabulary import Seconds

PERIOD_S: Seconds = 5.0


class ShiftWatch:
    """Holds the roster in force. `read` reads the file anew.

    Raises:
        ValueError: it says what cannot be, at the start.
    """

    def __init__(self, read: Callable[[], ShiftRoster]) -> None:
        self._read = read
        self._roster, self._problem = read(), ""

    def roster(self) -> ShiftRoster:
        """The one in force."""
        return self._roster

    def problem(self) -> str:
        """Empty while the file says what is in force."""
        return self._problem

    def look(self) -> None:
        """Follow the file."""
        before, self._problem = self._problem, ""
        try:
            after = self._read()
        except ValueError as error:
            self._problem = f"{error}; the roster before stays in force"
            if self._problem != before:
                logs.logger().error("roster refused", detail=str(error))
            return
        if after != self._roster:
            self._roster = after
            logs.logger().info("roster followed", roles=sorted(after.roles))

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            await asyncio.to_thread(self.look)
