"""The hot tail of score history in SQL: what was judged seconds ago, until its hour is compacted."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, select

from services.ledger.history.packing import pack, unpack
from services.ledger.history.rows import HOUR_S, HistoryRows, HistoryWindow, named
from services.ledger.tables import history_tail
from services.vocabulary import UnixSeconds


class HistoryRepository:
    """The tail of score history; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, agent: str, resident: str, channels: Sequence[str], rows: HistoryRows) -> None:
        """Keep rows of one resident, readable by `window` as soon as the transaction commits.

        Raises:
            HistoryRefused: not one column per channel.
        """
        self.append_all(agent, channels, {resident: rows})

    def append_all(self, agent: str, channels: Sequence[str], rows: Mapping[str, HistoryRows]) -> None:
        """Keep rows of many residents of one agent, all with the same channels.

        A channel about which nothing at all is known of a resident is not kept: an agent's schema also names what
        only its other residents consented to.

        Raises:
            HistoryRefused: not one column per channel.
        """
        kept = {resident: measured(named(channels, block)) for resident, block in rows.items()}
        blobs = [
            {"agent": agent, "resident": resident, "hour": hour, "first": float(piece.time.min()),
             "last": float(piece.time.max()), "channels": json.dumps(list(block.channels), separators=(",", ":")),
             "blob": pack(piece)}
            for resident, block in kept.items()
            for hour, piece in by_hour(block.rows)
        ]  # fmt: skip
        if blobs:
            self._connection.execute(history_tail.insert(), blobs)

    def between(self, resident: str, start: UnixSeconds, end: UnixSeconds) -> list[HistoryWindow]:
        """What the tail holds of a resident, block by block in the order of appending, times not cut to the bounds."""
        tail = history_tail.c
        query = select(tail.channels, tail.blob).where(tail.resident == resident, tail.last >= start, tail.first < end)
        return [_block(names, blob) for names, blob in self._connection.execute(query.order_by(tail.number))]


def measured(block: HistoryWindow) -> HistoryWindow:
    """The block without channels that have neither a value nor a usual."""
    wide = (block.values, block.usual, block.spread)
    known = np.arange(len(block.channels))
    if len(block) and not np.isfinite(block.values[0]).all():  # as nearly never: then it has to be looked for
        known = np.flatnonzero(np.any([np.isfinite(columns).any(axis=0) for columns in wide], axis=0))
    if len(known) == len(block.channels):
        return block
    values, usual, spread = (columns[:, known] for columns in wide)
    names = [block.channels[column] for column in known.tolist()]
    return named(names, HistoryRows(block.time, values, usual, spread, block.score, block.tier))


def by_hour(rows: HistoryRows) -> list[tuple[int, HistoryRows]]:
    """Rows cut at full hours: (hour since 1970, its rows)."""
    hours = (rows.time // HOUR_S).astype(np.int64)
    if len(hours) and hours.min() == hours.max():
        return [(int(hours[0]), rows)]
    return [(int(hour), rows.take(hours == hour)) for hour in np.unique(hours)]


def _block(names: str, blob: bytes) -> HistoryWindow:
    return named(json.loads(names), unpack(bytes(blob)))


def full_hours(connection: Connection, before_hour: int, limit: int) -> list[tuple[str, int]]:
    """(resident, hour) of up to `limit` blocks of hours before `before_hour`, the oldest hour first."""
    tail = history_tail.c
    query = select(tail.resident, tail.hour).distinct().where(tail.hour < before_hour)
    return [
        (row.resident, row.hour) for row in connection.execute(query.order_by(tail.hour, tail.resident).limit(limit))
    ]


def blocks_of_hour(connection: Connection, resident: str, hour: int) -> tuple[list[int], list[HistoryWindow]]:
    """The blocks of a resident's hour in the order of appending, with their numbers, locked until the commit."""
    tail = history_tail.c
    query = select(tail.number, tail.channels, tail.blob).where(tail.hour == hour, tail.resident == resident)
    rows = connection.execute(query.order_by(tail.number).with_for_update()).all()
    return [row.number for row in rows], [_block(row.channels, row.blob) for row in rows]
