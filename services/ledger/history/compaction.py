"""Moves whole past hours from the tail into Parquet, and old Parquet into hourly aggregates."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete

from services.ledger.database import Database
from services.ledger.history.aggregates import HourRepository
from services.ledger.history.rows import HOUR_S, join
from services.ledger.history.segments import (
    read_segment,
    remove_segment,
    segment_path,
    segments_before,
    write_segment,
)
from services.ledger.history.tail import blocks_of_hour, full_hours
from services.ledger.tables import history_tail
from services.vocabulary import Seconds, UnixSeconds

RAW_DAYS = 30.0
"""How many days history is kept second by second (source: guess)."""

SETTLE_S: Seconds = 600.0
"""How long after its end an hour waits for late samples; later ones are added to the segment all the same."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many resident-hours were written as segments, and how many segments became aggregates."""

    segments: int
    aggregates: int


def compact(
    database: Database, folder: Path, now: UnixSeconds, raw_days: float = RAW_DAYS, limit: int = 200
) -> Compacted:
    """Compact up to `limit` resident-hours that ended at least SETTLE_S ago, and retire segments after `raw_days`.

    Several processes may do it at once, and it may be killed at any point: a row is in the tail, in a segment, in
    both, or in an aggregate, never nowhere.

    Raises:
        SegmentDamaged, ValueError: an hour that cannot be read, the first of them; all others are done first.
        OSError: the folder cannot be written.
    """
    damaged: list[ValueError] = []
    with database.read() as connection:
        waiting = full_hours(connection, int((now - SETTLE_S) // HOUR_S), limit)
    for resident, hour in waiting:
        try:
            with database.write() as connection:
                _compact_hour(connection, folder, resident, hour)
        except ValueError as error:
            damaged.append(error)
    retired = 0
    for resident, hour, path in segments_before(folder, int((now - raw_days * 86400) // HOUR_S)):
        if retired == limit:
            break
        try:
            retired += _retire(database, resident, hour, path)
        except ValueError as error:
            damaged.append(error)
    if damaged:
        raise damaged[0]
    return Compacted(len(waiting), retired)


def _compact_hour(connection: Connection, folder: Path, resident: str, hour: int) -> None:
    # The blocks are locked until the commit: another process waits here, then finds them gone and the segment whole.
    numbers, blocks = blocks_of_hour(connection, resident, hour)
    if not numbers:
        return
    path = segment_path(folder, resident, hour)
    earlier = read_segment(path)
    write_segment(path, join([*([earlier] if earlier is not None else []), *blocks]))
    connection.execute(delete(history_tail).where(history_tail.c.number.in_(numbers)))


def _retire(database: Database, resident: str, hour: int, path: Path) -> bool:
    seconds = read_segment(path)
    if seconds is None:  # another process was faster
        return False
    with database.write() as connection:
        HourRepository(connection).save(resident, hour, seconds)
    remove_segment(path)
    return True
