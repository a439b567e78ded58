"""What passes between the parts of the engine: its setting, one wave of samples, and what a wave showed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Cue, Policy
from threshold_service.engine_state import Identity
from threshold_service.statistics.arrays import Bools, Floats, Ints
from threshold_service.statistics.calibration import Rates
from threshold_service.statistics.composite import Composite
from threshold_service.statistics.grid import Placed
from threshold_service.statistics.level_path import Second
from threshold_service.statistics.meaning import Meaning


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change while an engine lives. `affect` (residents,), `weights` (terms,)."""

    identity: Identity
    policy: Policy
    meaning: Meaning
    affect: Bools
    rates: Rates
    weights: Floats


@dataclass(frozen=True, slots=True)
class Wave:
    """k samples of k different residents. `at` says where their states are: `rows`, or None for everybody in order."""

    rows: Ints
    at: Ints | None
    times: Floats
    values: Floats
    persons: NDArray[np.int32]
    cues: Sequence[tuple[int, Cue]]
    sequences: NDArray[np.uint64]
    placed: Placed


@dataclass(frozen=True, slots=True)
class Shown:
    """What a wave showed: which values count (k, c), the statistics of the second, the composite, and the statistics
    of `calibration.STATISTICS` (k, 5)."""

    present: Bools
    second: Second
    composite: Composite
    statistics: Floats
