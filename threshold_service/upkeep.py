"""Keeps the ledger small: whole hours of history become Parquet, and what is older than its retention goes."""

import asyncio
import secrets
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from services.ledger.database import Database
from services.ledger.history import compact
from services.ledger.leases import LeaseRepository
from services.ledger.retention import sweep
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Seconds

PERIOD_S: Seconds = 60.0
SWEEP_EVERY = 60
"""Rounds between two sweeps: once an hour."""


async def upkeep(
    database: Database, history: Path, clock: Clock, stop: asyncio.Event, period_s: Seconds = PERIOD_S
) -> None:
    """One replica at a time does it, by a lease of its own; a database that is away is waited for."""
    holder, rounds = f"upkeep/{secrets.token_hex(4)}", 0
    while not await until(stop, period_s):
        try:
            await asyncio.to_thread(one_round, database, history, clock, holder, rounds % SWEEP_EVERY == 0)
        except DBAPIError as error:
            logs.logger().warning("database is away, no upkeep", error=type(error).__name__, detail=str(error.orig))
            continue
        rounds += 1


def one_round(database: Database, history: Path, clock: Clock, holder: str, with_sweep: bool) -> None:
    """Compact, and sweep where it is due, unless another replica does. An hour of history that cannot be compacted is
    logged and keeps neither the others nor the sweep from being done.

    Raises:
        sqlalchemy.exc.DBAPIError: the ledger does not answer.
    """
    now = clock.now()
    with database.write() as connection:
        if LeaseRepository(connection).acquire("upkeep", holder, 3 * PERIOD_S, now) is None:
            return
    segments = 0
    try:
        segments = compact(database, history, now).segments
    except (ValueError, OSError) as error:
        logs.logger().error("history not compacted", error=type(error).__name__, detail=str(error))
    gone = sweep(database, now) if with_sweep else {}
    logs.logger().info("upkeep done", segments=segments, swept=sum(gone.values()))
