"""Reads a resident's score history between two times, wherever it lies by now."""

import math
from collections.abc import Collection
from pathlib import Path

from services.ledger.database import Database
from services.ledger.history.aggregates import HourRepository
from services.ledger.history.rows import HOUR_S, HistoryRefused, HistoryWindow, between, join
from services.ledger.history.segments import read_segment, segment_path
from services.ledger.history.tail import HistoryRepository
from services.vocabulary import UnixSeconds


def window(
    database: Database, folder: Path, resident: str, start: UnixSeconds, end: UnixSeconds,
    only: Collection[str] | None = None,
) -> HistoryWindow:  # fmt: skip
    """The rows with start <= time < end: hourly aggregates, Parquet segments and the tail of a second ago as one.
    `only`: of the segments, which are long, no other channels than these are read.

    Raises:
        HistoryRefused: bounds that are no finite times in order.
        SegmentDamaged: a segment that cannot be read.
    """
    if not (math.isfinite(start) and math.isfinite(end) and start <= end):
        raise HistoryRefused(f"history from {start} to {end}: expected two finite Unix times, the earlier one first")
    # The tail is read before the segments and the aggregates last: what moves meanwhile is then seen twice, not never.
    with database.read() as connection:
        tail = HistoryRepository(connection).between(resident, start, end)
    hours = range(int(start // HOUR_S), int(-(-end // HOUR_S)))
    segments = [
        found for hour in hours if (found := read_segment(segment_path(folder, resident, hour), only)) is not None
    ]
    with database.read() as connection:
        aggregates = HourRepository(connection).between(resident, start, end)
    return between(join([*_without(aggregates, segments), *segments, *tail]), start, end)


def _without(aggregates: list[HistoryWindow], segments: list[HistoryWindow]) -> list[HistoryWindow]:
    seen = {int(segment.time[0] // HOUR_S) for segment in segments if len(segment)}
    return [hour for hour in aggregates if int(hour.time[0]) // HOUR_S - 1 not in seen]
