"""The random processes a simulated day is made of: autoregression, ordinary bursts, absences."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BURSTS_PER_HOUR = 1.0
"""Brief ordinary excitements: a meal, a cough, a visitor at the door (source: guess)."""
BURST_S = (4.0, 30.0)
BURST_SPREADS = 2.0
"""Scale of a burst's height, in spreads (source: guess)."""
BURST_SHARE = 0.33
"""Share of the channels that a burst touches (source: guess)."""
ABSENCES_PER_HOUR = 0.5
ABSENCE_S = (10.0, 120.0)


def autoregressive(n: int, phi: Floats, rng: np.random.Generator) -> Floats:
    """n steps of independent AR(1) processes of unit variance, (n, len(phi))."""
    noise = rng.standard_normal((n, len(phi)))
    noise[1:] *= np.sqrt(1.0 - phi * phi)
    for i in range(1, n):
        noise[i] += phi * noise[i - 1]
    return noise


def bursts(n: int, channels: int, rng: np.random.Generator, per_hour: float = BURSTS_PER_HOUR) -> Floats:
    """Ordinary excitements, (n, channels), in spreads: each lifts or lowers about a third of the channels a while."""
    lifted = np.zeros((n, channels))
    for begin in rng.integers(0, max(n, 1), rng.poisson(per_hour * n / 3600.0)):
        length = int(rng.uniform(*BURST_S))
        shape = np.sin(np.linspace(0.0, np.pi, length + 2)[1:-1])[: n - begin, None]
        touched = rng.uniform(size=channels) < BURST_SHARE
        height = touched * rng.exponential(BURST_SPREADS, channels) * rng.choice((1.0, 1.0, -1.0), channels)
        lifted[begin : begin + length] += shape * height
    return lifted


def absences(n: int, rng: np.random.Generator, per_hour: float = ABSENCES_PER_HOUR) -> NDArray[np.bool_]:
    """Which of n seconds nobody was in view."""
    away = np.zeros(n, bool)
    for begin in rng.integers(0, max(n, 1), rng.poisson(per_hour * n / 3600.0)):
        away[begin : begin + int(rng.uniform(*ABSENCE_S))] = True
    return away


def in_view(n: int, share: float, rng: np.random.Generator, stay_s: float = 1800.0) -> NDArray[np.bool_]:
    """Which of n seconds a person is in view, in stretches of about `stay_s`, for about `share` of the time."""
    away_s = stay_s * (1.0 - share) / max(share, 1e-6)
    seen = np.zeros(n, bool)
    at, there = 0, bool(rng.uniform() < share)
    while at < n:
        length = max(1, int(rng.exponential(stay_s if there else away_s)))
        seen[at : at + length] = there
        at, there = at + length, not there
    return seen
