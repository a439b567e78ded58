"""Columns of samples: how many of them travel and are judged without a Python loop per sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

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


def joined(batches: Sequence[Batch]) -> Iterator[Batch]:
    """Consecutive batches of one stream, none of them empty, as few and as long ones: what waits together is judged
    together. A batch that does not go on where the one before ended stays apart."""
    starts = [0, *(i for i, (one, other) in enumerate(pairwise(batches), 1) if not _goes_on(one, other)), len(batches)]
    for start, end in pairwise(starts):
        if end > start:
            yield batches[start] if end - start == 1 else _one(batches[start:end])


def _goes_on(one: Batch, other: Batch) -> bool:
    return bool(other.sequences[0] > one.sequences[-1])


def _one(batches: Sequence[Batch]) -> Batch:
    offsets = np.cumsum([0, *(len(batch) for batch in batches[:-1])]).tolist()
    sequences, seats, times, values, quality, persons = (
        np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("sequences", "seats", "times", "values", "quality", "persons")
    )
    cues = tuple((place + at, cue) for at, batch in zip(offsets, batches, strict=True) for place, cue in batch.cues)
    gaps = tuple((place + at, gap) for at, batch in zip(offsets, batches, strict=True) for place, gap in batch.gaps)
    return Batch(sequences, seats, times, values, quality, persons, cues, gaps)
