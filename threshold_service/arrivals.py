"""Who is not watched yet comes before what is not durable yet: snapshots wait while agents are being connected."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from services.vocabulary import Seconds
from threshold_service.agent_run import LEASE_S

LONGEST_S: Seconds = 2.0
"""A snapshot waits no longer (source: guess; a facility's agents are connected again within seconds)."""


def patience_s(snapshot_s: Seconds) -> Seconds:
    """How long a snapshot may wait that comes every `snapshot_s`: it also renews the lease, a second before its end.

    >>> patience_s(2.0), patience_s(4.0), patience_s(5.0)
    (2.0, 1.0, 0.0)
    """
    return min(LONGEST_S, max(0.0, LEASE_S - 1.0 - snapshot_s))


class Arrivals:
    """Counts the agents that are being connected."""

    def __init__(self, patience_s: Seconds) -> None:
        self._patience_s = patience_s
        self._count, self._none = 0, asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Within it one more is being connected."""
        self._count += 1
        self._none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()

    async def passed(self) -> None:
        """Wait until nobody is being connected, or as long as it may."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none.wait(), self._patience_s)
