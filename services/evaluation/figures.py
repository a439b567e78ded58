"""The figures a detector is judged by, from its alarms and the true episodes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.evaluation.bootstrap import Interval, pooled, ratio
from services.evaluation.matching import Matched, match
from services.evaluation.nouns import Alarm, Label, Verdict

Floats = NDArray[np.float64]
RESIDENTS_PER_CARER = 8
"""Residents one carer looks after in a day shift (guess; staffing differs by country)."""
SHIFTS_PER_DAY = 3
_SEED = 20_240_601
"""Seed of the bootstrap: the same alarms give the same intervals."""


class Figure(NamedTuple):
    """One figure with its interval over persons."""

    name: str
    unit: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Observed:
    """What was watched: `days` (residents,) watched, and the true episodes."""

    days: Floats
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One detector's alarms of some tiers against the truth."""

    observed: Observed
    alarms: tuple[Alarm, ...]
    matched: Matched

    def per_resident(self, verdict: Verdict, tiers: tuple[int, ...] = (1, 2)) -> Floats:
        """How many alarms of `tiers` had this verdict, (residents,)."""
        rows = [
            alarm.resident for alarm, one in zip(self.alarms, self.matched.verdicts, strict=True)
            if one is verdict and alarm.tier in tiers
        ]  # fmt: skip
        return np.bincount(rows, minlength=len(self.observed.days)).astype(np.float64)

    def episodes(self, chosen: Callable[[Label, int], bool]) -> Floats:
        """How many episodes are `chosen` by (label, index of the alarm that found it or -1), (residents,)."""
        pairs = zip(self.observed.labels, self.matched.found, strict=True)
        rows = [label.resident for label, found in pairs if chosen(label, found)]
        return np.bincount(rows, minlength=len(self.observed.days)).astype(np.float64)

    def times(self, of: Callable[[Label, Alarm], float]) -> list[Floats]:
        """`of` every episode that was found and could be observed, by resident."""
        times: list[list[float]] = [[] for _ in self.observed.days]
        for label, found in zip(self.observed.labels, self.matched.found, strict=True):
            if found >= 0 and label.observable:
                times[label.resident].append(of(label, self.alarms[found]))
        return [np.array(one) for one in times]


def judge(alarms: Sequence[Alarm], observed: Observed, tiers: tuple[int, ...] = (1, 2)) -> Judged:
    """Match the alarms of `tiers` with the truth; alarms of other tiers take no part."""
    kept = tuple(alarm for alarm in alarms if alarm.tier in tiers)
    return Judged(observed, kept, match(kept, observed.labels))


def recall(judged: Judged) -> Interval:
    """Share of observable episodes that were found."""
    found = judged.episodes(lambda label, alarm: label.observable and alarm >= 0)
    return ratio(found, judged.episodes(lambda label, _: label.observable), _rng())


def recall_of_all(judged: Judged) -> Interval:
    """Share of all episodes that were found, seen or not."""
    return ratio(judged.episodes(lambda _, alarm: alarm >= 0), judged.episodes(lambda *_: True), _rng())


def precision(judged: Judged, tiers: tuple[int, ...] = (1, 2)) -> Interval:
    """Share of alarms of `tiers` that were true; duplicates are neither."""
    true = judged.per_resident(Verdict.TRUE, tiers)
    return ratio(true, true + judged.per_resident(Verdict.FALSE, tiers), _rng())


def false_per_day(judged: Judged, tiers: tuple[int, ...] = (1, 2)) -> Interval:
    """False alarms of `tiers` per resident-day."""
    return ratio(judged.per_resident(Verdict.FALSE, tiers), judged.observed.days, _rng())


def before_onset(judged: Judged) -> Interval:
    """Share of observable episodes whose alarm came before the onset."""

    def early(label: Label, alarm: int) -> bool:
        return label.observable and alarm >= 0 and judged.alarms[alarm].opened_s < label.onset_s

    return ratio(judged.episodes(early), judged.episodes(lambda label, _: label.observable), _rng())


def in_alarm(judged: Judged) -> Interval:
    """Share of the time an event of tier 1 or 2 was open."""
    open_s = np.zeros(len(judged.observed.days))
    for alarm in judged.alarms:
        open_s[alarm.resident] += alarm.ended_s - alarm.opened_s
    return ratio(open_s, 86_400.0 * judged.observed.days, _rng())


def per_shift(judged: Judged) -> Interval:
    """Alarms of any verdict per carer and shift."""
    told = sum(judged.per_resident(verdict) for verdict in Verdict)
    assert isinstance(told, np.ndarray)
    whole = ratio(told, judged.observed.days, _rng())
    return Interval(*(one * RESIDENTS_PER_CARER / SHIFTS_PER_DAY for one in whole))


def table(alarms: Sequence[Alarm], observed: Observed) -> tuple[Figure, ...]:
    """Every figure of one detector. Per tier: alarms of tier 1 alone, and of tiers 1 and 2 together."""
    both, first = judge(alarms, observed), judge(alarms, observed, (1,))
    lead = both.times(lambda label, alarm: label.peak_s - alarm.opened_s)
    delay = both.times(lambda label, alarm: alarm.opened_s - label.onset_s)
    return (
        Figure("recall of observable episodes", "", recall(both)),
        Figure("  recall by tier 1 alone", "", recall(first)),
        Figure("recall of all episodes", "", recall_of_all(both)),
        Figure("precision", "", precision(both)),
        Figure("  precision of tier 1", "", precision(first, (1,))),
        Figure("  precision of tier 2", "", precision(both, (2,))),
        Figure("false alarms", "per resident-day", false_per_day(both)),
        Figure("  false alarms of tier 1", "per resident-day", false_per_day(both, (1,))),
        Figure("duplicates", "per resident-day", ratio(both.per_resident(Verdict.DUPLICATE), observed.days, _rng())),
        Figure("alarmed before onset", "", before_onset(both)),
        Figure("lead before the peak, median", "s", pooled(lead, _median, _rng())),
        Figure("lead before the peak, 90 % have at least", "s", pooled(lead, _tenth, _rng())),
        Figure("lead before the peak, best tenth has", "s", pooled(lead, _ninetieth, _rng())),
        Figure("delay after onset, median", "s", pooled(delay, _median, _rng())),
        Figure("time in alarm", "", in_alarm(both)),
        Figure("alarms per carer and shift", "", per_shift(both)),
        Figure("false alarms, the resident with most but a tenth", "per day", _across(both, 0.9)),
    )  # fmt: skip


def _across(judged: Judged, level: float) -> Interval:
    rates = judged.per_resident(Verdict.FALSE) / judged.observed.days
    return pooled([np.array([rate]) for rate in rates], lambda values: float(np.quantile(values, level)), _rng())


def _median(values: Floats) -> float:
    return float(np.median(values))


def _tenth(values: Floats) -> float:
    return float(np.quantile(values, 0.1))


def _ninetieth(values: Floats) -> float:
    return float(np.quantile(values, 0.9))


def _rng() -> np.random.Generator:
    return np.random.default_rng(_SEED)
