"""The engine as a detector under trial: days of a recording go in, alarms come out."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.evaluation.nouns import Alarm
from services.evaluation.recording import DayBlock
from services.runtime.batch import Batch
from services.vocabulary import Event, Policy, Resident, Tier
from services.vocabulary.policy import Rules
from threshold_service.engine import Engine
from threshold_service.wave import Judged

START = 1_750_032_000.0
"""Unix seconds at which recordings begin: a midnight (UTC)."""
EPOCH = "e" * 32
CHUNK_S = 300


class EngineWatcher:
    """Runs one engine over a recording and notes what a caregiver would have been told; `heard` hears of the samples,
    all residents second after second, and what was judged of them."""

    def __init__(
        self, channels: tuple[str, ...], seats: tuple[Resident, ...], policy: Policy,
        heard: Callable[[Batch, Judged], None] | None = None,
    ) -> None:  # fmt: skip
        self._heard = heard
        self.engine = Engine(channels, seats, policy, "evaluation", EPOCH)
        self._row = {seat.id: row for row, seat in enumerate(seats)}
        self._told: dict[str, Alarm] = {}
        self._now = 0.0
        self._usable_at = np.full(len(seats), np.nan)

    def watch(self, block: DayBlock) -> None:
        """One day of every resident, some minutes at a time."""
        for begin in range(0, len(block.values), CHUNK_S):
            samples = batch(block, begin, begin + CHUNK_S)
            judged = self.engine.judge(samples)
            self._note(judged.events)
            if self._heard is not None:
                self._heard(samples, judged)
            self._look(block.start_s + begin)
        self._now = block.start_s + len(block.values)

    def alarms(self) -> tuple[Alarm, ...]:
        """Everything told so far; events still open end now."""
        return tuple(
            Alarm(one.resident, one.opened_s, one.tier, min(one.ended_s, self._now), one.reason)
            for one in sorted(self._told.values(), key=lambda one: (one.opened_s, one.resident))
        )

    def usable_at(self) -> NDArray[np.float64]:
        """Second of the recording at which each resident's thresholds first spoke, NaN where they do not, (n,)."""
        return self._usable_at

    def _note(self, changed: Sequence[Event]) -> None:
        for event in changed:
            if event.tier is Tier.MONITOR:
                continue
            before = self._told.get(event.id)
            opened_s = before.opened_s if before else event.updated_at - START
            ended_s = float("inf") if event.ended_at is None else event.ended_at - START
            self._told[event.id] = Alarm(
                self._row[event.resident], opened_s, event.tier.value, ended_s, event.reason.value
            )

    def _look(self, now_s: float) -> None:
        learned = self.engine.usual().learned_share
        fresh = np.isnan(self._usable_at) & (learned >= 1.0)
        self._usable_at[fresh] = now_s


def batch(block: DayBlock, begin: int, end: int) -> Batch:
    """The samples of all residents in these seconds of a block, second after second."""
    end = min(end, len(block.values))
    seconds, residents = end - begin, block.values.shape[1]
    n = seconds * residents
    first = int(block.start_s + begin) * residents + 1
    return Batch(
        sequences=np.arange(first, first + n, dtype=np.uint64),
        seats=np.tile(np.arange(residents, dtype=np.uint32), seconds),
        times=np.repeat(START + block.start_s + np.arange(begin, end), residents),
        values=block.values[begin:end].reshape(n, -1).astype(np.float32),
        quality=np.ones(n, np.float32),
        persons=block.persons[begin:end].reshape(n),
        cues=tuple((residents * (at - begin) + who, cue) for at, who, cue in block.cues if begin <= at < end),
    )


def literal(policy: Policy) -> Policy:
    """The same deployment under the plain rules."""
    return replace(policy, rules=Rules.LITERAL)
