"""How a channel remembers: ARMA(1,1) from its autocovariances, in closed form but for one search over a line."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats

LAGS = 300
"""Autocovariances that are looked at: with the strongest echo a millionth of it is left there, so that no filter wins
by what was cut off."""
STRONGEST = 0.995
"""Largest memory that is believed; beyond it a shift would leave almost no trace (source: guess)."""
ECHOES = np.linspace(-0.95, 0.95, 77)
_WINSOR = 6.0


class Arma(NamedTuple):
    """x = `memory` x_before + e + `echo` e_before: the autoregressive and the moving-average coefficient."""

    memory: float
    echo: float


def fit(z: Floats) -> Arma:
    """The ARMA(1,1) with the least one-step error for `z` (t,), NaN where there is nothing.

    The error of a filter is a quadratic form in the autocovariances; for a given echo the best memory is the lag-1
    correlation of the series filtered by it. An echo is believed only if it lowers the error by more than two
    parameters would by chance (BIC, Schwarz 1978): without one, echo and memory of white noise are not determined.

    >>> noise = np.random.default_rng(1).standard_normal(20_000)
    >>> series = noise.copy()
    >>> for t in range(1, len(series)):
    ...     series[t] += 0.8 * series[t - 1] - 0.5 * noise[t - 1]
    >>> found = fit(series)
    >>> abs(found.memory - 0.8) < 0.03, abs(found.echo + 0.5) < 0.03
    (True, True)
    """
    covariance, pairs = autocovariances(z)
    if not covariance[0] > 0.0:
        return Arma(0.0, 0.0)
    error, memory = _errors(covariance)
    plain, best = len(ECHOES) // 2, int(np.argmin(error))
    if pairs * np.log(error[plain] / error[best]) <= 2.0 * np.log(max(pairs, 2)):
        best = plain
    return Arma(float(memory[best]), float(ECHOES[best]))


def autocovariances(z: Floats) -> tuple[Floats, int]:
    """Autocovariances (LAGS + 2,) of the winsorised `z` over the pairs that exist, and how many pairs of lag 1."""
    there = ~np.isnan(z)
    centred = np.where(there, np.minimum(np.maximum(z, -_WINSOR), _WINSOR), 0.0)
    centred = np.where(there, centred - centred.sum() / max(int(there.sum()), 1), 0.0)
    size = 1 << (len(z) + LAGS + 1).bit_length()
    sums, pairs = (_products(part, size) for part in (centred, there.astype(np.float64)))
    return sums / np.maximum(np.round(pairs), 1.0), round(float(pairs[1]))


def _products(series: Floats, size: int) -> Floats:
    spectrum = np.fft.rfft(series, size)
    sums: Floats = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: LAGS + 2]
    return sums


def _errors(covariance: Floats) -> tuple[Floats, Floats]:
    """One-step error and memory for each of `ECHOES`: y = x / (1 + echo B) has autocovariances that are geometric sums
    of those of x."""
    weights = (-ECHOES[:, None]) ** np.arange(LAGS + 1)
    share = 1.0 - ECHOES * ECHOES
    own = (2.0 * weights @ covariance[:-1] - covariance[0]) / share
    later = weights @ covariance[1:]
    earlier = weights[:, 1:] @ covariance[:-2]
    next_one = (later + earlier) / share
    memory = np.minimum(np.maximum(next_one / own, -STRONGEST), STRONGEST)
    error: Floats = own * (1.0 + memory * memory) - 2.0 * memory * next_one
    return error, memory
