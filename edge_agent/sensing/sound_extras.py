"""More about sound for whoever asks for it: how far above the room's usual it is, zero crossings, tempo."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from edge_agent.capture.frame import SAMPLE_RATE_HZ, Samples
from edge_agent.preprocess.acoustics import HOP, LENGTH, framed, mel_db, onsets, tempo_bpm, zero_crossings
from services.vocabulary import Seconds

CHANNELS = {"above_usual": "audio.above_usual", "zero_crossings": "audio.zero_crossings", "tempo": "audio.tempo"}
USUAL_S, LEAST_S, RHYTHM_S = 600, 60, 8
"""Seconds that make up the room's usual level, how many of them there have to be, and how many a tempo is heard in
(source: guess; the last is librosa's)."""


class Extras:
    """Channels, each only where it is asked for by its name in `CHANNELS`; none of them is judged.

    `audio.above_usual`: dB over the median level of the last ten minutes, from the second minute on. `audio.tempo`:
    beats a minute in the last eight seconds, absent without a rhythm. `audio.zero_crossings`: share of the samples.
    Loudness and brightness, which are judged, say the first two things already; a tempo has no direction that is worse.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self.channels = tuple(CHANNELS[name] for name in names)
        self._levels: deque[float] = deque(maxlen=USUAL_S)
        self.forget()

    def forget(self) -> None:
        """After a gap: rhythm begins anew; the room's usual stays."""
        self._rises: deque[float] = deque(maxlen=round(RHYTHM_S * SAMPLE_RATE_HZ / HOP))
        self._last: np.ndarray[tuple[int], np.dtype[np.float64]] | None = None

    def add(self, level_dbfs: float, samples: Samples) -> dict[str, float]:
        """What a second says, by channel; `samples` are looked at and not kept."""
        if not self._names or len(samples) < LENGTH:
            return {}
        told: dict[str, float] = {}
        if len(self._levels) >= LEAST_S:
            told["above_usual"] = level_dbfs - float(np.median(self._levels))
        self._levels.append(level_dbfs)
        frames = framed(samples)
        told["zero_crossings"] = float(zero_crossings(frames).mean())
        if "tempo" in self._names:
            levels = mel_db(frames, SAMPLE_RATE_HZ)
            self._rises.extend(onsets(levels, self._last).tolist())
            self._last = levels[-1]
            if len(self._rises) == self._rises.maxlen:
                told["tempo"] = tempo_bpm(np.array(self._rises), self._frames_per_s(len(samples), len(frames)))
        return {CHANNELS[name]: told[name] for name in self._names if np.isfinite(told.get(name, np.nan))}

    @staticmethod
    def _frames_per_s(samples: int, frames: int) -> float:
        """A second's last frame ends before the second does: what is passed over counts as time."""
        seconds: Seconds = samples / SAMPLE_RATE_HZ
        return frames / seconds
