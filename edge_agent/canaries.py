"""Sends a canary now and then: a test that has to come out as a delivered test notification."""

import uuid

from services.runtime.clock import Clock
from services.vocabulary import Seconds


class Canaries:
    """When the next one goes. While there is no stream none is made, and what was left out is never made up for."""

    def __init__(self, every_s: Seconds, clock: Clock) -> None:
        self.every_s = every_s
        self._clock = clock
        self._last = clock.monotonic()

    def due(self) -> str:
        """The id of the canary that goes now; empty: none does."""
        now = self._clock.monotonic()
        if not self.every_s or now - self._last < self.every_s:
            return ""
        self._last = now
        return str(uuid.uuid4())
