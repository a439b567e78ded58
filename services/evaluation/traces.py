"""From a score over time to alarms: thresholds, events with an end and a cooldown, and thresholds for a stated rate."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.evaluation.figures import Observed, judge
from services.evaluation.nouns import Alarm, Verdict

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BIN_S = 10
"""Peaks are kept per bin of this many seconds; an alarm counts as told at its bin's end."""
QUIET_S = 60.0
COOLDOWN_S = 300.0
"""When an event ends and how long nothing as urgent opens another: as in the shipped policy."""


class Trace(NamedTuple):
    """Highest score of each bin, one array per resident; -inf where nothing was scored."""

    peaks: tuple[Floats, ...]


def binned(scores: Floats) -> Floats:
    """Highest score of every BIN_S seconds; (n,) to (n / BIN_S,), the last bin may be short.

    >>> binned(np.arange(12.0)).tolist()
    [9.0, 11.0]
    """
    short = -len(scores) % BIN_S
    padded = np.pad(np.nan_to_num(scores, nan=-np.inf), (0, short), constant_values=-np.inf)
    peaks: Floats = padded.reshape(-1, BIN_S).max(axis=1)
    return peaks


def events(urgent: Bools, immediate: Bools, resident: int) -> list[Alarm]:
    """Alarms of one resident from bins in which tier 2 or tier 1 speaks.

    >>> bins = np.zeros(100, bool); bins[[10, 12, 40, 90]] = True
    >>> [(one.opened_s, one.ended_s) for one in events(bins, bins & False, 0)]
    [(110.0, 190.0), (910.0, 970.0)]
    """
    alarms: list[Alarm] = []
    for place in np.flatnonzero(urgent | immediate).tolist():
        now, tier = (place + 1.0) * BIN_S, 1 if immediate[place] else 2
        last = alarms[-1] if alarms else None
        if last is not None and now - last.ended_s <= 0.0:
            alarms[-1] = replace(last, tier=min(tier, last.tier), ended_s=now + QUIET_S)
        elif last is None or now - last.ended_s >= COOLDOWN_S or tier < last.tier:
            alarms.append(Alarm(resident, now, tier, now + QUIET_S))
    return alarms


def alarms(trace: Trace, urgent: Sequence[float], immediate: Sequence[float]) -> tuple[Alarm, ...]:
    """Alarms of all residents where the trace exceeds each resident's thresholds of tiers 2 and 1."""
    told: list[Alarm] = []
    for resident, (peaks, second, first) in enumerate(zip(trace.peaks, urgent, immediate, strict=True)):
        told += events(peaks > second, peaks > first, resident)
    return tuple(told)


def one_threshold(trace: Trace, observed: Observed, both_per_day: float, first_per_day: float) -> tuple[Alarm, ...]:
    """Alarms at one threshold for everybody, set in hindsight for these false alarms per resident-day."""
    levels = np.quantile(np.concatenate(trace.peaks), _levels())
    return _at_rates(trace, observed, np.repeat(levels[:, None], len(trace.peaks), 1), both_per_day, first_per_day)


def own_thresholds(trace: Trace, observed: Observed, both_per_day: float, first_per_day: float) -> tuple[Alarm, ...]:
    """Alarms at each resident's own quantile, the same one for everybody, set in hindsight for these rates."""
    levels = np.array([np.quantile(peaks, _levels()) for peaks in trace.peaks]).T
    return _at_rates(trace, observed, levels, both_per_day, first_per_day)


def _levels() -> Floats:
    """From 0.9 to all but one in ten million, evenly on the scale of rarity."""
    levels: Floats = 1.0 - np.logspace(-1.0, -7.0, 600)
    return levels


def _at_rates(trace: Trace, observed: Observed, levels: Floats, both: float, first: float) -> tuple[Alarm, ...]:
    silent = np.full(levels.shape[1], np.inf)
    urgent = levels[_lowest(trace, observed, levels, both)]
    immediate = levels[_lowest(trace, observed, levels, first)]
    return alarms(trace, urgent.tolist(), np.where(first > 0.0, np.maximum(immediate, urgent), silent).tolist())


def _lowest(trace: Trace, observed: Observed, levels: Floats, per_day: float) -> int:
    """The lowest row of `levels` with at most `per_day` false alarms, by bisection."""
    low, high = 0, len(levels) - 1
    silent = [np.inf] * levels.shape[1]
    while low < high:
        middle = (low + high) // 2
        told = alarms(trace, levels[middle].tolist(), silent)
        if judge(told, observed).per_resident(Verdict.FALSE).sum() <= per_day * observed.days.sum():
            high = middle
        else:
            low = middle + 1
    return low
