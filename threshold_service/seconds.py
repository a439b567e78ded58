"""What of a batch is judged: the samples that are new, each laid over the seconds it stands for."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.runtime.batch import Batch
from threshold_service.statistics.arrays import Floats, Ints

LOST = 3
"""Samples that may be missing in a row; what comes after more of them stands for its last second alone."""


def unjudged(batch: Batch, sequence: int) -> Batch:
    """The samples after `sequence`; sequences increase, so they are the end of the batch."""
    first = int(np.searchsorted(batch.sequences, np.uint64(sequence), side="right"))
    if first == 0:
        return batch
    cues = tuple((place - first, cue) for place, cue in batch.cues if place >= first)
    gaps = tuple((place - first, gap) for place, gap in batch.gaps if place >= first)
    return Batch(
        batch.sequences[first:], batch.seats[first:], batch.times[first:], batch.values[first:],
        batch.quality[first:], batch.persons[first:], cues, gaps,
    )  # fmt: skip


def by_second(batch: Batch, period_s: int, seen_at: Floats) -> Batch:
    """Every sample once for each second it stands for, so that what is measured less often is judged on the same grid
    of seconds by the same rules; with a period of one second the same batch.

    A sample's values are means over the seconds since its resident's sample before (`seen_at` (residents,), Unix
    seconds, NaN where there was none), at most over `period_s` of them: an agent ends a sample early where something
    is heard. Its cues belong to its last second; who was in view, and what had nothing to say, to all of them.
    """
    if period_s == 1 or not len(batch):
        return batch
    spans = _spans(batch, period_s, seen_at)
    of = np.repeat(np.arange(len(batch)), spans)
    last = np.cumsum(spans) - 1
    back = last[of] - np.arange(len(of))
    gaps = tuple(
        (place, gap) for at, gap in batch.gaps for place in range(int(last[at] - spans[at]) + 1, int(last[at]) + 1)
    )
    return replace(
        batch, sequences=batch.sequences[of], seats=batch.seats[of], times=batch.times[of] - back,
        values=batch.values[of], quality=batch.quality[of], persons=batch.persons[of],
        cues=tuple((int(last[at]), cue) for at, cue in batch.cues), gaps=gaps,
    )  # fmt: skip


def _spans(batch: Batch, period_s: int, seen_at: Floats) -> Ints:
    """Seconds that each sample stands for, (n,), from 1 to `period_s`; 1 where its time is none, goes back, or lies so
    far ahead that it may be wild: one such sample costs itself alone."""
    order = np.argsort(batch.seats, kind="stable")
    seats, times = batch.seats[order], batch.times[order]
    before: NDArray[np.float64] = np.concatenate([[np.nan], times[:-1]])
    first = np.concatenate([[True], seats[1:] != seats[:-1]])
    before[first] = seen_at[seats[first]]
    since = np.rint(times - before)
    near = (since >= 1.0) & (since <= LOST * period_s)
    since = np.where(near, np.minimum(since, period_s), 1.0)
    spans = np.empty(len(batch), np.int64)
    spans[order] = since.astype(np.int64)
    return spans
