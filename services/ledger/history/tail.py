"""The hot tail of score history in SQL: what was judged seconds ago, until its hour is compacted."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from services.ledger.history.blocks import TailBlock, blocks_of
from services.ledger.history.packing import unpack
from services.ledger.history.rows import HistoryRows, HistoryWindow, named
from services.ledger.tables import history_tail
from services.ledger.upsert import insert_many
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

        Raises:
            HistoryRefused: not one column per channel.
        """
        self.append_blocks(
            [block for resident, part in rows.items() for block in blocks_of(agent, resident, named(channels, part))]
        )

    def append_blocks(self, blocks: Sequence[TailBlock]) -> None:
        """Keep what `blocks_of` or `blocks_of_many` cut."""
        insert_many(self._connection, history_tail, blocks)

    def between(self, resident: str, start: UnixSeconds, end: UnixSeconds) -> list[HistoryWindow]:
        """What the tail holds of a resident, block by block in the order of appending, times not cut to the bounds."""
        tail = history_tail.c
        query = select(tail.channels, tail.blob).where(tail.resident == resident, tail.last >= start, tail.first < end)
        return [_block(names, blob) for names, blob in self._connection.execute(query.order_by(tail.number))]


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
