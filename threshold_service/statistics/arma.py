"""How a channel remembers: ARMA(1,1) from its autocovariances, in closed form but for one search over a line."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats, in_order

LAGS = 300
"""Autocovariances that are looked at: with the strongest echo a millionth of it is left there, so that no filter wins
by what was cut off."""
STRONGEST = 0.995
"""Largest memory that is believed; beyond it a shift would leave almost no trace (source: guess)."""
ECHOES = np.linspace(-0.95, 0.95, 77)
_PLAIN = len(ECHOES) // 2
"""Where there is no echo."""
WINSOR = 6.0
"""Values count at most this far in an autocovariance (source: guess)."""
_IMPOSSIBLE = 1e-4
"""Share of the variance below which a one-step error is an accident of few values."""
_WEIGHTS = (-ECHOES[:, None]) ** np.arange(LAGS + 2)


class Arma(NamedTuple):
    """x = `memory` x_before + e + `echo` e_before: the autoregressive and the moving-average coefficient, (...)."""

    memory: Floats
    echo: Floats


def fit(z: Floats) -> Arma:
    """The ARMA(1,1) of one series `z` (t,), NaN where there is nothing.

    >>> noise = np.random.default_rng(1).standard_normal(20_000)
    >>> series = noise.copy()
    >>> for t in range(1, len(series)):
    ...     series[t] += 0.8 * series[t - 1] - 0.5 * noise[t - 1]
    >>> found = fit(series)
    >>> bool(abs(found.memory - 0.8) < 0.03), bool(abs(found.echo + 0.5) < 0.03)
    (True, True)
    """
    covariance, pairs = autocovariances(z)
    return of(covariance, np.array(pairs))


def of(covariance: Floats, pairs: Floats) -> Arma:
    """The ARMA(1,1) with the least one-step error for autocovariances (LAGS + 2, ...) that rest on `pairs` (...).

    The error of a filter is a quadratic form in the autocovariances; for a given echo the best memory is the lag-1
    correlation of the series filtered by it. An echo is believed only if it lowers the error by more than two
    parameters would by chance (BIC, Schwarz 1978): without one, echo and memory of white noise are not determined.
    Where nothing moves both are 0.
    """
    summed: Floats = np.tensordot(_WEIGHTS[:, :-1], covariance[:-1], axes=1)
    return _least(_along(summed, covariance[0], covariance[1], covariance[-2], covariance[-1]), pairs)


def dying(covariance: Floats, pairs: Floats) -> Arma:
    """The same for autocovariances (k, lags, c) of k residents of which only the first `lags` are known: beyond them
    they die away as they did in the later two thirds. `pairs` are (k, c)."""
    lags = covariance.shape[1]
    late = covariance[:, lags // 3 :]
    square = np.maximum(in_order(np.square(late[:, :-1])), 1e-12)
    ratio = np.minimum(np.maximum(in_order(late[:, 1:] * late[:, :-1]) / square, -STRONGEST), STRONGEST)
    beyond, known = LAGS + 1 - lags, covariance[:, lags - 1]
    gone = ratio**beyond
    step = -ECHOES.reshape(-1, 1, 1) * ratio
    rest = step * (1.0 - _WEIGHTS[:, beyond].reshape(-1, 1, 1) * gone)
    rest /= 1.0 - step
    rest *= _WEIGHTS[:, lags - 1].reshape(-1, 1, 1) * known
    rest += (_WEIGHTS[:, :lags] @ covariance).swapaxes(
        0, 1
    )  # one resident at a time: the same bits for many as for one
    last = known * gone
    return _least(_along(rest, covariance[:, 0], covariance[:, 1], last, last * ratio), pairs)


def _least(tried: tuple[Floats, Floats, Floats], pairs: Floats) -> Arma:
    """Of the errors and memories (echoes, ...) of all echoes, and the variance (...), the best that is believed; none,
    where each echo would leave less than nothing (a channel that hardly ever moves)."""
    error, memory, variance = tried
    error[~(error > _IMPOSSIBLE * variance)] = np.inf
    best = np.argmin(error, axis=0)
    least = np.take_along_axis(error, best[None], axis=0)[0]
    moves = (variance > 0.0) & np.isfinite(least)
    lowered = np.log(np.where(moves, error[_PLAIN], 1.0) / np.where(moves, least, 1.0))
    known = np.maximum(pairs, 2.0)
    best = np.where(known * lowered <= 2.0 * np.log(known), _PLAIN, best)
    told = np.take_along_axis(memory, best[None], axis=0)[0]
    return Arma(np.where(moves, told, 0.0), np.where(moves, ECHOES[best], 0.0))


def autocovariances(z: Floats) -> tuple[Floats, int]:
    """Autocovariances (LAGS + 2,) of the winsorised `z` over the pairs that exist, and how many pairs of lag 1."""
    there = ~np.isnan(z)
    centred = np.where(there, np.minimum(np.maximum(z, -WINSOR), WINSOR), 0.0)
    centred = np.where(there, centred - centred.sum() / max(int(there.sum()), 1), 0.0)
    size = 1 << (len(z) + LAGS + 1).bit_length()
    sums, pairs = (_products(part, size) for part in (centred, there.astype(np.float64)))
    return sums / np.maximum(np.round(pairs), 1.0), round(float(pairs[1]))


def _products(series: Floats, size: int) -> Floats:
    spectrum = np.fft.rfft(series, size)
    sums: Floats = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: LAGS + 2]
    return sums


def _along(
    summed: Floats, variance: Floats, next_one: Floats, last: Floats, after: Floats
) -> tuple[Floats, Floats, Floats]:
    """One-step error and memory for each of `ECHOES`, (echoes, ...), and the `variance`: y = x / (1 + echo B) has
    autocovariances that are geometric sums of those of x, `summed` up to lag `LAGS`, of which `variance`, `next_one`,
    `last` and the one `after` it are the first two and the last two, (...). `summed` is used up."""
    shape = (-1, *(1,) * variance.ndim)
    echoes = ECHOES.reshape(shape)
    share = 1.0 - echoes * echoes
    own = 2.0 * summed  # large arrays, changed in place: what is freed has to be had from the system again
    own -= variance
    own /= share
    lagged = summed - variance
    lagged += _WEIGHTS[:, -1].reshape(shape) * after
    lagged /= np.where(echoes == 0.0, 1.0, -echoes)
    lagged[_PLAIN] = next_one
    summed -= _WEIGHTS[:, -2].reshape(shape) * last
    summed *= echoes
    lagged -= summed
    lagged /= share
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing moves
        memory = lagged / own
    np.minimum(np.maximum(memory, -STRONGEST, out=memory), STRONGEST, out=memory)
    error = np.multiply(memory, memory, out=summed)
    error += 1.0
    error *= own
    lagged *= memory
    lagged *= 2.0
    error -= lagged
    return error, memory, variance
