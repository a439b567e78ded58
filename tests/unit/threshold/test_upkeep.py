"""What keeps the ledger small goes on where an hour is damaged or the database is away."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

from services.ledger.database import Database
from services.ledger.history import HistoryRepository, HistoryRows
from services.ledger.history.segments import segment_path
from services.ledger.outbox import OutboxRepository
from services.ledger.tables import history_tail
from services.runtime.clock import VirtualClock
from tests.unit.threshold.conftest import START
from threshold_service.upkeep import one_round, upkeep

pytestmark = pytest.mark.unit
HOUR = int(START // 3600)


def second_of(database: Database, resident: str, time: float) -> None:
    one = np.ones((1, 1), np.float32)
    rows = HistoryRows(np.array([time]), one, one, one, np.ones(1, np.float32), np.zeros(1, np.int8))
    with database.write() as connection:
        HistoryRepository(connection).append("edge-1", resident, ("x",), rows)


def left(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(history_tail)) or 0)


def test_it_compacts_and_sweeps_the_rest_where_an_hour_is_damaged(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, clock = tmp_path / "history", VirtualClock(START)
    damaged = segment_path(history, "r-1", HOUR)
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"no parquet")
    second_of(database, "r-1", HOUR * 3600.0 + 5)
    second_of(database, "r-2", HOUR * 3600.0 + 5)
    with database.write() as connection:
        old = OutboxRepository(connection).add("event.changed", "e", "{}", START)
        OutboxRepository(connection).mark_published([old], START)
    clock.advance(20 * 86400.0)
    one_round(database, history, clock, "upkeep/a", with_sweep=True)
    assert segment_path(history, "r-2", HOUR).is_file()
    assert left(database) == 1, "what belongs into the damaged segment waits"
    assert "history not compacted" in capsys.readouterr().out
    with database.read() as connection:
        assert OutboxRepository(connection).get(old) is None


def test_it_leaves_the_work_to_the_replica_that_has_it(database: Database, tmp_path: Path) -> None:
    clock = VirtualClock(START + 86400.0)
    second_of(database, "r-1", START)
    one_round(database, tmp_path, VirtualClock(START + 86400.0 - 1), "upkeep/a", with_sweep=False)
    second_of(database, "r-2", START)
    one_round(database, tmp_path, clock, "upkeep/b", with_sweep=False)
    assert left(database) == 1
    one_round(database, tmp_path, clock, "upkeep/a", with_sweep=False)
    assert left(database) == 0


def test_it_waits_for_a_database_that_is_away(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second_of(database, "r-1", START)
    rename(database, "leases", "elsewhere")

    async def live() -> None:
        stop = asyncio.Event()
        going = asyncio.create_task(upkeep(database, tmp_path, VirtualClock(START + 86400.0), stop, period_s=0.01))
        said = ""
        while "database is away" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
            assert not going.done()
        rename(database, "elsewhere", "leases")
        while left(database):
            assert not going.done()
            await asyncio.sleep(0.01)
        stop.set()
        await going

    asyncio.run(asyncio.wait_for(live(), 20.0))


def rename(database: Database, table: str, to: str) -> None:
    with database.write() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))
