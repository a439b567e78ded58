"""Wakes a job that waits, so that it need not look again and again whether there is something to do."""

import asyncio

from services.vocabulary import Seconds


class Bell:
    """Rung from the event loop's thread; a ring that nobody waited for ends the next waiting at once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or will wait next."""
        self._rung.set()

    async def wait(self, stop: asyncio.Event, limit_s: Seconds) -> bool:
        """Wait for a ring, the process to stop or the limit, whichever is first; True: it was rung."""
        waits = [asyncio.ensure_future(self._rung.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung
