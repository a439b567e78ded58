"""What sound is like in numbers: energy, zero crossings, spectral centroid, MFCC and tempo, in NumPy alone."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.voice import pitch_hz

Floats = NDArray[np.float64]

LENGTH, HOP = 1024, 512
"""Samples per frame and from one to the next: 64 and 32 ms at 16 kHz."""
MELS, COEFFICIENTS = 40, 13
TOP_DB = 80.0
"""What is more than this under the loudest band of a stretch counts as this much under it, as in librosa."""
USUAL_BPM, FASTEST_BPM = 120.0, 320.0
LEAST_RHYTHM = 0.2
"""Autocorrelation under which there is no rhythm (source: guess)."""
FEATURES = 2 * (COEFFICIENTS + 3) + 2
"""How many numbers `features` gives of a window."""


def framed(waves: NDArray[np.floating]) -> Floats:
    """(..., samples) as (..., frames, LENGTH)."""
    view = np.lib.stride_tricks.sliding_window_view(waves, LENGTH, axis=-1)[..., ::HOP, :]
    return np.asarray(view, np.float64)


def energy(frames: Floats) -> Floats:
    """Root mean square of every frame, 0..1."""
    return np.asarray(np.sqrt(np.mean(np.square(frames), axis=-1)))


def zero_crossings(frames: Floats) -> Floats:
    """Share of the samples of every frame at which the sign changes, 0..1."""
    negative = np.signbit(np.where(np.abs(frames) <= 1e-10, 0.0, frames))
    return np.asarray((negative[..., 1:] != negative[..., :-1]).sum(axis=-1) / frames.shape[-1])


def centroid_hz(frames: Floats, rate_hz: int) -> Floats:
    """Spectral centroid of every frame; 0 for silence."""
    magnitude = np.abs(np.fft.rfft(frames * _window(), axis=-1))
    total = np.maximum(magnitude.sum(axis=-1), 1e-12)
    return np.asarray((magnitude * np.fft.rfftfreq(LENGTH, 1.0 / rate_hz)).sum(axis=-1) / total)


def mel_db(frames: Floats, rate_hz: int) -> Floats:
    """Power of every frame in `MELS` bands (Slaney's scale and areas), in dB: (..., frames, MELS)."""
    power = np.square(np.abs(np.fft.rfft(frames * _window(), axis=-1)))
    return np.asarray(10.0 * np.log10(np.maximum(power @ _mel_bands(rate_hz).T, 1e-10)))


def mfcc(frames: Floats, rate_hz: int) -> Floats:
    """The first `COEFFICIENTS` mel frequency cepstral coefficients: (..., frames, COEFFICIENTS).

    Davis and Mermelstein 1980, IEEE Trans. ASSP 28(4), as librosa computes them (orthonormal DCT-II).
    """
    levels = mel_db(frames, rate_hz)
    levels = np.maximum(levels, levels.max(axis=(-2, -1), keepdims=True) - TOP_DB)
    return np.asarray(levels @ _cosines().T)


def features(waves: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """What a head may know of n windows beside an embedding: (n, FEATURES). Mean and spread over the frames of the
    MFCC, of the centroid (kHz), of the zero crossings and of the energy (in 20 dB); how much is voiced, and how high
    (octaves over 100 Hz, 0 where nothing is)."""
    frames = framed(waves)
    level = np.log10(np.maximum(energy(frames), 1e-6))
    parts = [mfcc(frames, rate_hz), *(one[..., None] for one in (
        centroid_hz(frames, rate_hz) / 1000.0, zero_crossings(frames), level,
    ))]  # fmt: skip
    told = np.concatenate(parts, axis=-1)
    pitches = np.stack([pitch_hz(wave, rate_hz) for wave in waves]) if len(waves) else np.zeros((0, 1))
    voiced = np.isfinite(pitches)
    octaves = np.where(voiced, np.log2(np.where(voiced, pitches, 100.0) / 100.0), 0.0)
    height = octaves.sum(axis=1) / np.maximum(voiced.sum(axis=1), 1)
    both = [told.mean(axis=1), told.std(axis=1), voiced.mean(axis=1)[:, None], height[:, None]]
    return np.concatenate(both, axis=1).astype(np.float32)


def onsets(levels: Floats, before: Floats | None = None) -> Floats:
    """How much louder each frame of `levels` (frames, MELS) is than the one before, on average over the bands that
    rise; `before` is the frame before the first."""
    earlier = levels[:1] if before is None else before[None]
    return np.asarray(np.maximum(np.diff(np.concatenate([earlier, levels]), axis=0), 0.0).mean(axis=1))


def tempo_bpm(strength: Floats, frames_per_s: float) -> float:
    """Beats a minute in a course of onset strengths, NaN without a rhythm: the lag of largest autocorrelation, weighed
    by how usual its tempo is (Ellis 2007, J. New Music Research 36(1), 51-60, as librosa has it)."""
    smooth = np.convolve(strength, (0.25, 0.5, 0.25), mode="same")  # a beat lies between two frames as often as on one
    centred = smooth - smooth.mean()
    power = float((centred * centred).sum())
    if power <= 1e-9:
        return float("nan")
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.square(np.abs(spectrum)))[: len(centred)] / power
    lags = np.arange(1, len(centred) // 2)
    tempi = 60.0 * frames_per_s / lags
    usual = -0.5 * np.square(np.log2(tempi / USUAL_BPM))
    score = np.log1p(1e6 * np.maximum(correlation[lags], 0.0)) + usual
    best = int(np.where(tempi <= FASTEST_BPM, score, -np.inf).argmax())
    return float(tempi[best]) if correlation[lags[best]] >= LEAST_RHYTHM else float("nan")


@cache
def _window() -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(LENGTH) / LENGTH))


@cache
def _cosines() -> Floats:
    angles = np.pi * np.arange(COEFFICIENTS)[:, None] * (2 * np.arange(MELS)[None] + 1) / (2 * MELS)
    scale = np.full(COEFFICIENTS, np.sqrt(2.0 / MELS))
    scale[0] = np.sqrt(1.0 / MELS)
    return np.asarray(np.cos(angles) * scale[:, None])


@cache
def _mel_bands(rate_hz: int) -> Floats:
    """Triangles of equal area on Slaney's mel scale: linear to 1 kHz, logarithmic above (Auditory Toolbox, 1998)."""
    corner, step = 15.0, np.log(6.4) / 27.0
    top = corner + np.log(rate_hz / 2 / 1000.0) / step
    mels = np.linspace(0.0, top, MELS + 2)
    edges = np.where(mels < corner, mels * 200.0 / 3.0, 1000.0 * np.exp(step * (mels - corner)))
    bins = np.fft.rfftfreq(LENGTH, 1.0 / rate_hz)
    rising = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    area = np.asarray(2.0 / (edges[2:] - edges[:-2]))
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * area[:, None])
