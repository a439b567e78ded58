"""What samples of several seconds cost: the same simulated residents, sensed every second and told less often."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge_agent.camera import SecondOfRoom
from edge_agent.period import Period
from services.evaluation.figures import Judged, Observed, false_per_day, judge
from services.evaluation.nouns import Alarm
from services.evaluation.recording import DayBlock, show
from services.evaluation.simulated import SimulatedRecording
from services.runtime.batch import Batch
from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Cue, Event, Policy
from tests.bench.table import Figure, publish
from threshold_service.evaluated_engine import START, EngineWatcher
from threshold_service.seconds import by_second

SEED = 1007
PERIODS_S = (1, 2, 5, 10)
LOST, MORE = 0.05, 1.25
"""Share of recall that a longer period may lose, and how many times as often it may alarm falsely (the bars)."""
CHUNK_S = 600


class PacedWatcher(EngineWatcher):
    """An engine whose agent sends samples of `period_s` seconds; alarms are told when their sample is."""

    def __init__(self, recording: SimulatedRecording, period_s: int) -> None:
        super().__init__(recording.channels, recording.seats(), Policy())
        self._period_s = period_s
        self._periods = [Period(period_s, recording.channels) for _ in recording.seats()]
        self._sequence = 0
        self._ends = np.zeros(0)

    def watch(self, block: DayBlock) -> None:
        cues: dict[tuple[int, int], tuple[Cue, ...]] = {}
        for at, who, cue in block.cues:
            cues[at, who] = (*cues.get((at, who), ()), cue)
        for begin in range(0, len(block.values), CHUNK_S):
            self._judge(block, range(begin, min(begin + CHUNK_S, len(block.values))), cues)
        self._now = block.start_s + len(block.values)

    def _judge(self, block: DayBlock, seconds: range, cues: dict[tuple[int, int], tuple[Cue, ...]]) -> None:
        told: list[tuple[int, SecondOfRoom]] = []
        for at in seconds:
            for who, period in enumerate(self._periods):
                row = tuple(block.values[at, who].tolist())
                persons, heard = int(block.persons[at, who]), cues.get((at, who), ())
                second = SecondOfRoom(START + block.start_s + at, row, 1.0, persons, heard)
                told += [(who, sample) for sample in period.add(second)]
        batch = self._batch(told)
        self._ends = batch.times
        self._note(self.engine.judge(by_second(batch, self._period_s, self.engine.seen_at)).events)
        self._sequence += len(batch)

    def _batch(self, told: Sequence[tuple[int, SecondOfRoom]]) -> Batch:
        n = len(told)
        return Batch(
            sequences=np.arange(self._sequence + 1, self._sequence + n + 1, dtype=np.uint64),
            seats=np.array([who for who, _ in told], np.uint32),
            times=np.array([one.time for _, one in told]),
            values=np.array([one.values for _, one in told], np.float32),
            quality=np.array([one.quality for _, one in told], np.float32),
            persons=np.array([one.persons for _, one in told], np.int32),
            cues=tuple((place, cue) for place, (_, one) in enumerate(told) for cue in one.cues),
        )

    def _note(self, changed: Sequence[Event]) -> None:
        super()._note([self._when_told(event) for event in changed])

    def _when_told(self, event: Event) -> Event:
        place = event.position.sequence - self._sequence - 1
        if event.id in self._told or place < 0:
            return event
        return replace(event, updated_at=float(self._ends[place]))


def recall(judged: Judged) -> float:
    """Share of the observable episodes that were found."""
    there = judged.episodes(lambda label, _: label.observable).sum()
    return float(judged.episodes(lambda label, alarm: label.observable and alarm >= 0).sum() / max(there, 1))


def delay_s(alarms: Sequence[Alarm], observed: Observed) -> float:
    """Median seconds from an observable episode's onset to the first alarm within it, negative where it came before."""
    found = []
    for label in observed.labels:
        mine = [one.opened_s for one in alarms if one.resident == label.resident]
        mine = [at for at in mine if label.prodrome_s <= at <= label.end_s]
        if label.observable and mine:
            found.append(min(mine) - label.onset_s)
    return float(np.median(found)) if found else float("nan")


def main() -> int:
    """Measure and print; `--quick` has fewer residents and days."""
    residents, days = (4, 2) if "--quick" in sys.argv else (10, 6)
    busy = Parameters(excitement=replace(Excitement(), per_day=2.0))
    recording = SimulatedRecording(Facility(SEED, residents, days, busy))
    watchers = [PacedWatcher(recording, period_s) for period_s in PERIODS_S]
    observed = show(recording, watchers, lambda done: None).observed
    figures: list[Figure] = []
    first: tuple[float, float] | None = None
    for period_s, watcher in zip(PERIODS_S, watchers, strict=True):
        alarms = watcher.alarms()
        judged = judge(alarms, observed)
        found, false = recall(judged), false_per_day(judged).value
        every = f"every {period_s} s" if period_s > 1 else "every second"
        ratios = (1.0, 1.0) if first is None else (found / max(first[0], 1e-9), false / max(first[1], 1e-9))
        first = first or (found, false)
        gated = period_s > 1
        figures += [
            Figure(f"{every}: recall", found, "", f"{first[0]:.2f} every second", ratios[0],
                   f"at least {1.0 - LOST:.2f}" if gated else "", ratios[0] >= 1.0 - LOST if gated else None),
            Figure(f"{every}: false alarms per resident-day", false, "", f"{first[1]:.2f} every second", ratios[1],
                   f"at most {MORE}" if gated else "", ratios[1] <= MORE if gated else None),
            Figure(f"{every}: from onset to alarm, median", delay_s(alarms, observed), "s"),
            Figure(f"{every}: samples per resident and day", watcher._sequence / residents / days, ""),
        ]  # fmt: skip
    return publish("periods", figures)


if __name__ == "__main__":
    sys.exit(main())
