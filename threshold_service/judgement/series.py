"""Judges one recorded series in order: what each row says, measured against the tail of what the rows before said."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from services.vocabulary import Seconds, Timing
from threshold_service.judgement import series_kernel
from threshold_service.judgement.series_kernel import BINS, Pace
from threshold_service.judgement.series_tail import BLOCK, Tail, block_maxima, calibrated
from threshold_service.judgement.watch import RELEARN_S
from threshold_service.statistics.arrays import Bools, Floats, Ints

MEMORY_S: Seconds = 10_800.0
RESTLESS_S: Seconds = 20.0
LEVEL_S: Seconds = 8.0
"""As in the live engine; where rows are far apart they become rows, by the median interval."""
LEAST_ROWS, LEAST_RESTLESS = 5, 10
LEAST_MEMORY = 400
"""Rows over which what is usual is averaged at least: a new level is accepted after some hundred rows, and a spread is
not learned from too few (source: guess, kept because `make bench-score` finds it good)."""
ACCEPT_ROWS = 60
"""Rows at least after which a level that was left is given up, so that what follows is seen (source: guess)."""
FIRST_SHARE, FIRST_LEAST, FIRST_MOST = 0.10, 100, 750
"""Rows of a series in which nothing is told: this share of it, within these bounds."""
SETTLING = 60
"""First rows, at most a third of the learning, that teach no tail: the usual is still moving."""
NEW_SHARE, NEW_LEAST, NEW_MOST = 0.05, 50, 4000
"""The tail is calibrated anew after this share of the rows so far, within these bounds."""
DAY_S, DAYS = 86_400.0, 10.0
FEWEST_BINS = 12
"""Rows a day below which no time of day is learned."""
SEEN_SHARE = 0.6
"""Share of one day's rows in a part of the day after which its usual is believed: never on the first day."""
ECHO_ROWS, ECHO = 200.0, 0.3
"""After a row, evidence that does not exceed what is left of it (it fades over so many rows) counts by this share: a
burst speaks once (source: guess; 100 to 400 rows with shares of 0.3 to 0.5 are alike on recordings like those of
`make bench-score`)."""


class Lengths(NamedTuple):
    """How a series is read: the kernel's lengths, rows of learning, rows of quiet until an event ends and until another
    may begin, and after how many seconds of silence everything that adds up starts over."""

    pace: Pace
    learning: int
    quiet: int
    cooldown: int
    silence_s: Seconds


class Judged(NamedTuple):
    """Of each row of n: `evidence` over the tail scale of the last calibration (0 while nothing is learned), the
    channel that speaks (-1: none does), and the thresholds of tier 1 and 2 and where an event is released; all (n,),
    infinite while nothing is learned."""

    evidence: Floats
    top: Ints
    immediate: Floats
    urgent: Floats
    release: Floats


def lengths(rows: int, interval_s: Seconds, timing: Timing) -> Lengths:
    """Windows of a series of so many rows with a median distance of `interval_s`.

    >>> read = lengths(4000, 300.0, Timing())
    >>> read.learning, read.quiet, read.pace.fast
    (400, 5, 5.0)
    """

    def in_rows(window: Seconds, least: float = LEAST_ROWS) -> float:
        return float(max(window / interval_s, least))

    bins = int(min(BINS, DAY_S / interval_s))
    bins = bins if bins >= FEWEST_BINS else 0
    each = DAY_S / interval_s / max(bins, 1)
    pace = Pace(
        in_rows(MEMORY_S, LEAST_MEMORY), in_rows(RESTLESS_S, LEAST_RESTLESS), in_rows(LEVEL_S),
        in_rows(RELEARN_S, ACCEPT_ROWS), bins, DAYS * each, SEEN_SHARE * each,
    )  # fmt: skip
    learning = min(max(math.ceil(FIRST_SHARE * rows), FIRST_LEAST), FIRST_MOST)
    silence = max(timing.restart_gap_s, LEAST_ROWS * interval_s)
    quiet, cooldown = math.ceil(in_rows(timing.quiet_to_end_s)), math.ceil(in_rows(timing.cooldown_s))
    return Lengths(pace, learning, quiet, cooldown, silence)


def silences(times: Floats, silence_s: Seconds) -> Bools:
    """Which of the ordered `times` (n,) come after a long silence."""
    return np.concatenate([[False], np.diff(times) > silence_s]) if len(times) else np.zeros(0, bool)


def judge(
    values: Floats, times: Floats, matters: tuple[Floats, Floats], read: Lengths, per_row: tuple[float, float],
    passed: Callable[[int], None] = lambda rows: None,
) -> Judged:  # fmt: skip
    """Evidence of rows (n, c) in the order of `times` (n,) Unix seconds: of each row only what came before is used.

    `matters` are two (c,): 1.0 where a change upwards, and downwards, deserves attention. `per_row` are how many events
    of tier 1, and of tiers 1 and 2 together, a row may open on ordinary days. `passed` hears how many rows are done.
    """
    n, c = values.shape
    track = series_kernel.fresh(c)
    judged = Judged(np.zeros(n), np.full(n, -1, np.int64), np.full(n, np.inf), np.full(n, np.inf), np.full(n, np.inf))
    part, anew = (times % DAY_S) * (read.pace.bins / DAY_S), silences(times, read.silence_s)
    maxima: list[Floats] = []
    tail: Tail | None = None
    start, end = 0, min(read.learning, n)
    while start < n:
        said = np.zeros((end - start, c, len(series_kernel.STATISTICS)))
        here = slice(start, end)
        series_kernel.run(values[here], part[here], anew[here], *matters, read.pace, track, said)
        if tail is not None:
            _tell(judged, here, tail, said)
        first = min(read.learning // 3, SETTLING) if tail is None else 0
        if end - start - first >= BLOCK:
            maxima.append(block_maxima(said[first:] if tail is None else tail.kept(said)))
            tail = calibrated(maxima, per_row)
        passed(end - start)
        start, end = end, min(n, end + int(min(max(NEW_SHARE * end, NEW_LEAST), NEW_MOST)))
    return judged


def _tell(judged: Judged, here: slice, tail: Tail, said: Floats) -> None:
    judged.evidence[here], judged.top[here] = tail.evidence(said)
    judged.immediate[here], judged.urgent[here], judged.release[here] = tail.immediate, tail.urgent, tail.release


def score(evidence: Floats) -> Floats:
    """0..1 for each row's evidence over its tail scale: 1 - 1 / (1 + E), E what is left once a burst has spoken.

    >>> score(np.array([0.0, 4.0, 4.0, 5.0])).round(3).tolist()
    [0.0, 0.8, 0.545, 0.833]
    """
    news = series_kernel.news(evidence, math.exp(-1.0 / ECHO_ROWS), ECHO)
    rated: Floats = 1.0 - 1.0 / (1.0 + news)
    return rated
