"""What passes between the parts of the engine: its setting, samples, what has to be looked at, and what is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Cue, Event, Policy
from threshold_service.engine_state import Identity
from threshold_service.senses import Doubted, Witness
from threshold_service.statistics.arrays import Bools, Floats, Ints, Singles
from threshold_service.statistics.calibration import Rates
from threshold_service.statistics.composite import Composite
from threshold_service.statistics.episode_odds import Taught
from threshold_service.statistics.meaning import Meaning
from threshold_service.statistics.people import Samples


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change while an engine lives. `affect` (residents,), `weights` (terms,)."""

    identity: Identity
    policy: Policy
    meaning: Meaning
    affect: Bools
    rates: Rates
    weights: Floats
    witnesses: tuple[Witness, ...]
    doubted: tuple[Doubted, ...]
    policies: tuple[Policy, ...]
    """Of each resident: the deployment's, with what holds for them alone."""
    own_rates: tuple[Rates, ...]
    blind_after_s: Floats

    taught: Taught
    """What was learned beforehand of episodes."""
    hours: bool
    """Whether anybody has hours of sleep or privacy."""


@dataclass(frozen=True, slots=True)
class Wave:
    """k samples of k different residents that have to be looked at."""

    rows: Ints
    times: Floats
    values: Singles
    persons: NDArray[np.int32]
    sequences: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a wave showed: which values count and the directed evidence (k, c), the composite, and the statistics of
    `calibration.STATISTICS` (k, 5)."""

    present: Bools
    evidence: Singles
    composite: Composite
    statistics: Floats


@dataclass(frozen=True, slots=True)
class Run:
    """Samples in order with what the paths do not need: `cues` are (place in the run, cue)."""

    samples: Samples
    cues: Sequence[tuple[int, Cue]]
    sequences: NDArray[np.uint64]


class Judged(NamedTuple):
    """The events of m samples, and of each: the `usual` and its `spread` after it (m, c), NaN where nothing is learned,
    the `score` (1.0: the resident's tier-1 threshold) and the `tier` of the open event or 0, both (m,)."""

    events: tuple[Event, ...]
    usual: NDArray[np.float32]
    spread: NDArray[np.float32]
    score: Floats
    tier: NDArray[np.int8]
