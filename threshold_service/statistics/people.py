"""What a path judges: the arrays of all residents, a run of samples, the fixed numbers, and what is told of each."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Bools, Floats, Indices, Ints, Shorts, Singles
from threshold_service.statistics.calibration import Running
from threshold_service.statistics.episode_odds import EpisodeOdds, Taught
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.fused import FORGET
from threshold_service.statistics.grid import Grid
from threshold_service.statistics.level_path import LevelPath

LOOK, BLOCK, NOTE = 1, 2, 4
"""Why a sample has to be looked at: a rule speaks or an event is open; a block is full; a cue came."""
JUDGED, CROWDED, LATE, UNREADABLE, RESTARTED, COLUMNS = range(6)
"""Columns of the counts; the first two are judged."""
LONG_AGO = -(10**9)
SCRATCH = 16
"""Numbers of each channel that the kernel keeps within a sample."""
FADES: Floats = FORGET ** np.arange(4096.0)
"""Share of the evidence that is left after so many seconds without samples."""


class Person(NamedTuple):
    """One value per resident: the last three samples' cues as bits, how loud the last cue still counts, seconds without
    any value, when learning may go on, the time and composite of the last judged second (1.0: the tier-1 threshold)."""

    cue_bits: Ints
    cue: Floats
    unseen: Ints
    learns_after: Floats
    seen_at: Floats
    score: Floats


class Window(NamedTuple):
    """The raw values of the last seconds, (residents, seconds, channels), the cell of each place, and whether what is
    usual was learned from it."""

    values: NDArray[np.float32]
    cells: Ints
    taught: Bools


class Limits(NamedTuple):
    """What calibration set: usual peaks of raw terms `scale` (n, terms) and of channels `far_scale` (n, c), and the
    `thresholds` (n, rules)."""

    scale: Floats
    far_scale: Singles
    thresholds: Floats


class Block(NamedTuple):
    """Most of it in few pieces, for the kernel, whose rows and columns `packed` names: `usual` (2, n, USUALS, c) and
    `change` (2, n, FIELDS, c) of both halves, `fit` (n, FITS, c) of what block ends set, the last seconds' `window`
    (n, seconds, c), the `bins` (n, 2, c) of `odds`, and one `number` (n, columns) after the other, with the same memory
    as `whole` numbers. Here c is a multiple of LANES: those that no schema has are never seen. The others are the
    arrays of that name as `People` have them."""

    usual: Floats
    change: Singles
    fit: Singles
    window: Singles
    bins: Singles
    number: Floats
    whole: Ints
    scores: Shorts
    levels: Floats
    company: Floats
    cue: Floats
    cells: Ints
    taught: Bools
    tier: NDArray[np.int8]


class People(NamedTuple):
    """Everything a path changes in place, and the limits it compares with. Each array of `level` is (2, n, ...): a
    second reads one half and writes the other, and `half` (n,) says which was written last, so that a second sample
    in the same cell can replace the first. `sustained` (n, SUSTAINED_CELLS) are the composites of the last seconds;
    `tier` (n,) that of the open event, 0 where none is; where it is packed, most of it are views of `block`."""

    grid: Grid
    half: Ints
    level: LevelPath
    block: Block
    sustained: Floats
    fitted: Fitted
    running: Running
    limits: Limits
    person: Person
    window: Window
    counts: Ints
    tier: NDArray[np.int8]
    odds: EpisodeOdds


class Samples(NamedTuple):
    """m samples in order: `rows` (m,) say whose, `times` (m,) in Unix seconds, `values` (m, c) in an array of
    whole LANES, `persons` in view (m,),
    `loud` (m,) the probability of the loudest alarm cue, 0.0 for none, `cued` (m,) whether any cue came."""

    rows: Ints
    times: Floats
    values: Singles
    persons: NDArray[np.int32]
    loud: Floats
    cued: Bools


class Fixed(NamedTuple):
    """What stays the same while samples are judged: meanings of c channels (see `meaning.Meaning`), who is in affect
    mode (n,), `weights` (terms,), the statistic of each rule `columns` (rules,), which cue bits hold (8,), `fades`,
    what was `taught` of episodes, and times of the policy; `everything` has every judged sample looked at."""

    higher: Singles
    lower: Singles
    floor: Singles
    groups: Singles
    outward: Singles
    emotions: Ints
    shared: Bools
    allowed: Bools
    affect: Bools
    weights: Floats
    columns: Ints
    held: Bools
    fades: Floats
    taught: Taught
    restart_gap_s: float
    blind_after_s: float
    everything: bool


class Told(NamedTuple):
    """What a path tells. Of each of m samples, for the history: the `usual` and its `spread` (m, c), NaN where nothing
    is learned, the `score` and `tier` (m,). Of the `waiting` (1,) samples that have to be looked at now, at most one
    per resident: which they are, `at`, `why`, and what they showed. `waits` (n,) is all false between two calls. Arrays
    over channels are as wide as whole LANES; the last ones are room for one sample in the kernel."""

    usual: NDArray[np.float32]
    spread: NDArray[np.float32]
    score: Floats
    tier: NDArray[np.int8]
    waiting: Ints
    at: Ints
    why: Ints
    present: Bools
    evidence: Singles
    terms: Floats
    contributions: Floats
    statistics: Floats
    waits: Bools
    scratch: Singles
    entries: Indices
    raw: Floats
    said: Floats
