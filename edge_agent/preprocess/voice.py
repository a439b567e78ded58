"""Pitch and brightness of sound, in NumPy alone."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.waves import Wave

_LENGTH, _HOP = 1024, 512


def pitch_hz(samples: Wave, rate_hz: int, low_hz: float = 65.0, high_hz: float = 1000.0) -> NDArray[np.float64]:
    """Fundamental frequency of every 64 ms, one value per 32 ms; NaN where nothing is periodic.

    YIN: de Cheveigne and Kawahara 2002, J. Acoust. Soc. Am. 111(4), steps 1 to 5, threshold 0.15.
    """
    frames = _frames(samples)
    lags = np.arange(int(rate_hz / low_hz) + 2)
    half = _LENGTH // 2
    spectrum = np.fft.rfft(frames, 2 * _LENGTH)
    template = np.fft.rfft(frames[:, :half], 2 * _LENGTH)
    products = np.fft.irfft(spectrum * template.conj(), axis=1)[:, lags]
    energy = np.cumsum(np.pad(np.square(frames), ((0, 0), (1, 0))), axis=1)
    difference = energy[:, [half]] + energy[:, lags + half] - energy[:, lags] - 2.0 * products
    running = np.cumsum(difference[:, 1:], axis=1) / lags[1:]
    normalised = np.ones_like(difference)
    normalised[:, 1:] = difference[:, 1:] / np.maximum(running, 1e-12)
    first = max(2, int(rate_hz / high_hz))
    return np.array([_period(row, first, rate_hz) for row in normalised])


def brightness_hz(samples: Wave, rate_hz: int) -> float:
    """Spectral centroid, the mean frequency weighted by magnitude over the whole stretch; NaN for silence."""
    magnitude = np.abs(np.fft.rfft(_frames(samples) * np.hanning(_LENGTH), axis=1)).sum(axis=0)
    total = float(magnitude.sum())
    if total <= 1e-6:
        return float("nan")
    return float((magnitude * np.fft.rfftfreq(_LENGTH, 1.0 / rate_hz)).sum() / total)


def _frames(samples: Wave) -> NDArray[np.float64]:
    if len(samples) < _LENGTH:
        samples = np.pad(samples, (0, _LENGTH - len(samples)))
    return np.lib.stride_tricks.sliding_window_view(samples, _LENGTH)[::_HOP].astype(np.float64)


def _period(row: NDArray[np.float64], first: int, rate_hz: int) -> float:
    """Frequency of the first dip under the threshold, refined by a parabola through its neighbours."""
    under = np.flatnonzero(row[first:-1] < 0.15)
    if under.size == 0:
        return float("nan")
    lag = int(under[0]) + first
    while lag + 2 < len(row) and row[lag + 1] < row[lag]:
        lag += 1
    left, middle, right = row[lag - 1 : lag + 2]
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend > 0.0 else 0.0
    return float(rate_hz / (lag + np.clip(shift, -0.5, 0.5)))
