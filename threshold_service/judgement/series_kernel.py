"""The loop over rows and channels of recorded series: what was expected of each value, and how far it is from that."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats

numba: Any
try:
    numba = importlib.import_module("numba")
    from threshold_service.statistics.kernel.compiled import FOLDER
except ImportError:  # slower, and the same numbers
    numba = None

SLACKS = (0.25, 0.5, 1.0)
"""Half the shifts, in spreads, that the CUSUMs look for (Page 1954; within 10 % of the best from 0.5 to 2)."""
GONE = 0.8
"""Share of the limit at which the CUSUM of a level says that the level was left (source: guess)."""
STATISTICS = ("spike", "rise 0.25", "rise 0.5", "rise 1", "restless", "level", "still", "lift 0.25", "lift 0.5")
"""Of the innovation: itself, its CUSUMs by slack, its mean square and the lack of it; of the distance from the usual:
smoothed, and its CUSUMs (they find a shift of an autocorrelated series sooner, and innovations all others)."""
LIFTS = (0.25, 0.5)
FEATURES = 4
BINS = 48
"""Parts of a day whose usual level is learned."""
FARTHEST = 50.0
"""Spreads beyond which a value is no farther."""
BELIEVED = 4.0
"""Spreads by which one value may move what is expected of the next (Huber 1964; the width is a guess)."""
PRIOR = np.array([1.0, 1.0, 1.0, 0.05])
"""Variance of the coefficients before anything is known; the time of day has to earn its own (source: guess)."""
FREELY = 30.0
"""Values that are learned before any is judged or winsorised."""
LIMIT = 60.0
"""Where the evidence of a CUSUM stops growing, so that a return is seen in time (source: guess)."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Track(NamedTuple):
    """State of c channels, changed in place: `level` and `variance` of values with `taught` of them seen; AR
    coefficients `theta` (c, 4) on (1, the two values before, the time of day), `spread` (c, 4, 4) their uncertainty;
    `before` (c, 2) cleaned values; `error` the innovations' variance; `rise` (c, 3, 2) CUSUMs; `restless`, `still`,
    `fast` smoothed; `lift` (c, 2, 2) CUSUMs of the level, for `stuck` rows near their limit; `daily` (c, BINS) the
    usual by time of day from `visits` (c, BINS) values; `plain` and `timed` the squared distances from the level and
    from the usual by time of day."""

    level: Floats
    variance: Floats
    taught: Floats
    theta: Floats
    spread: Floats
    before: Floats
    error: Floats
    rise: Floats
    restless: Floats
    still: Floats
    fast: Floats
    lift: Floats
    stuck: Floats
    daily: Floats
    visits: Floats
    plain: Floats
    timed: Floats


class Pace(NamedTuple):
    """Lengths in rows: what is usual is averaged over `memory`, restlessness over `restless`, the level over `fast`, a
    level that was left for `accept` is given up, and each of the `bins` parts of the day is averaged over `day` values,
    once it has `least` of them (`bins` 0: the time of day is not looked at)."""

    memory: float
    restless: float
    fast: float
    accept: float
    bins: int
    day: float
    least: float


class Apart(NamedTuple):
    """How far one value is off, in spreads: its innovation, and as much of that as is believed; the value from its
    level, and from there the usual of the time of day where that is `known`."""

    innovation: float
    near: float
    level: float
    season: float
    known: bool


def fresh(channels: int) -> Track:
    """Nothing seen."""
    zero = np.zeros(channels)
    return Track(
        zero.copy(), zero.copy(), zero.copy(), np.zeros((channels, FEATURES)),
        np.tile(np.diag(PRIOR), (channels, 1, 1)), np.zeros((channels, 2)), np.ones(channels),
        np.zeros((channels, len(SLACKS), 2)), np.ones(channels), np.ones(channels), zero.copy(),
        np.zeros((channels, len(LIFTS), 2)), zero.copy(), np.zeros((channels, BINS)), np.zeros((channels, BINS)),
        np.ones(channels), np.ones(channels),
    )  # fmt: skip


def _compiled(function: Function) -> Function:
    """As machine code, kept between starts where a folder can be written; the function itself without numba."""
    if numba is None:
        return function
    settings = numba.core.config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(FOLDER or "")
    try:
        made: Function = numba.njit(cache=FOLDER is not None)(function)
    finally:
        settings.CACHE_DIR = before
    return made


@_compiled
def _expected(theta: Floats, features: Floats) -> float:
    total = 0.0
    for i in range(FEATURES):
        total += theta[i] * features[i]
    return total


@_compiled
def _learn(theta: Floats, spread: Floats, features: Floats, error: float, memory: float) -> None:
    """One step of recursive least squares with forgetting (Ljung 1999, 11.2), in place."""
    reach = np.zeros(FEATURES)
    for i in range(FEATURES):
        for k in range(FEATURES):
            reach[i] += spread[i, k] * features[k]
    keep = 1.0 - 1.0 / memory
    width = keep
    trace = 0.0
    for i in range(FEATURES):
        width += features[i] * reach[i]
        trace += spread[i, i]
    grow = 1.0 / keep if trace < 1.0 and features[FEATURES - 1] != 0.0 else 1.0
    for i in range(FEATURES):
        theta[i] += reach[i] / width * error
    for i in range(FEATURES):
        for k in range(i + 1):
            spread[i, k] = (spread[i, k] - reach[i] * reach[k] / width) * grow
            spread[k, i] = spread[i, k]


@_compiled
def _time_of_day(daily: Floats, visits: Floats, slot: float, bins: int, least: float) -> float:
    """The usual value at `slot` (in bins), between the middles of two bins; NaN where either was seen too little."""
    place = slot - 0.5
    low = int(np.floor(place))
    share = place - low
    low %= bins
    high = (low + 1) % bins
    if visits[low] < least or visits[high] < least:
        return np.nan
    return float((1.0 - share) * daily[low] + share * daily[high])


@_compiled
def run(
    values: Floats, slots: Floats, anew: Bools, higher: Floats, lower: Floats, pace: Pace, track: Track, out: Floats
) -> None:  # fmt: skip
    """Judge `values` (n, c) in order: `out` (n, c, STATISTICS) says how far each is from what was expected, never
    negative, 0 where absent. `slots` (n,) are times of day in bins; before rows that are `anew` (n,) there was a long
    silence: what adds up starts over, what is usual stays. `higher`, `lower` (c,) are 1.0 where a change in that
    direction matters. What a value teaches is used from the next one on."""
    features = np.zeros(FEATURES)
    for i in range(values.shape[0]):
        if anew[i]:
            track.rise[:] = 0.0
            track.lift[:] = 0.0
            track.fast[:] = 0.0
            track.before[:] = 0.0
        for c in range(values.shape[1]):
            x = values[i, c]
            if not np.isfinite(x):
                for s in range(out.shape[2]):
                    out[i, c, s] = 0.0
                continue
            _one(x, slots[i], c, (higher[c], lower[c]), pace, track, features, out[i, c])


@_compiled
def _one(
    x: float, slot: float, c: int, matters: tuple[float, float], pace: Pace, track: Track, features: Floats, out: Floats
) -> None:
    if track.taught[c] == 0.0:
        track.level[c] = x
    taught = track.taught[c] + 1.0
    scale = np.sqrt(track.variance[c])
    scale = max(scale, 1e-6 * abs(track.level[c]), 1e-12)
    u = min(max((x - track.level[c]) / scale, -FARTHEST), FARTHEST)
    if taught <= FREELY:
        for s in range(out.shape[0]):
            out[s] = 0.0
        track.before[c, 1] = track.before[c, 0]
        track.before[c, 0] = min(max(u, -BELIEVED), BELIEVED)
        _settle(x, slot, c, 1.0 / taught, taught, scale, pace, track)
        return
    usual = np.nan
    if pace.bins > 0:
        usual = _time_of_day(track.daily[c], track.visits[c], slot, pace.bins, pace.least)
    known = np.isfinite(usual)
    season = min(max((usual - track.level[c]) / scale, -10.0), 10.0) if known else 0.0
    features[0] = 1.0
    features[1] = track.before[c, 0]
    features[2] = track.before[c, 1]
    features[3] = season
    v = u - _expected(track.theta[c], features)
    width = np.sqrt(track.error[c])
    width = max(width, 1e-3)
    e = min(max(v / width, -FARTHEST), FARTHEST)
    near = min(max(e, -BELIEVED), BELIEVED)
    _say(Apart(e, near, u, season, known), c, matters, pace, track, out)
    # What this value teaches.
    if track.stuck[c] >= pace.accept:
        _accept(c, scale, pace, track)
    learns = min(max(e, -3.0), 3.0) * width
    _learn(track.theta[c], track.spread[c], features, learns, pace.memory)
    track.error[c] += (learns * learns - track.error[c]) / min(taught - FREELY + 5.0, pace.memory)
    track.before[c, 1] = track.before[c, 0]
    track.before[c, 0] = u - v + near * width
    _settle(x, slot, c, 1.0 / min(taught, pace.memory), taught, scale, pace, track)


@_compiled
def _say(read: Apart, c: int, matters: tuple[float, float], pace: Pace, track: Track, out: Floats) -> None:
    e, near, u, season, known = read
    higher, lower = matters
    out[0] = max(e * higher, -e * lower)
    for k in range(len(SLACKS)):
        up = min(max(track.rise[c, k, 0] + near - SLACKS[k], 0.0), LIMIT)
        down = min(max(track.rise[c, k, 1] - near - SLACKS[k], 0.0), LIMIT)
        track.rise[c, k, 0] = up
        track.rise[c, k, 1] = down
        out[1 + k] = max(up * higher, down * lower)
    square = near * near
    if near * higher <= 0.0 and -near * lower <= 0.0:  # in a direction that does not matter
        square = min(square, 1.0)
    track.restless[c] += (square - track.restless[c]) / pace.restless
    track.still[c] += (square - track.still[c]) / (4.0 * pace.restless)
    out[4] = max(track.restless[c] - 1.0, 0.0)
    apart = u
    if known:
        track.plain[c] += 0.005 * (min(u * u, 16.0) - track.plain[c])
        timed = (u - season) * (u - season)
        track.timed[c] += 0.005 * (min(timed, 16.0) - track.timed[c])
        if track.timed[c] < track.plain[c]:
            apart = u - season
    far = min(max(apart, -BELIEVED), BELIEVED)
    for k in range(len(LIFTS)):
        up = min(max(track.lift[c, k, 0] + far - LIFTS[k], 0.0), LIMIT)
        down = min(max(track.lift[c, k, 1] - far - LIFTS[k], 0.0), LIMIT)
        track.lift[c, k, 0] = up
        track.lift[c, k, 1] = down
        out[7 + k] = max(up * higher, down * lower)
    left = max(track.lift[c, 1, 0], track.lift[c, 1, 1]) >= GONE * LIMIT
    track.stuck[c] = track.stuck[c] + 1.0 if left else 0.0
    track.fast[c] += (min(max(apart, -10.0), 10.0) - track.fast[c]) / pace.fast
    out[5] = max(track.fast[c] * higher, -track.fast[c] * lower, 0.0)
    out[6] = max(-np.log(track.still[c] + 1e-4), 0.0) * higher * lower


@_compiled
def _accept(c: int, scale: float, pace: Pace, track: Track) -> None:
    """What was left for long becomes the usual: everything moves to where the values are now."""
    moved = track.fast[c] * scale
    track.level[c] += moved
    for b in range(pace.bins):
        if track.visits[c, b] > 0.0:
            track.daily[c, b] += moved
    for k in range(2):
        track.before[c, k] -= track.fast[c]
    track.lift[c] = 0.0
    track.rise[c] = 0.0
    track.fast[c] = 0.0
    track.stuck[c] = 0.0


@_compiled
def _settle(x: float, slot: float, c: int, share: float, taught: float, scale: float, pace: Pace, track: Track) -> None:
    distance = x - track.level[c]
    reach = (3.0 + 10800.0 / (taught * taught)) * scale
    if taught > FREELY:
        distance = min(max(distance, -reach), reach)
    track.level[c] += share * distance
    track.variance[c] = (1.0 - share) * (track.variance[c] + share * distance * distance)
    track.taught[c] = taught
    if pace.bins > 0:
        b = int(slot) % pace.bins
        track.visits[c, b] += 1.0
        gain = 1.0 / min(track.visits[c, b], pace.day)
        wide = x - track.daily[c, b]
        if track.visits[c, b] > 3.0:
            wide = min(max(wide, -4.0 * scale), 4.0 * scale)
        track.daily[c, b] += gain * wide


@_compiled
def news(evidence: Floats, keep: float, echo: float) -> Floats:
    """`evidence` (n,), weakened by `echo` where it does not exceed what is left of an earlier one; `keep` is what is
    left of it after one row."""
    told = np.zeros(evidence.shape[0])
    left = 0.0
    for i in range(evidence.shape[0]):
        e = evidence[i]
        told[i] = e if e > left else e * echo
        left = max(left * keep, e)
    return told
