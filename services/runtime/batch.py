"""Columns of samples: how many of them travel and are judged without a Python loop per sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Cue, Gap


@dataclass(frozen=True, slots=True)
class Batch:
    """n samples of one agent against its schema of c channels.

    `sequences` (n,) uint64, increasing. `seats` (n,) uint32, index into the agent's residents. `times` (n,) float64
    Unix seconds. `values` (n, c) float32, NaN is absence. `quality` (n,) float32 in 0..1. `persons` (n,) int32,
    -1 where nobody could count. `cues` and `gaps` are sparse: (row, what).
    """

    sequences: NDArray[np.uint64]
    seats: NDArray[np.uint32]
    times: NDArray[np.float64]
    values: NDArray[np.float32]
    quality: NDArray[np.float32]
    persons: NDArray[np.int32]
    cues: tuple[tuple[int, Cue], ...] = ()
    gaps: tuple[tuple[int, Gap], ...] = ()

    def __len__(self) -> int:
        return len(self.sequences)
