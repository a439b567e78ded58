"""Noises to be watched in: four that every comparison uses, and a family drawn anew for every run."""

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from scipy.signal import lfilter

from threshold_service.statistics.arrays import Floats

BURN = 500
"""First samples of a recursive noise that are thrown away."""
Draw = Callable[[np.random.Generator, int], Floats]


Change = Callable[[np.random.Generator, Floats, Floats, float], Floats]


def moved(rng: np.random.Generator, values: Floats, shift: Floats, wider: float) -> Floats:
    """Samples `values` (n,) after a change: `wider` times as far from 0, and moved by `shift` (n,)."""
    return wider * values + shift


@dataclass(frozen=True, slots=True)
class Noise:
    """A stationary noise: `draw(rng, n)` gives n samples of it, `changed` what they are after a change."""

    name: str
    draw: Draw
    changed: Change = moved


def autoregressive(phi: float) -> Draw:
    """AR(1) of unit variance."""
    return lambda rng, n: lfilter([np.sqrt(1.0 - phi * phi)], [1.0, -phi], rng.standard_normal(n + BURN))[BURN:]


GAUSSIAN = Noise("Gaussian", lambda rng, n: rng.standard_normal(n))
AR = Noise("AR(1) 0.6", autoregressive(0.6))
T5 = Noise("t5", lambda rng, n: rng.standard_t(5, n) / np.sqrt(5.0 / 3.0))
BETA_MEAN, BETA_SPREAD = 0.2, float(np.sqrt(0.16 / 11.0))


def beta_law(shift: Floats, wider: float) -> tuple[Floats, Floats]:
    """Parameters of the beta law that beta(2,8) becomes: a bounded score keeps its bounds when its mean moves."""
    mean = BETA_MEAN + BETA_SPREAD * shift
    weight = 10.0 if wider == 1.0 else BETA_MEAN * (1.0 - BETA_MEAN) / (wider * BETA_SPREAD) ** 2 - 1.0
    return weight * mean, weight * (1.0 - mean)


def _changed_beta(rng: np.random.Generator, values: Floats, shift: Floats, wider: float) -> Floats:
    return (rng.beta(*beta_law(shift, wider)) - BETA_MEAN) / BETA_SPREAD


BETA = Noise("beta(2,8)", lambda rng, n: (rng.beta(2, 8, n) - BETA_MEAN) / BETA_SPREAD, _changed_beta)
KNOWN = (GAUSSIAN, AR, T5, BETA)


def drawn(rng: np.random.Generator, count: int) -> list[Noise]:
    """`count` noises of different kinds with parameters drawn from `rng`."""
    return [RECIPES[kind](rng) for kind in rng.choice(len(RECIPES), count, replace=False)]


def arma21(rng: np.random.Generator) -> Noise:
    """ARMA(2,1) with two real roots."""
    one, two, echo = rng.uniform(-0.4, 0.95), rng.uniform(-0.5, 0.6), rng.uniform(-0.7, 0.7)
    poles = [1.0, -one - two, one * two]
    return Noise(
        f"ARMA(2,1) roots {one:.2f} {two:.2f}, echo {echo:.2f}",
        lambda r, n: lfilter([1.0, echo], poles, r.standard_normal(n + BURN))[BURN:],
    )


def volatile(rng: np.random.Generator) -> Noise:
    """GARCH(1,1): calm and restless spells."""
    alpha = rng.uniform(0.03, 0.12)
    beta = rng.uniform(0.6, 0.95 - alpha)
    return Noise(
        f"GARCH alpha {alpha:.2f} beta {beta:.2f}", lambda r, n: _garch(r.standard_normal(n + BURN), alpha, beta)[BURN:]
    )


def mixture(rng: np.random.Generator) -> Noise:
    """Two Gaussians, the rarer one wider and elsewhere."""
    share, wide, place = rng.uniform(0.02, 0.3), rng.uniform(1.5, 4.0), rng.uniform(-1.0, 2.0)

    def draw(r: np.random.Generator, n: int) -> Floats:
        values = r.standard_normal(n)
        return np.where(r.random(n) < share, place + wide * values, values)

    return Noise(f"mixture of {share:.0%} at {place:.1f}, {wide:.1f} wide", draw)


def lognormal(rng: np.random.Generator) -> Noise:
    """Skewed, without autocorrelation."""
    width = rng.uniform(0.2, 0.8)
    return Noise(f"lognormal {width:.2f}", lambda r, n: np.exp(width * r.standard_normal(n)))


def heavy_ar(rng: np.random.Generator) -> Noise:
    """AR(1) with Student innovations."""
    phi, freedom = rng.uniform(-0.3, 0.9), rng.uniform(3.5, 10.0)
    return Noise(
        f"AR(1) {phi:.2f} with t{freedom:.1f}",
        lambda r, n: lfilter([1.0], [1.0, -phi], r.standard_t(freedom, n + BURN))[BURN:],
    )


def rounded(rng: np.random.Generator) -> Noise:
    """AR(1) cut off below and rounded, as a classifier's score in tenths is."""
    phi, grain, low = rng.uniform(0.0, 0.9), rng.uniform(0.1, 0.5), rng.uniform(1.0, 3.0)
    plain = autoregressive(phi)
    return Noise(
        f"AR(1) {phi:.2f} above -{low:.1f} in steps of {grain:.2f}",
        lambda r, n: np.round(np.maximum(plain(r, n), -low) / grain) * grain,
    )


def hidden_walk(rng: np.random.Generator) -> Noise:
    """A slow AR(1) seen through white noise."""
    tau, share = rng.uniform(3.0, 40.0), rng.uniform(0.2, 0.8)
    slow = autoregressive(float(np.exp(-1.0 / tau)))
    return Noise(
        f"{share:.0%} slow over {tau:.0f} samples, the rest white",
        lambda r, n: np.sqrt(share) * slow(r, n) + np.sqrt(1.0 - share) * r.standard_normal(n),
    )


def squashed(rng: np.random.Generator) -> Noise:
    """The logistic function of an AR(1): a probability."""
    phi, width, place = rng.uniform(0.3, 0.95), rng.uniform(0.5, 2.0), rng.uniform(-2.0, 2.0)
    plain = autoregressive(phi)
    return Noise(
        f"logistic of AR(1) {phi:.2f}, {width:.1f} wide at {place:.1f}",
        lambda r, n: 1.0 / (1.0 + np.exp(-place - width * plain(r, n))),
    )


def uneven(rng: np.random.Generator) -> Noise:
    """White noise whose log variance is an AR(1)."""
    phi, width = rng.uniform(0.8, 0.97), rng.uniform(0.3, 1.0)
    weather = autoregressive(phi)
    return Noise(
        f"stochastic volatility {phi:.2f}, {width:.1f} wide",
        lambda r, n: np.exp(0.5 * width * weather(r, n)) * r.standard_normal(n),
    )


def counted(rng: np.random.Generator) -> Noise:
    """Rare events: counts in each second."""
    often = rng.uniform(0.1, 3.0)
    return Noise(f"Poisson {often:.2f}", lambda r, n: r.poisson(often, n).astype(np.float64))


def two_moods(rng: np.random.Generator) -> Noise:
    """Two levels that take turns."""
    dwell, apart = rng.uniform(20.0, 150.0), rng.uniform(0.5, 3.0)
    return Noise(
        f"two levels {apart:.1f} apart for {dwell:.0f} samples each",
        lambda r, n: apart * (np.cumsum(r.random(n) < 1.0 / dwell) % 2) + r.standard_normal(n),
    )


def swinging(rng: np.random.Generator) -> Noise:
    """AR(2) with complex roots."""
    radius, angle = rng.uniform(0.3, 0.9), rng.uniform(0.3, 2.5)
    poles = [1.0, -2.0 * radius * np.cos(angle), radius * radius]
    return Noise(
        f"AR(2) radius {radius:.2f} angle {angle:.1f}",
        lambda r, n: lfilter([1.0], poles, r.standard_normal(n + BURN))[BURN:],
    )


SMOOTH = (arma21, hidden_walk, swinging, two_moods, heavy_ar)
ODD = (volatile, uneven, mixture, lognormal, rounded, squashed, counted)
RECIPES = SMOOTH + ODD


@numba.njit(cache=True)
def _garch(noise: Floats, alpha: float, beta: float) -> Floats:
    values, variance = np.empty_like(noise), 1.0
    for t in range(len(noise)):
        values[t] = np.sqrt(variance) * noise[t]
        variance = (1.0 - alpha - beta) + alpha * values[t] ** 2 + beta * variance
    return values
