"""What capture hands on: one picture, one stretch of sound, or the word that none will come."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.vocabulary.time import Seconds

SAMPLE_RATE_HZ = 16_000

Image: TypeAlias = NDArray[np.uint8]
"""Height x width x 3, BGR, 0..255."""

Samples: TypeAlias = NDArray[np.float32]
"""Mono, 16 kHz, -1..1."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture; `pts_s` is when it was taken, in stream time; `masked` is the share of it that was made black."""

    image: Image
    pts_s: Seconds
    masked: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One stretch of sound; `pts_s` is the stream time of its first sample."""

    samples: Samples
    pts_s: Seconds

    @property
    def end_s(self) -> Seconds:
        """Stream time just after the last sample."""
        return self.pts_s + len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Skipped:
    """A picture that came too late to be looked at."""

    pts_s: Seconds


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing that was taken before `pts_s` will come any more."""

    pts_s: Seconds


Captured: TypeAlias = Frame | Sound | Skipped | Waiting
