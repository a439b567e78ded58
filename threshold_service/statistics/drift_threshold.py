"""Finds the threshold of the drift watch from ordinary days, so that it reports falsely as seldom as was promised."""

import numpy as np

from threshold_service.statistics import drift_watch
from threshold_service.statistics.arrays import Floats

BLOCK = 7
"""Days that stay together: weeks have a rhythm, and a bad night is seen for days (source: guess)."""
YOUNG = 21
"""Days after which a window is as a settled one has it (measured: reports come more seldom before)."""
LEAST_DAYS = 60
"""Days that show how far days lie apart; from 30 reports came 2 to 5 times as often as promised (simulated)."""
MARGIN = 2.0
"""Without it reports came 1.1 to 2.7 times as often as promised (simulated, 60 to 480 days that hang together)."""
_HIGH = 0.9


def threshold(days: Floats, per_week: float, rng: np.random.Generator, paths: int = 32, weeks: int = 8) -> float:
    """Where false reports of all channels together come `per_week` times in a resident's week.

    `days` (days, hours, channels) are ordinary hourly means as `drift_watch.watch` takes them, NaN if nobody was seen:
    the resident's own since the last drift, or several residents' or simulated ones where those are too few. New lives
    of `weeks` are drawn from them in blocks of days (Kunsch 1989), which keeps the rhythm of a day and what hours and
    channels share. How long each stays below a high level gives the rate there, an exponential tail the threshold above
    it. Infinite where nobody was ever seen or nothing ever varied.

    Raises:
        ValueError: fewer days than `LEAST_DAYS`, or a rate that is not positive.
    """
    if len(days) < LEAST_DAYS or per_week <= 0.0:
        raise ValueError(f"{len(days)} days and {per_week} reports a week; needs {LEAST_DAYS} days, more than 0")
    records = _records(days, rng, paths, 7 * weeks)
    level = float(np.quantile(records[-1], _HIGH))
    beyond = records[-1][records[-1] > level]
    if not len(beyond):
        return np.inf
    rate = days.shape[2] * _passages_a_week(records, level)
    return level + float(np.mean(beyond - level) * np.log(MARGIN * rate / per_week))


def _passages_a_week(records: Floats, level: float) -> float:
    """How often a settled window's evidence passes `level` for the first time (at least one passage is supposed)."""
    passes = records[-1] > level
    lasted = np.where(passes, (records > level).argmax(axis=0), len(records))
    settled = lasted >= YOUNG
    weeks = np.sum(lasted[settled] - YOUNG + 1) / 7.0
    return float(max(np.sum(passes & settled), 1) / max(weeks, 1.0))


def _records(days: Floats, rng: np.random.Generator, paths: int, length: int) -> Floats:
    """Highest evidence until the end of each day of drawn lives, (length, paths, channels)."""
    state = drift_watch.fresh((paths, days.shape[2]))
    highest = np.full((paths, days.shape[2]), -1.0)
    records = np.empty((length, *highest.shape))
    for day in range(length):
        if day % BLOCK == 0:
            starts = rng.integers(0, len(days) - BLOCK + 1, paths)
        for hourly in np.swapaxes(days[starts + day % BLOCK], 0, 1):
            state, evidence = drift_watch.step(state, hourly)
            highest = np.maximum(highest, evidence)
        records[day] = highest
    return records
