"""One sample as it waits in the spool, and many of them as columns again."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.runtime.batch import Batch
from services.vocabulary import Absence, Cue, CueName, Gap, Sense
from services.vocabulary.time import UnixSeconds

LOUD = 0.5
"""Probability from which a cue makes a sample worth more than others (source: guess, what the policy counts from on): a
radio that is heard a little all day must not crowd out the other cameras."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sample before it has a sequence. `values` (channels,) float32, NaN is absence."""

    seat: int
    time: UnixSeconds
    values: NDArray[np.float32]
    quality: float = 1.0
    persons: int = -1
    cues: tuple[Cue, ...] = ()
    gaps: tuple[Gap, ...] = ()


def record(row: Row) -> tuple[object, ...]:
    """What is written of a row, without its sequence: priority first, then its columns."""
    cues = json.dumps([[cue.name.value, *astuple(cue)[1:]] for cue in row.cues])
    gaps = json.dumps([[gap.sense.value, gap.reason.value] for gap in row.gaps])
    scores = np.ascontiguousarray(row.values, dtype="<f4").tobytes()
    loud = any(cue.probability >= LOUD for cue in row.cues)
    return int(loud), row.seat, row.time, scores, row.quality, row.persons, cues, gaps


def columns(found: Sequence[tuple[Any, ...]], channels: int) -> Batch:
    """Rows of (sequence, seat, time, scores, quality, persons, cues, gaps) against a schema of `channels`."""
    sequences, seats, times, scores, quality, persons, cues, gaps = zip(*found, strict=True)
    return Batch(
        sequences=np.array(sequences, np.uint64),
        seats=np.array(seats, np.uint32),
        times=np.array(times, np.float64),
        values=np.frombuffer(b"".join(scores), "<f4").reshape(len(found), channels),
        quality=np.array(quality, np.float32),
        persons=np.array(persons, np.int32),
        cues=tuple(
            (i, Cue(CueName(name), *numbers)) for i, text in enumerate(cues) for name, *numbers in json.loads(text)
        ),
        gaps=tuple(
            (i, Gap(Sense(sense), Absence(reason))) for i, text in enumerate(gaps) for sense, reason in json.loads(text)
        ),
    )
