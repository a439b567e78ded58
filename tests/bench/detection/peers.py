"""The strongest detectors of DETECTORS.md section 3, told the noise, each at a threshold from ample data."""

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from scipy import stats

from tests.bench.detection.focus_peer import first_focus
from tests.bench.detection.noises import AR, BETA, BETA_MEAN, BETA_SPREAD, GAUSSIAN, T5, Noise, beta_law
from threshold_service.statistics.arrays import Floats

First = Callable[[Floats, float], int]


@dataclass(frozen=True, slots=True)
class Peer:
    """`first(x, h)` is the first sample at which its statistic exceeds `h`, -1 where it never does."""

    name: str
    first: First
    prepare: Callable[[Floats], Floats] = lambda x: x


def peers(noise: Noise) -> list[Peer]:
    """The peers that run on `noise`; the residual CUSUMs know its autocorrelation."""
    found = [
        Peer("CUSUM k=.25", lambda x, h: two_sided(x, 0.25, h)),
        Peer("CUSUM k=.5", lambda x, h: two_sided(x, 0.5, h)),
        Peer("CUSUM k=1", lambda x, h: two_sided(x, 1.0, h)),
        Peer("FOCuS unknown", first_focus),
        Peer("EW mean of z^2", lambda x, h: mean_square(x, 0.05, h)),
    ]
    if noise is AR:
        found.append(Peer("residual CUSUM k=.25", lambda x, h: two_sided(x, 0.25, h), residual))
    return found


def oracle(noise: Noise) -> Peer:
    """One-sided CUSUM of the true log-likelihood ratio for a shift by one sigma."""
    return Peer("oracle", one_sided, _RATIOS[noise.name])


def residual(x: Floats) -> Floats:
    """Unit innovations of AR(1) 0.6."""
    before = np.concatenate((x[:1] / 0.6, x[:-1]))
    return (x - 0.6 * before) / 0.8


def _gaussian_ratio(x: Floats) -> Floats:
    return x - 0.5


def _ar_ratio(x: Floats) -> Floats:
    return 0.5 * residual(x) - 0.125


def _t5_ratio(x: Floats) -> Floats:
    wide = np.sqrt(0.6)
    return stats.t.logpdf((x - 1.0) / wide, 5) - stats.t.logpdf(x / wide, 5)


def _beta_ratio(x: Floats) -> Floats:
    score = np.clip(BETA_MEAN + BETA_SPREAD * x, 1e-12, 1.0 - 1e-12)
    one, other = beta_law(np.ones(1), 1.0)
    return stats.beta.logpdf(score, one, other) - stats.beta.logpdf(score, 2, 8)


_RATIOS = {GAUSSIAN.name: _gaussian_ratio, AR.name: _ar_ratio, T5.name: _t5_ratio, BETA.name: _beta_ratio}


def calibrated(peer: Peer, noise: Noise, promise: float, rng: np.random.Generator, samples: int) -> float:
    """The threshold at which `peer` alarms once in `promise` samples of `noise`."""
    stream = peer.prepare(noise.draw(rng, samples))
    tried: list[tuple[float, float]] = []
    low, high = 0.0, 400.0
    for _ in range(18):
        middle = 0.5 * (low + high)
        length = run_length(peer.first, stream, middle)
        tried.append((middle, length))
        low, high = (middle, high) if length < promise else (low, middle)
    return 0.5 * (low + high)


def run_length(first: First, stream: Floats, limit: float) -> float:
    """Mean run length over `stream`, starting anew after every alarm."""
    at, runs = 0, 0
    while at < len(stream):
        found = first(stream[at : at + 200_000], limit)
        if found < 0:
            at += min(200_000, len(stream) - at)
            continue
        runs, at = runs + 1, at + found + 1
        if runs >= 200 and at / runs < 2_000:  # far from any promise: the answer is clear
            break
    return at / max(runs, 0.5)


@numba.njit(cache=True)
def two_sided(x: Floats, slack: float, limit: float) -> int:
    """Page's CUSUM upwards and downwards."""
    up, down = 0.0, 0.0
    for t in range(len(x)):
        up, down = max(up + x[t] - slack, 0.0), max(down - x[t] - slack, 0.0)
        if max(up, down) > limit:
            return t
    return -1


@numba.njit(cache=True)
def one_sided(gained: Floats, limit: float) -> int:
    """CUSUM of log-likelihood ratios."""
    level = 0.0
    for t in range(len(gained)):
        level = max(level + gained[t], 0.0)
        if level > limit:
            return t
    return -1


@numba.njit(cache=True)
def mean_square(x: Floats, share: float, limit: float) -> int:
    """Exponentially weighted mean of squares."""
    mean = 1.0
    for t in range(len(x)):
        mean += share * (x[t] * x[t] - mean)
        if mean > limit:
            return t
    return -1
