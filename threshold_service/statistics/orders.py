"""Which autoregression a person's seconds follow: orders and coefficients of the nightly refit, from statsmodels."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from statsmodels.tools.sm_exceptions import InterpolationWarning
from statsmodels.tsa.ar_model import ar_select_order
from statsmodels.tsa.stattools import adfuller, kpss

from threshold_service.statistics.arrays import Floats

MOST = 3
"""Highest order: beyond it the live step would remember more than it can tell apart (source: guess)."""
LEAST_SECONDS = 100
"""Seconds below which nothing is said."""
LEVEL = 0.05
"""Significance of both tests (a convention)."""


class Order(NamedTuple):
    """Of c channels: `coefficients` (c, MOST), zero beyond the order that was chosen and all NaN where there were too
    few seconds; `steady` (c,) says that ADF refuses a unit root and KPSS does not refuse a level."""

    coefficients: Floats
    steady: NDArray[np.bool_]


def orders(seconds: Floats) -> Order:
    """Of `seconds` (s, c), NaN where absent; stretches that were put together count as one.

    The order is the one with the smallest BIC (Schwarz 1978) up to `MOST`, the coefficients are least squares; the
    tests are those of Dickey & Fuller 1979 with `MOST` lags and of Kwiatkowski et al. 1992.

    >>> noise = np.random.default_rng(1).standard_normal(2000)
    >>> values = np.zeros((2000, 1))
    >>> for i in range(1, 2000):
    ...     values[i, 0] = 0.8 * values[i - 1, 0] + noise[i]
    >>> found = orders(values)
    >>> bool(abs(found.coefficients[0, 0] - 0.8) < 0.05), found.coefficients[0, 1:].tolist()
    (True, [0.0, 0.0])
    """
    channels = seconds.shape[1]
    coefficients, steady = np.full((channels, MOST), np.nan), np.zeros(channels, bool)
    for channel in range(channels):
        series = seconds[:, channel][np.isfinite(seconds[:, channel])]
        if len(series) >= LEAST_SECONDS and np.ptp(series) > 1e-9 * max(1.0, float(np.abs(series).max())):
            coefficients[channel], steady[channel] = _coefficients(series), _steady(series)
    return Order(coefficients, steady)


def _coefficients(series: Floats) -> Floats:
    chosen = ar_select_order(series, MOST, ic="bic", trend="c")
    found = np.zeros(MOST)
    if chosen.ar_lags:
        found[: len(chosen.ar_lags)] = chosen.model.fit().params[1:]
    return found


def _steady(series: Floats) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterpolationWarning)  # a p-value at the end of the published table
        warnings.simplefilter("ignore", FutureWarning)  # later releases give an object that still has the p-value at 1
        rooted, level = adfuller(series, maxlag=MOST, autolag=None)[1], kpss(series, nlags="auto")[1]
    return bool(rooted < LEVEL <= level)
