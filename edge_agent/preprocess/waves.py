"""What is done to sound: windows for models, loudness, and how a voice's strength is told."""

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]

SILENCE_DBFS = -120.0
DEAD_MICROPHONE_DBFS = -90.0
"""Quieter than one bit of a 16-bit converter: a muted or missing microphone, not a quiet room."""
QUIETEST_VOICE_DBFS = -60.0
"""Where vocal energy begins (source: guess; a quiet room measured -50 to -57 on the demonstration clip)."""


def loudness_dbfs(samples: Wave) -> float:
    """Root mean square relative to full scale, in dB, at least -120.

    >>> round(loudness_dbfs(np.full(16000, 0.1, np.float32)), 1)
    -20.0
    """
    if samples.size == 0:
        return SILENCE_DBFS
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return float(min(0.0, 10.0 * np.log10(max(power, 1e-12))))


def vocal_energy(level_dbfs: float, voice_share: float) -> float:
    """How strong a human voice is, 0..1: its share of the second times loudness between -60 and 0 dBFS.

    >>> vocal_energy(-30.0, 0.5)
    0.25
    """
    strength = 1.0 - min(0.0, max(QUIETEST_VOICE_DBFS, level_dbfs)) / QUIETEST_VOICE_DBFS
    return float(min(1.0, max(0.0, voice_share))) * strength


def repeated(samples: Wave, length: int) -> Wave:
    """`samples` played again and again until `length` is full.

    >>> repeated(np.array([1.0, 2.0], np.float32), 5).tolist()
    [1.0, 2.0, 1.0, 2.0, 1.0]
    """
    return np.resize(samples, length)


def overlapping(samples: Wave, length: int, hop: int) -> tuple[NDArray[np.float32], int]:
    """All whole windows of `length` samples that begin every `hop`, and how many samples they have used up.

    The rest (`samples[used:]`) is what the next call continues with.

    >>> windows, used = overlapping(np.arange(10, dtype=np.float32), 4, 2)
    >>> windows.shape, used
    ((4, 4), 8)
    """
    count = 0 if len(samples) < length else (len(samples) - length) // hop + 1
    if count == 0:
        return np.zeros((0, length), np.float32), 0
    view = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop][:count]
    return np.ascontiguousarray(view), count * hop
