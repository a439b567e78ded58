"""Synthetic recordings with labelled anomalies for the bench of scores; pure, not a bench by itself."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EVERY_S = 300.0
DAY = int(86_400 / EVERY_S)
START = 1_750_000_000.0


class Recording(NamedTuple):
    """One series (n,) and the windows [first, last] of rows in which it is not itself."""

    kind: str
    values: Floats
    windows: tuple[tuple[int, int], ...]


def noise(n: int, phi: float, rng: np.random.Generator) -> Floats:
    x, shocks = np.zeros(n), rng.normal(size=n) * np.sqrt(1 - phi * phi)
    for i in range(1, n):
        x[i] = phi * x[i - 1] + shocks[i]
    return x


def daily(n: int, rng: np.random.Generator) -> Floats:
    t = 2 * np.pi * (np.arange(n) / DAY + rng.uniform())
    return np.sin(t) + 0.4 * np.sin(2 * t + rng.uniform(0, 6)) - 0.2 * np.cos(3 * t)


def windows(places: list[int], n: int) -> tuple[tuple[int, int], ...]:
    """As in NAB: a tenth of the series shared by its anomalies, centred on each."""
    half = max(int(0.1 * n / max(len(places), 1) / 2), 5)
    return tuple((place - half, place + half) for place in sorted(places))


def places(n: int, count: int, rng: np.random.Generator) -> list[int]:
    while True:
        found = sorted(rng.integers(int(0.25 * n), int(0.93 * n), count).tolist())
        if all(b - a > 0.15 * n for a, b in itertools.pairwise(found)):
            return found


def spikes(n: int, rng: np.random.Generator) -> Recording:
    at = places(n, 2, rng)
    values = 40 + 3 * noise(n, rng.uniform(0, 0.9), rng)
    for place in at:
        values[place : place + int(rng.integers(1, 4))] += rng.choice([-1, 1]) * rng.uniform(18, 40)
    return Recording("spikes on noise", values, windows(at, n))


def shift(n: int, rng: np.random.Generator) -> Recording:
    (at,) = places(n, 1, rng)
    values = 10 + noise(n, rng.uniform(0, 0.8), rng)
    values[at:] += rng.choice([-1, 1]) * rng.uniform(2, 4)
    return Recording("level shift that stays", values, windows([at], n))


def season_spikes(n: int, rng: np.random.Generator) -> Recording:
    at = places(n, 2, rng)
    values = 100 + 30 * daily(n, rng) + 5 * noise(n, 0.6, rng)
    for place in at:
        values[place : place + int(rng.integers(2, 8))] += rng.choice([-1, 1]) * rng.uniform(40, 70)
    return Recording("spikes on a daily rhythm", values, windows(at, n))


def season_missing(n: int, rng: np.random.Generator) -> Recording:
    (at,) = places(n, 1, rng)
    rhythm = daily(n, rng)
    rhythm[at : at + DAY // 2] = rhythm[at]
    values = 100 + 30 * rhythm + 4 * noise(n, 0.5, rng)
    return Recording("half a day without its rhythm", values, windows([at], n))


def bursts(n: int, rng: np.random.Generator) -> Recording:
    (at,) = places(n, 1, rng)
    values = np.abs(rng.normal(0.3, 0.1, n))
    often = rng.uniform(size=n) < 0.02
    values[often] += rng.exponential(1.0, int(often.sum()))
    values[at : at + 40] += rng.uniform(1.5, 3.0)
    return Recording("load with ordinary bursts, then a high load", values, windows([at], n))


def wander(n: int, rng: np.random.Generator) -> Recording:
    (at,) = places(n, 1, rng)
    values = 70 + np.cumsum(rng.normal(0, 0.15, n)) * 0.5 + 0.4 * rng.normal(size=n)
    fall = np.clip((np.arange(n) - at) / 60.0, 0, 1) * np.where(np.arange(n) < at + 120, 1.0, 0.0)
    return Recording("temperature that wanders, then fails", values - 18 * fall, windows([at], n))


def restless(n: int, rng: np.random.Generator) -> Recording:
    (at,) = places(n, 1, rng)
    x = noise(n, 0.3, rng)
    x[at : at + 150] *= rng.uniform(2.5, 4.0)
    return Recording("twice to four times as restless for a while", 5 + x, windows([at], n))


def traffic(n: int, rng: np.random.Generator) -> Recording:
    at = places(n, 2, rng)
    values = np.exp(2 + 0.5 * noise(n, 0.4, rng) + 0.6 * daily(n, rng))
    for place in at:
        values[place : place + 3] *= rng.uniform(8, 20)
    return Recording("traffic, skewed, with a rhythm", values, windows(at, n))


def nearly_still(n: int, rng: np.random.Generator) -> Recording:
    at = places(n, 2, rng)
    values = np.round(20 + 0.3 * rng.normal(size=n))
    for place in at:
        values[place : place + 5] += rng.uniform(4, 9)
    return Recording("nearly constant", values, windows(at, n))


def drifting(n: int, rng: np.random.Generator) -> Recording:
    at = places(n, 1, rng)
    values = 50 + 6.0 * np.arange(n) / n + noise(n, 0.5, rng)
    values[at[0] : at[0] + 3] += rng.choice([-1, 1]) * 9
    return Recording("slow drift (ordinary) and one spike", values, windows(at, n))


def ordinary(n: int, rng: np.random.Generator) -> Recording:
    return Recording("nothing happens", 100 + 20 * daily(n, rng) + 6 * noise(n, 0.7, rng), ())


Kind = Callable[[int, np.random.Generator], Recording]
KINDS: tuple[Kind, ...] = (
    spikes, shift, season_spikes, season_missing, bursts, wander, restless, traffic, nearly_still, drifting, ordinary,
)  # fmt: skip
