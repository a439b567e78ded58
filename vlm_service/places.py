"""Hands out a bounded number of places at the model's servers: the most urgent first, and no endless line."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.vocabulary import Tier
from vlm_service import metrics
from vlm_service.failures import QueueFull

EVALUATION = 30
"""Rank of what nobody waits for: probes, shadow answers, evaluation; after every tier."""
PROOF = 5
"""Rank of an adapter's golden prompts, a few tokens each: before tier 2. Behind it a server with much to do would never
prove what somebody promotes or takes back (measured: not while 200 questions were asked, 8 at once)."""
_Waiting = tuple[int, int, "asyncio.Future[None]"]


def rank_of(tier: Tier) -> int:
    """Where an event of this tier stands in line, and in vLLM's own scheduler: lower is earlier.

    >>> rank_of(Tier.IMMEDIATE), rank_of(Tier.URGENT), rank_of(Tier.MONITOR)
    (0, 10, 20)
    """
    return 10 * (tier.value - 1)


class Places:
    """`many` at once; of those who wait, at most `most`: beyond that the last in line is sent away.

    Whoever has a place keeps it, however urgent the next one is.
    """

    def __init__(self, many: int, most: int) -> None:
        self._free, self._most = many, most
        self._line: list[_Waiting] = []
        self._came = 0

    @property
    def free(self) -> bool:
        """Whether the next one need not stand in line."""
        return self._free > 0 and not self._line

    @asynccontextmanager
    async def place(self, rank: int) -> AsyncIterator[None]:
        """A place for the duration of the block.

        Raises:
            QueueFull: too many wait, and this was the last in line.
        """
        await self._take(rank)
        try:
            yield
        finally:
            self._give()

    async def _take(self, rank: int) -> None:
        if self.free:
            self._free -= 1
            return
        self._came += 1
        turn = asyncio.get_running_loop().create_future()
        mine = (rank, self._came, turn)
        heapq.heappush(self._line, mine)
        if len(self._line) > self._most:
            self._send_away(max(self._line, key=lambda one: one[:2]))
        metrics.QUEUED.set(len(self._line))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give()
            else:
                self._leave(mine)
            raise

    def _give(self) -> None:
        if self._line:
            heapq.heappop(self._line)[2].set_result(None)
        else:
            self._free += 1
        metrics.QUEUED.set(len(self._line))

    def _send_away(self, last: _Waiting) -> None:
        self._leave(last)
        metrics.DROPPED.inc()
        last[2].set_exception(QueueFull(f"{self._most} others wait for the model"))

    def _leave(self, one: _Waiting) -> None:
        if one in self._line:
            self._line.remove(one)
            heapq.heapify(self._line)
        metrics.QUEUED.set(len(self._line))
