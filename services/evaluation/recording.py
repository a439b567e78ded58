"""What detectors are tried on: a facility's scores day by day with the truth beside them, and who watches them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.evaluation.coverage import covered, marked
from services.evaluation.figures import Observed
from services.evaluation.nouns import Label
from services.vocabulary import Cue, Resident

Floats = NDArray[np.float64]
DAY_S = 86_400


class DayBlock(NamedTuple):
    """One day of all residents: `values` (n, residents, channels), `persons` (n, residents), cues as (second of the
    block, resident, cue) in order, and the second of the recording at which it begins."""

    start_s: float
    values: Floats
    persons: NDArray[np.int32]
    cues: tuple[tuple[int, int, Cue], ...]


class Recording(Protocol):
    """Scores of residents over days, with labels."""

    @property
    def channels(self) -> tuple[str, ...]: ...
    @property
    def days(self) -> int: ...
    def seats(self) -> tuple[Resident, ...]: ...
    def labels(self) -> tuple[Label, ...]: ...
    def block(self, day: int) -> DayBlock: ...


class Watcher(Protocol):
    """A detector that is tried: it sees each day once, in order."""

    def watch(self, block: DayBlock) -> None: ...


class Tried(NamedTuple):
    """What was observed, and the seconds of each resident with valid scores, by resident."""

    observed: Observed
    seconds: tuple[NDArray[np.bool_], ...]


def show(recording: Recording, watchers: Sequence[Watcher], told: Callable[[int], None]) -> Tried:
    """Let every watcher see the whole recording once; `told` hears of resident-days as they are done."""
    residents = len(recording.seats())
    seconds: list[list[NDArray[np.bool_]]] = [[] for _ in range(residents)]
    for day in range(recording.days):
        block = recording.block(day)
        for resident in range(residents):
            seconds[resident].append(covered(recording.channels, block.values[:, resident]))
        for watcher in watchers:
            watcher.watch(block)
        told(residents)
    whole = tuple(np.concatenate(parts) for parts in seconds)
    days = np.array([len(one) / DAY_S for one in whole])
    return Tried(Observed(days, marked(recording.labels(), whole)), whole)
