"""Writes score history beside judging where samples come faster than snapshots: one thread for all agents."""

from concurrent.futures import Future, ThreadPoolExecutor

from services.ledger.database import Database
from services.ledger.history import HistoryRepository
from services.ledger.leases import LeaseRepository
from threshold_service.record import HistoryTail

LEAST, EACH, MOST = 2**15, 2**6, 2**17
"""Rows that are written at once: so many of each resident, but neither fewer nor more in all. Fewer rows make blocks
of which the ledger's own bookkeeping is the larger part, more of them wait for the snapshot that ends a stream."""


def enough(residents: int) -> int:
    """Rows from which on an agent's history is written before its next snapshot."""
    return min(max(LEAST, EACH * residents), MOST)


class Beside:
    """A queue of one: an agent hands over the next rows when those before are written, so that what is not durable yet
    stays bounded."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="history")

    def write(self, tail: HistoryTail, agent: str, fence: int) -> "Future[None]":
        """Write in a transaction of its own, which ends with sqlalchemy's errors, or with LeaseLost where another
        replica serves the agent now. Rows that are written and judged again after a crash are written again, and the
        later ones count."""
        return self._pool.submit(self._write, tail, agent, fence)

    def _write(self, tail: HistoryTail, agent: str, fence: int) -> None:
        blocks = tail.blocks()
        with self._database.write() as connection:
            LeaseRepository(connection).check(agent, fence)
            HistoryRepository(connection).append_blocks(blocks)
