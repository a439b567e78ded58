"""Simulated seconds that resemble measured ones: same location, spread, autocorrelation and bounds per channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from services.simulator.processes import (
    BURST_S,
    BURST_SHARE,
    BURST_SPREADS,
    BURSTS_PER_HOUR,
    absences,
    autoregressive,
)
from services.vocabulary import Sense, describe

Floats = NDArray[np.float64]

CIRCADIAN = 0.3
"""Amplitude of the daily drift, in spreads (source: guess; Martin 2000 finds a clear daily rhythm in nursing homes)."""
_NORMAL = np.array([NormalDist().inv_cdf((i + 0.5) / 501) for i in range(501)])
_LEAST_SPREAD = 0.004
"""Share of a bounded channel's range that it varies at least: seconds too few to show any spread (source: guess)."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was measured of c channels: each array has shape (c,); bounds are infinite where there are none.

    `mean` is NaN for a channel never seen; `ar1` is the lag-1 autocorrelation at one value per second, 0..1; `seen` is
    the share of seconds in which the channel was there.
    """

    channels: tuple[str, ...]
    mean: Floats
    spread: Floats
    ar1: Floats
    low: Floats
    high: Floats
    seen: Floats

    def __post_init__(self) -> None:
        for name in ("mean", "spread", "ar1", "low", "high", "seen"):
            if getattr(self, name).shape != (len(self.channels),):
                raise ValueError(f"likeness {name} has shape {getattr(self, name).shape}: expected one value for each "
                                 f"of {len(self.channels)} channels")  # fmt: skip


def like(likeness: Likeness, n: int, rng: np.random.Generator, start_s: float = 0.0) -> Floats:
    """n seconds (n, channels); NaN is absence. `start_s` is the second of the day at which they begin.

    A slow daily drift, brief bursts that several channels share, and absences are laid over an AR(1) process. Each
    channel has a random stream of its own, named after it: one more changes nothing of the others.
    """
    known = np.isfinite(likeness.mean)
    c = len(likeness.channels)
    seed = int(rng.integers(1 << 63))
    stirred = _stirred(n, rng)
    away = absences(n, rng)
    latent, hidden = np.zeros((n, c)), np.ones((n, c), bool)
    for k in np.flatnonzero(known).tolist():
        own = np.random.default_rng((seed, *likeness.channels[k].encode()))
        latent[:, k] = autoregressive(n, likeness.ar1[k : k + 1], own)[:, 0] + _lifted(n, stirred, own)
        latent[:, k] += CIRCADIAN * np.cos(2 * np.pi * ((start_s + np.arange(n)) / 86_400.0 - own.uniform()))
        hidden[:, k] = own.uniform(size=n) > likeness.seen[k]
    values = _bounded(likeness, latent)
    values[hidden] = np.nan
    values[np.ix_(away, in_view(likeness.channels))] = np.nan
    return values


def _stirred(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """When ordinary excitements begin and how many seconds they last."""
    begins = rng.integers(0, max(n, 1), rng.poisson(BURSTS_PER_HOUR * n / 3600.0)).tolist()
    return [(begin, int(rng.uniform(*BURST_S))) for begin in begins]


def _lifted(n: int, stirred: Sequence[tuple[int, int]], own: np.random.Generator) -> Floats:
    """What they do to one channel, in spreads: each lifts or lowers about a third of the channels."""
    lifted = np.zeros(n)
    for begin, length in stirred:
        height = (own.uniform() < BURST_SHARE) * own.exponential(BURST_SPREADS) * own.choice((1.0, 1.0, -1.0))
        lifted[begin : begin + length] += height * np.sin(np.linspace(0.0, np.pi, length + 2)[1:-1])[: n - begin]
    return lifted


def in_view(channels: Sequence[str]) -> NDArray[np.bool_]:
    """Which channels need the person in view: those of face and body; sound and the picture as a whole stay."""
    senses = (Sense.FACE, Sense.EXPRESSION, Sense.POSE)
    return np.array([describe(name).sense in senses for name in channels], bool)


def _bounded(likeness: Likeness, latent: Floats) -> Floats:
    """Latent spreads as values within bounds, corrected so that clipping leaves location and spread as measured."""
    values = np.empty_like(latent)
    for c, (low, high) in enumerate(zip(likeness.low, likeness.high, strict=True)):
        mean, spread = float(likeness.mean[c]), float(likeness.spread[c])
        if np.isfinite(low) and np.isfinite(high):
            spread = max(spread, _LEAST_SPREAD * (high - low))
        shift, scale = _before_clipping(mean, spread, low, high)
        values[:, c] = np.clip(shift + scale * latent[:, c], low, high)
    return values


def _before_clipping(mean: float, spread: float, low: float, high: float, rounds: int = 8) -> tuple[float, float]:
    """Location and spread of a normal variable that has `mean` and `spread` once it is clipped."""
    shift, scale = mean, spread
    if not spread > 0.0:
        return shift, scale
    for _ in range(rounds):
        values = np.clip(shift + scale * _NORMAL, low, high)
        scale *= float(np.clip(spread / max(float(values.std()), 1e-9), 0.5, 2.0))
        shift += mean - float(values.mean())
    return shift, scale
