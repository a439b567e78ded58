"""What the threshold service leaves behind for people: score history and the tiles of the page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from services.ledger.history import HistoryRepository, HistoryRows
from services.vocabulary import Condition, Resident, ResidentNow, UnixSeconds, describe
from threshold_service.usual_now import UsualNow

Floats = NDArray[np.float64]


class HistoryTail:
    """Collects judged waves of one agent until they are written, a few seconds at a time; nothing is kept of a channel
    that the resident's mode forbids, whatever the agent sent."""

    def __init__(self, agent: str, channels: Sequence[str], seats: Sequence[Resident]) -> None:
        self._agent = agent
        self._channels = tuple(channels)
        self._residents = tuple(seat.id for seat in seats)
        self._allowed = np.array([[describe(name).allowed_in(seat.mode) for name in channels] for seat in seats], bool)
        self.clear()

    def add(self, seats: NDArray[np.intp], times: Floats, values: Floats, now: UsualNow) -> None:
        """One wave: `seats` (k,), `times` (k,), `values` (k, channels), and what is usual after it."""
        self._seats.append(seats)
        self._times.append(times)
        kept = np.where(self._allowed[seats], values, np.nan)
        self._rows.append((kept, now.level[seats], now.spread[seats], now.score[seats], now.tier[seats]))

    def write(self, connection: Connection) -> None:
        """Append everything collected to the ledger's history."""
        if not self._seats:
            return
        seats, times = np.concatenate(self._seats), np.concatenate(self._times)
        values, usual, spread, score = (
            np.concatenate([row[i] for row in self._rows]).astype(np.float32) for i in range(4)
        )
        tier = np.concatenate([row[4] for row in self._rows]).astype(np.int8)
        known = np.isfinite(times)
        blocks = {}
        for seat in np.unique(seats):
            mine = (seats == seat) & known
            rows = HistoryRows(times[mine], values[mine], usual[mine], spread[mine], score[mine], tier[mine])
            blocks[self._residents[int(seat)]] = rows
        HistoryRepository(connection).append_all(self._agent, self._channels, blocks)

    def clear(self) -> None:
        """Forget what was written."""
        self._seats: list[NDArray[np.intp]] = []
        self._times: list[Floats] = []
        self._rows: list[tuple[NDArray[Any], ...]] = []


def statuses(agent: str, seats: Sequence[Resident], now: UsualNow, at: UnixSeconds) -> list[ResidentNow]:
    """The tile of every resident as of their last sample; who was never seen is offline as of `at`."""
    conditions, events, learned = now.condition, now.event, now.learned_share
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
        )
        for i, seat in enumerate(seats)
    ]
