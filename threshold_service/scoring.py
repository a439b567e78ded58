"""Scores a recording series by series: each in the order of its times, each row by the rows before it alone."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Policy, Position, Worse, describe, event_id
from threshold_service.judgement import series, series_events
from threshold_service.recording import Recording
from threshold_service.statistics.arrays import Floats, Ints

WEEK_S = 7 * 86_400.0
MOST_PER_ROW = 0.02
"""Events that a row may open at most: where nearly every row is one, nothing is an event."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """How many events ordinary days may bring: `number` per week, or per 1,000 rows."""

    number: float
    per_week: bool

    def per_row(self, interval_s: float) -> float:
        """Events that one row may open, at most `MOST_PER_ROW`.

        >>> Allowed(7.0, True).per_row(300.0) * 2016, Allowed(0.1, False).per_row(300.0)
        (7.0, 0.0001)
        """
        return min(self.number * interval_s / WEEK_S if self.per_week else self.number / 1000.0, MOST_PER_ROW)


class Scored(NamedTuple):
    """Of each row of n, in the file's order: `score` 0..1, `tier` (0: nothing is open), `event` id or empty, `top` the
    channel that speaks or empty; and the `threshold` that a score has to pass, 1.0 while nothing is learned."""

    score: Floats
    tier: NDArray[np.int8]
    event: NDArray[np.object_]
    top: NDArray[np.object_]
    threshold: Floats


class Series(NamedTuple):
    """One resident's part: `rows` in the order of their times, what is usual about their distance, rows of learning."""

    resident: str
    rows: Ints
    interval_s: float
    learning: int
    repeated: int
    """Rows whose time is that of the row before: judged one after the other, in the file's order."""


def score(
    recording: Recording, allowed: Allowed, policy: Policy, passed: Callable[[int], None] = lambda rows: None
) -> tuple[Scored, tuple[Series, ...]]:
    """Every row's score. Rows without a time or without any value have score 0 and open nothing.

    Tier 1 has the share of `allowed` that it has in the policy's budget of tiers 1 and 2.
    """
    n = len(recording.times)
    scored = Scored(np.zeros(n), np.zeros(n, np.int8), np.full(n, "", object), np.full(n, "", object), np.ones(n))
    found = []
    for resident in sorted(set(recording.resident.tolist())):
        rows = np.flatnonzero((recording.resident == resident) & np.isfinite(recording.times))
        rows = rows[np.argsort(recording.times[rows], kind="stable")]
        if len(rows):
            found.append(_one(recording, resident, rows, allowed, policy, scored, passed))
    return scored, tuple(found)


def _one(
    recording: Recording, resident: str, rows: Ints, allowed: Allowed, policy: Policy, scored: Scored,
    passed: Callable[[int], None],
) -> Series:  # fmt: skip
    times = recording.times[rows]
    steps = np.diff(times)
    interval = float(np.median(steps[steps > 0.0])) if (steps > 0.0).any() else 1.0
    read = series.lengths(len(rows), interval, policy.timing)
    rate, budget = allowed.per_row(interval), policy.budget
    share = budget.tier1 / (budget.tier1 + budget.tier2)
    judged = series.judge(
        recording.values[rows], times, _matters(recording.channels), read, (share * rate, rate), passed
    )
    told = series_events.events(judged, series.silences(times, read.silence_s), read)
    names = np.array([*recording.channels, ""], object)
    scored.score[rows] = series.score(judged.evidence)
    scored.tier[rows], scored.top[rows] = told.tier, names[judged.top]
    scored.event[rows] = _ids(resident, recording, float(times[0]), told.opened)
    scored.threshold[rows] = 1.0 - 1.0 / (1.0 + judged.urgent)
    return Series(resident, rows, interval, read.learning, int((steps == 0.0).sum()))


def _matters(channels: tuple[str, ...]) -> tuple[Floats, Floats]:
    worse = [describe(name).worse for name in channels]
    return (
        np.array([float(one is not Worse.LOWER) for one in worse]),
        np.array([float(one is not Worse.HIGHER) for one in worse]),
    )


def _ids(resident: str, recording: Recording, start: float, opened: Ints) -> NDArray[np.object_]:
    """Event ids as in the live service: of resident, recording (its first time and columns) and row."""
    whose = hashlib.sha256(repr((start, recording.channels)).encode()).hexdigest()[:32]
    ids = {-1: ""}
    for row in np.unique(opened[opened >= 0]).tolist():
        ids[row] = event_id(resident, Position("recording", whose, row))
    return np.array([ids[row] for row in opened.tolist()], object)
