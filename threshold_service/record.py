"""What the threshold service leaves behind for people: score history and the tiles of the page."""

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.ledger.history import HistoryRows, TailBlock, blocks_of_many
from services.vocabulary import Condition, Mode, Resident, ResidentNow, UnixSeconds, describe
from threshold_service.usual_now import UsualNow
from threshold_service.wave import Judged

Floats = NDArray[np.float64]


class HistoryTail:
    """Collects judged batches of one agent until they are written; nothing is kept of a channel that the resident's
    mode forbids, whatever the agent sent."""

    def __init__(self, agent: str, channels: Sequence[str], seats: Sequence[Resident]) -> None:
        self._agent = agent
        self._channels = tuple(channels)
        self._residents = tuple(seat.id for seat in seats)
        by_mode = {mode: [describe(name).allowed_in(mode) for name in channels] for mode in Mode}
        self._allowed = np.array([by_mode[seat.mode] for seat in seats], bool)
        self.clear()

    def __len__(self) -> int:
        return self._rows

    def add(self, seats: NDArray[np.int64], times: Floats, values: NDArray[np.floating], judged: Judged) -> None:
        """One batch: `seats` (m,), `times` (m,), `values` (m, channels), and what is told of each sample."""
        if not self._allowed.all():
            values = np.where(self._allowed[seats], values, np.nan)
        timed = np.isfinite(times)
        if not timed.all():
            seats, times, values = seats[timed], times[timed], values[timed]
            judged = Judged(judged.events, *(column[timed] for column in judged[1:]))  # type: ignore[arg-type]
        rows = HistoryRows(
            times, values.astype(np.float32, copy=False), judged.usual, judged.spread, judged.score.astype(np.float32),
            judged.tier,
        )  # fmt: skip
        self._batches.append((seats, rows))
        self._rows += len(seats)

    def blocks(self) -> list[TailBlock]:
        """Everything collected as the ledger's history keeps it."""
        seats, batches = [seats for seats, _ in self._batches], [rows for _, rows in self._batches]
        if not batches:
            return []
        return blocks_of_many(self._agent, self._channels, self._residents, np.concatenate(seats), batches)

    def handed_over(self) -> "HistoryTail":
        """Everything collected as a tail of its own; this one goes on empty."""
        whole = copy.copy(self)
        self.clear()
        return whole

    def clear(self) -> None:
        """Forget what was written."""
        self._batches: list[tuple[NDArray[np.int64], HistoryRows]] = []
        self._rows = 0


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
