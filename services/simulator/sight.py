"""When the senses of a room have something to say: in view or away, blind camera, lost frames, deaf microphone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.simulator.parameters import DAY_S, Sight

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """One day: `present` (the person is where the camera looks), `frames` (the camera gives a picture), `sound`; each
    (86400,)."""

    present: Bools
    frames: Bools
    sound: Bools


def seen(sight: Sight, by_day: float, by_night: float, asleep: Floats, rng: np.random.Generator) -> Seen:
    """Renewal in view and away by day for a share `by_day`; at night the bed lies in view, and the camera sees in the
    dark for a share `by_night`."""
    night = asleep > 0.5
    there = np.where(night, True, renewal(DAY_S, by_day, sight.stay_s, rng))
    lit = np.where(night, renewal(DAY_S, by_night, 4 * sight.stay_s, rng), True)
    dropped = stretches(DAY_S, sight.dropouts_per_day, sight.dropout_s, rng)
    lost = rng.uniform(size=DAY_S) < sight.lost
    deaf = stretches(DAY_S, sight.deaf_per_day, sight.deaf_s, rng)
    return Seen(there, lit & ~dropped & ~lost, ~deaf)


def renewal(n: int, share: float, stay_s: float, rng: np.random.Generator) -> Bools:
    """Which of n seconds are in view: exponential stays of `stay_s` on average, for `share` of the time.

    >>> bool(abs(renewal(10**6, 0.3, 100.0, np.random.default_rng(1)).mean() - 0.3) < 0.05)
    True
    """
    if share >= 1.0 or share <= 0.0:
        return np.full(n, share >= 1.0)
    away_s = stay_s * (1.0 - share) / share
    turns = max(8, int(3 * n / (stay_s + away_s)) + 8)
    lengths = rng.exponential(1.0, 2 * turns) * np.tile([stay_s, away_s], turns)
    first = 0 if rng.uniform() < share else 1
    ends = np.cumsum(lengths[first:])
    which = np.searchsorted(ends, np.arange(n), side="right")
    view: Bools = (which + first) % 2 == 0
    return view


def stretches(n: int, per_day: float, mean_s: float, rng: np.random.Generator) -> Bools:
    """Which of n seconds lie in a failure: `per_day` of them, exponential with `mean_s`."""
    failing = np.zeros(n, bool)
    for begin in rng.integers(0, n, rng.poisson(per_day * n / DAY_S)):
        failing[begin : begin + 1 + int(rng.exponential(mean_s))] = True
    return failing
