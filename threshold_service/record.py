"""What the threshold service leaves behind for people: score history and the tiles of the page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from services.ledger.history import HistoryRepository, HistoryRows
from services.vocabulary import Condition, Resident, ResidentNow, UnixSeconds, describe
from threshold_service.usual_now import UsualNow
from threshold_service.wave import Judged

Floats = NDArray[np.float64]


class HistoryTail:
    """Collects judged batches of one agent until they are written, a few seconds at a time; nothing is kept of a
    channel that the resident's mode forbids, whatever the agent sent."""

    def __init__(self, agent: str, channels: Sequence[str], seats: Sequence[Resident]) -> None:
        self._agent = agent
        self._channels = tuple(channels)
        self._residents = tuple(seat.id for seat in seats)
        self._allowed = np.array([[describe(name).allowed_in(seat.mode) for name in channels] for seat in seats], bool)
        self.clear()

    def add(self, seats: NDArray[np.int64], times: Floats, values: NDArray[np.floating], judged: Judged) -> None:
        """One batch: `seats` (m,), `times` (m,), `values` (m, channels), and what is told of each sample."""
        self._batches.append((seats, times, values, judged.usual, judged.spread, judged.score, judged.tier))

    def write(self, connection: Connection) -> None:
        """Append everything collected to the ledger's history."""
        if not self._batches:
            return
        columns = [np.concatenate(column) for column in zip(*self._batches, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        order = order[np.isfinite(columns[1][order])]
        seats, times, values, usual, spread, score, tier = (column[order] for column in columns)
        if not self._allowed.all():
            values = np.where(self._allowed[seats], values, np.nan)
        values = values.astype(np.float32, copy=False)
        score = score.astype(np.float32)
        starts = np.flatnonzero(np.diff(seats, prepend=-1))
        blocks = {}
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(seats)], strict=True):
            mine = slice(start, end)
            rows = HistoryRows(times[mine], values[mine], usual[mine], spread[mine], score[mine], tier[mine])
            blocks[self._residents[int(seats[start])]] = rows
        if blocks:
            HistoryRepository(connection).append_all(self._agent, self._channels, blocks)

    def clear(self) -> None:
        """Forget what was written."""
        self._batches: list[tuple[NDArray[Any], ...]] = []


def statuses(agent: str, seats: Sequence[Resident], now: UsualNow, at: UnixSeconds) -> list[ResidentNow]:
    """The tile of every resident as of their last sample; who was never seen is offline as of `at`."""
    conditions, events, learned, proposed = now.condition, now.event, now.learned_share, now.proposed
    seen = np.isfinite(now.seen_at)
    return [
        ResidentNow(
            resident=seat,
            agent=agent,
            condition=conditions[i] if seen[i] else Condition.OFFLINE,
            updated_at=float(now.seen_at[i]) if seen[i] else at,
            score=float(now.score[i]),
            event=events[i],
            learned_share=float(learned[i]),
            proposals=proposed.get(i, ()),
        )
        for i, seat in enumerate(seats)
    ]
