"""Cuts judged rows into the blocks of the hot tail, one of each resident and hour, without a Python step per row."""

import json
from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from services.ledger.history.packing import APART, LONG, head, pack
from services.ledger.history.rows import HOUR_S, HistoryRows, HistoryWindow, named
from services.vocabulary import UnixSeconds


class TailBlock(TypedDict):
    """A row of the table."""

    agent: str
    resident: str
    hour: int
    first: UnixSeconds
    last: UnixSeconds
    channels: str
    blob: bytes


def blocks_of(agent: str, resident: str, rows: HistoryWindow) -> list[TailBlock]:
    """The blocks of one resident's rows.

    A channel about which nothing at all is known of the resident is not kept: an agent's schema also names what only
    its other residents consented to.
    """
    known = _measured(rows)
    names = json.dumps(list(known.channels), separators=(",", ":"))
    return [
        TailBlock(
            agent=agent, resident=resident, hour=hour, first=float(piece.time.min()), last=float(piece.time.max()),
            channels=names, blob=pack(piece),
        )
        for hour, piece in _by_hour(known.rows)
    ]  # fmt: skip


def blocks_of_many(
    agent: str, channels: Sequence[str], residents: Sequence[str], seats: NDArray[np.integer], rows: HistoryRows
) -> list[TailBlock]:
    """The blocks of rows of many residents in any order, `seats` (n,) saying of whom each is; each resident's stay in
    their order.

    Raises:
        HistoryRefused: not one column per channel.
    """
    named(channels, rows)
    if not len(rows):
        return []
    order = np.argsort(seats.astype(np.uint16) if len(residents) <= 2**16 else seats, kind="stable")  # 16 bits: radix
    seats, time = seats[order], rows.time[order]
    hours = (time // HOUR_S).astype(np.int64)
    cuts = np.flatnonzero((np.diff(seats, prepend=-1) != 0) | (np.diff(hours, prepend=-1) != 0))
    first, last = np.minimum.reduceat(time, cuts), np.maximum.reduceat(time, cuts)
    whole = np.isfinite(rows.values[order[cuts]]).all(axis=1)  # then every channel is known, as nearly always
    names, slices = json.dumps(list(channels), separators=(",", ":")), _Slices(rows, order, cuts)
    found: list[TailBlock] = []
    facts = zip(seats[cuts].tolist(), hours[cuts].tolist(), first.tolist(), last.tolist(), strict=True)
    partly = set(np.flatnonzero(~whole).tolist())
    for piece, (seat, hour, begin, until) in enumerate(facts):
        who = residents[seat]
        if piece in partly:
            found += blocks_of(agent, who, named(channels, rows.take(slices.rows(piece))))
            continue
        found.append(
            TailBlock(agent=agent, resident=who, hour=hour, first=begin, last=until, channels=names,
                      blob=slices.pack(piece))
        )  # fmt: skip
    return found


class _Slices:
    """Packs consecutive rows of `rows[order]`, from each of `cuts` to the next, with one copy each."""

    def __init__(self, rows: HistoryRows, order: NDArray[np.intp], cuts: NDArray[np.intp]) -> None:
        lengths = np.diff(cuts, append=len(order))
        step = np.where(lengths > LONG, APART, 1)
        kept = (np.arange(len(order)) - np.repeat(cuts, lengths)) % np.repeat(step, lengths) == 0
        kept[cuts + lengths - 1] = True
        told = order[kept]
        self._order, self._channels = order, rows.values.shape[1]
        self._ends = np.append(cuts, len(order)).tolist()
        self._told = np.append(0, np.cumsum(np.add.reduceat(kept, cuts, dtype=np.int64))).tolist()
        wide, few = self._ends, self._told
        columns = (
            (rows.time, order, "<f8", wide), (rows.values, order, "<f4", wide), (rows.usual, told, "<f4", few),
            (rows.spread, told, "<f4", few), (rows.score, order, "<f4", wide), (rows.tier, order, "<i1", wide),
        )  # fmt: skip
        self._columns = []
        for array, here, kind, ends in columns:
            laid = np.ascontiguousarray(np.take(array, here, axis=0), kind)
            self._columns.append((laid.reshape(-1).view(np.uint8).data, laid.nbytes // len(laid), ends))

    def rows(self, piece: int) -> NDArray[np.intp]:
        """Which rows the piece holds, in order."""
        return self._order[self._ends[piece] : self._ends[piece + 1]]

    def pack(self, piece: int) -> bytes:
        """As `pack` packs these rows."""
        n = self._ends[piece + 1] - self._ends[piece]
        parts = [column[ends[piece] * each : ends[piece + 1] * each] for column, each, ends in self._columns]
        return b"".join((head(n, self._channels), *parts))


def _measured(block: HistoryWindow) -> HistoryWindow:
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


def _by_hour(rows: HistoryRows) -> Iterator[tuple[int, HistoryRows]]:
    """Rows cut at full hours: (hour since 1970, its rows)."""
    hours = (rows.time // HOUR_S).astype(np.int64)
    for hour in np.unique(hours).tolist():
        here = hours == hour
        yield hour, rows if here.all() else rows.take(here)
