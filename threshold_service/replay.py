"""Runs an engine over recorded arrays, as it would have run live: each row by the rows before it alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.runtime.batch import Batch
from services.vocabulary import Event
from threshold_service.engine import Engine
from threshold_service.statistics.arrays import Floats, Ints

CHUNK = 50_000
"""Rows judged at once: what is told of them stays small in memory."""


class Replayed(NamedTuple):
    """Of each row of n: `score` 0..1 (1 - 1 / (1 + E), E the composite over the resident's tier-1 threshold; 0 while
    nothing is learned), `tier` of the open event (0: none is open), `event` its id or empty, `top` the channel that
    contributed most when it opened or was last raised, or empty. `events` are all that were new or changed, in order.
    """

    score: Floats
    tier: NDArray[np.int8]
    event: NDArray[np.object_]
    top: NDArray[np.object_]
    events: tuple[Event, ...]


def replay(
    engine: Engine, residents: Ints, times: Floats, values: Floats, persons: NDArray[np.int32] | None = None,
    first_sequence: int = 1,
) -> Replayed:  # fmt: skip
    """Judge n recorded rows, `residents` (n,) being rows of the engine, `times` (n,) Unix seconds, `values` (n,
    channels) with NaN for absence; each resident's rows in the order of their times, any number of residents mixed.
    `persons` (n,) in view, -1 where nobody counted. Row i has sequence `first_sequence` + i in the engine's epoch.

    Raises:
        WaveRefused: arrays that do not fit the engine.
    """
    n = len(residents)
    view = np.full(n, -1, np.int32) if persons is None else persons
    score, tier = np.zeros(n), np.zeros(n, np.int8)
    told: list[Event] = []
    for start in range(0, n, CHUNK):
        here = slice(start, min(start + CHUNK, n))
        count = here.stop - start
        sequences = np.arange(first_sequence + start, first_sequence + here.stop, dtype=np.uint64)
        seen, quality = values[here].astype(np.float32), np.ones(count, np.float32)
        batch = Batch(sequences, residents[here].astype(np.uint32), times[here], seen, quality, view[here])
        judged = engine.judge(batch)
        score[here], tier[here] = 1.0 - 1.0 / (1.0 + judged.score), judged.tier
        told += judged.events
    event, top = _spoken(engine, residents, times, tier, told, first_sequence)
    return Replayed(score, tier, event, top, tuple(told))


def _spoken(
    engine: Engine, residents: Ints, times: Floats, tier: NDArray[np.int8], told: list[Event], first_sequence: int
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Id and loudest channel of the event that was open in each row."""
    event, top = np.full(len(tier), "", object), np.full(len(tier), "", object)
    places = {seat.id: row for row, seat in enumerate(engine.seats)}
    for one in told:
        if not one.open:
            continue
        row = max(one.position.sequence - first_sequence, 0)
        rows = np.flatnonzero((residents[row:] == places[one.resident]) & (tier[row:] > 0)) + row
        event[rows] = one.id
        rows = rows[times[rows] >= one.updated_at]
        top[rows] = one.deviations[0].channel if one.deviations else ""
    return event, top
