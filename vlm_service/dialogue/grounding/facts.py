"""What an event holds, as a reader of its words needs it: how far each thing moved, and every number of it."""

import math
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise

from services.vocabulary import Event
from vlm_service.dialogue.names import SCORE, SEEN, TRANSITION_RATE, VOLATILITY, conflict_name, may_speak_of

MOVED, STILL, AWAY = 1.0, 0.5, 2.0
"""Robust standard deviations from which something moved, below which it did not, and from which it is no longer usual
(source: guess; between them the measurements do not tell)."""
_CLEAR = 0.2
"""Relative change that is one where no spread is known (source: guess)."""


class Facts:
    """Read once, asked often."""

    def __init__(self, event: Event) -> None:
        self.event = event
        evidence = event.evidence
        self._z = {d.channel: d.z for d in event.deviations}
        self._strongest: dict[bool, str] = {}
        self._numbers: dict[str, list[float]] = {}
        self._now: dict[str, list[float]] = {}
        self._usual = {usual.channel: (usual.level, usual.spread) for usual in evidence.profile}
        for d in event.deviations:
            self._usual.setdefault(d.channel, (d.usual, d.spread))
            self._now.setdefault(d.channel, []).append(d.value)
            self._add(d.channel, d.value, d.usual, d.z, *_changes(d.usual, d.value))
        for usual in evidence.profile:
            self._add(usual.channel, usual.level)
        self._trends = {trend.channel: [v for v in trend.values if math.isfinite(v)] for trend in evidence.trends}
        for channel, values in self._trends.items():
            self._now.setdefault(channel, []).extend(values)
            self._add(channel, *values, *(_changes(values[0], values[-1]) if values else ()))
            self._add(channel, *(after - before for before, after in pairwise(values)))
        self._pair(VOLATILITY, evidence.volatility, evidence.usual_volatility)
        self._pair("motion.erratic", evidence.erratic_motion, evidence.usual_erratic_motion)
        self._add(TRANSITION_RATE, evidence.transition_rate)
        self._pair(SCORE, event.score, event.threshold)
        self._add(SEEN, evidence.seen_share, 1.0 - evidence.seen_share)
        for cue in evidence.cues:
            name = cue.name.channel
            self._add(name, cue.probability, cue.offset_s, evidence.window_s - cue.offset_s)
            self._add(name, *(v for v in (cue.loudness_dbfs, cue.duration_s) if v is not None))
        for conflict in evidence.conflicts:
            self._add(conflict_name(conflict.pair), conflict.strength)
            self._add(conflict_name(conflict.pair), *_numbers_in(conflict.first), *_numbers_in(conflict.second))
        self._add("", evidence.window_s)

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The channels that the event tells of and its mode allows, sorted."""
        named = {*self._z, *self._trends, *self._usual}
        return tuple(sorted(name for name in named if may_speak_of(name, self.event.evidence.mode)))

    def knows(self, name: str) -> bool:
        """Whether the event holds anything of `name`."""
        return bool(self._numbers.get(name))

    def numbers(self, names: Iterable[str]) -> list[float]:
        """Every number of `names`, and what follows from them (difference from usual, ratio to it)."""
        return [number for name in names for number in self._numbers.get(name, ())]

    def now(self, names: Iterable[str]) -> list[float]:
        """What `names` measured within the window, without what is usual and what follows from both."""
        return [number for name in names for number in self._now.get(name, ()) if math.isfinite(number)]

    def usual(self, names: Iterable[str]) -> list[float]:
        """What is usual for `names`."""
        known = [self._usual[name][0] for name in names if name in self._usual]
        return [number for number in known if math.isfinite(number)]

    def peak(self, name: str) -> float:
        """The highest that was told of `name` within the window; NaN where nobody knows."""
        return max(self._trends.get(name, ()), default=math.nan)

    def strongest(self, followed: bool = False) -> str:
        """The channel farthest from its usual, of all or of those that are `followed` through the window; empty where
        none is known."""
        if followed not in self._strongest:
            known = {n: abs(z) for n, z in self._z.items() if math.isfinite(z) and (n in self._trends or not followed)}
            self._strongest[followed] = max(known, key=lambda name: known[name], default="")
        return self._strongest[followed]

    def ratios(self, name: str) -> list[float]:
        """How many times its usual something is, and how many times its beginning its end; where both are known and of
        one sign."""
        values = self._trends.get(name, [])
        pairs = [(self._usual.get(name, (math.nan, 0.0))[0], values[-1] if values else math.nan)]
        pairs += [(values[0], values[-1])] if len(values) > 1 else []
        pairs += [(d.usual, d.value) for d in self.event.deviations if d.channel == name]
        return [after / before for before, after in pairs if math.isfinite(after / before if before else math.nan)]

    def every(self) -> list[float]:
        """Every number of the event."""
        return self.numbers(self._numbers)

    def away(self, name: str) -> float:
        """How far `name` is from its usual, in robust standard deviations; NaN where nobody knows."""
        z = self._z.get(name, math.nan)
        if math.isfinite(z):
            return z
        values, (level, spread) = self._trends.get(name), self._usual.get(name, (math.nan, math.nan))
        if values and math.isfinite(level) and spread > 0:
            return (values[-1] - level) / spread
        return self._beside(name)

    def went(self, name: str) -> float:
        """How far `name` went within the window, first to last, in the same unit; NaN where nobody knows."""
        values = self._trends.get(name, [])
        if len(values) < 2:
            return math.nan
        spread = self._usual.get(name, (math.nan, math.nan))[1]
        if spread > 0:
            return (values[-1] - values[0]) / spread
        return _plainly(values[0], values[-1])

    def _beside(self, name: str) -> float:
        evidence = self.event.evidence
        pairs = {
            VOLATILITY: (evidence.usual_volatility, evidence.volatility),
            "motion.erratic": (evidence.usual_erratic_motion, evidence.erratic_motion),
            SCORE: (self.event.threshold, self.event.score),
        }
        return _plainly(*pairs[name]) if name in pairs else math.nan

    def _pair(self, name: str, now: float, usual: float) -> None:
        self._now.setdefault(name, []).append(now)
        self._usual.setdefault(name, (usual, math.nan))
        self._add(name, now, usual, *_changes(usual, now))

    def _add(self, name: str, *numbers: float) -> None:
        known = self._numbers.setdefault(name, [])
        known.extend(number for number in numbers if math.isfinite(number))


def _changes(before: float, after: float) -> list[float]:
    found = [after - before]
    if before:
        found += [after / before, 100.0 * (after / before - 1.0)]
    return [number for number in found if math.isfinite(number)]


def _plainly(before: float, after: float) -> float:
    """Twice `MOVED`, signed, for a change that needs no spread to be seen; 0 for none; NaN where one is not known."""
    if not (math.isfinite(before) and math.isfinite(after)):
        return math.nan
    change = after - before
    return math.copysign(2.0 * MOVED, change) if abs(change) > _CLEAR * max(abs(before), abs(after), 1e-9) else 0.0


def _numbers_in(text: str) -> list[float]:
    found = []
    for word in text.split():
        try:
            found.append(float(word))
        except ValueError:
            continue
    return [number for number in found if math.isfinite(number)]
