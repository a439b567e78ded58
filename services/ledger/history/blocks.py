"""Cuts judged rows into the blocks of the hot tail, one of each resident and hour, without a Python step per row."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

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
    agent: str, channels: Sequence[str], residents: Sequence[str], seats: NDArray[np.integer],
    batches: Sequence[HistoryRows],
) -> list[TailBlock]:  # fmt: skip
    """The blocks of rows of many residents in any order, n in all `batches` together, `seats` (n,) saying of whom each
    is; each resident's stay in their order.

    Raises:
        HistoryRefused: not one column per channel.
    """
    for batch in batches:
        named(channels, batch)
    if not len(seats):
        return []
    order = np.argsort(seats.astype(np.uint16) if len(residents) <= 2**16 else seats, kind="stable")  # 16 bits: radix
    seats, time = seats[order], np.concatenate([batch.time for batch in batches])[order]
    hours = (time // HOUR_S).astype(np.int64)
    cuts = np.flatnonzero((np.diff(seats, prepend=-1) != 0) | (np.diff(hours, prepend=-1) != 0))
    first, last = np.minimum.reduceat(time, cuts), np.maximum.reduceat(time, cuts)
    names, slices = json.dumps(list(channels), separators=(",", ":")), _Slices(batches, order, cuts)
    found: list[TailBlock] = []
    facts = zip(seats[cuts].tolist(), hours[cuts].tolist(), first.tolist(), last.tolist(), strict=True)
    for piece, (seat, hour, begin, until) in enumerate(facts):
        who = residents[seat]
        if piece in slices.partly:
            found += blocks_of(agent, who, named(channels, slices.rows(piece)))
            continue
        found.append(
            TailBlock(agent=agent, resident=who, hour=hour, first=begin, last=until, channels=names,
                      blob=slices.pack(piece))
        )  # fmt: skip
    return found


class _Slices:
    """Packs consecutive rows of all `batches` taken in an `order`, from each of `cuts` to the next, with one copy each.
    `partly` are the pieces of which not every channel is known at first, nearly always none."""

    def __init__(self, batches: Sequence[HistoryRows], order: NDArray[np.intp], cuts: NDArray[np.intp]) -> None:
        lengths = np.diff(cuts, append=len(order))
        step = np.where(lengths > LONG, APART, 1)
        kept = (np.arange(len(order)) - np.repeat(cuts, lengths)) % np.repeat(step, lengths) == 0
        kept[cuts + lengths - 1] = True
        told = order[kept]
        self._batches, self._order, self._channels = batches, order, batches[0].values.shape[1]
        self._ends = np.append(cuts, len(order)).tolist()
        self._told = np.append(0, np.cumsum(np.add.reduceat(kept, cuts, dtype=np.int64))).tolist()
        wide, few = self._ends, self._told
        values = _taken(batches, "values", order)
        self.partly = set(np.flatnonzero(~np.isfinite(values[cuts]).all(axis=1)).tolist())
        columns = (
            (_taken(batches, "time", order), "<f8", wide), (values, "<f4", wide),
            (_taken(batches, "usual", told), "<f4", few), (_taken(batches, "spread", told), "<f4", few),
            (_taken(batches, "score", order), "<f4", wide), (_taken(batches, "tier", order), "<i1", wide),
        )  # fmt: skip
        self._columns = []
        for array, kind, ends in columns:
            laid = np.ascontiguousarray(array, kind)
            self._columns.append((laid.reshape(-1).view(np.uint8).data, laid.nbytes // len(laid), ends))

    def rows(self, piece: int) -> HistoryRows:
        """The rows of the piece, in order."""
        chosen = self._order[self._ends[piece] : self._ends[piece + 1]]
        return HistoryRows(*(_taken(self._batches, name, chosen) for name in HistoryRows.__slots__))

    def pack(self, piece: int) -> bytes:
        """As `pack` packs these rows."""
        n = self._ends[piece + 1] - self._ends[piece]
        parts = [column[ends[piece] * each : ends[piece + 1] * each] for column, each, ends in self._columns]
        return b"".join((head(n, self._channels), *parts))


def _taken(batches: Sequence[HistoryRows], name: str, chosen: NDArray[np.intp]) -> NDArray[Any]:
    """Rows `chosen` (k,) of one column of all batches together. Of few rows the others are never touched."""
    columns = [getattr(batch, name) for batch in batches]
    if 2 * len(chosen) > sum(map(len, columns)):
        return np.take(np.concatenate(columns) if len(columns) > 1 else columns[0], chosen, axis=0)
    taken, at = np.empty((len(chosen), *columns[0].shape[1:]), columns[0].dtype), 0
    for column in columns:
        here = np.flatnonzero((chosen >= at) & (chosen < at + len(column)))
        taken[here] = column[chosen[here] - at]
        at += len(column)
    return taken


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
