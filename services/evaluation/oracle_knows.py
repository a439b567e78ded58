"""What the oracle knows of one resident: taken from the simulator's own parameters, and from private calm days."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.simulator.benign import HABITS, Habit, Ordinary, plan_day
from services.simulator.body import FALLS_SEEN
from services.simulator.episodes import SHAPES, Kind, Shape
from services.simulator.facility import Facility
from services.simulator.observe import CHANNELS, OBSERVABLES, SKEW, Lived
from services.simulator.parameters import DAY_S
from services.simulator.resident_day import ResidentDay, Script, add, live, ordinary_life, scores, sleep_depth
from services.simulator.traits import Traits
from services.vocabulary import CueName

Floats = NDArray[np.float64]
SCALES = (5, 30)
"""Seconds per block at which the oracle looks: a fall and a slow build-up want different ones (guess)."""
CUES = tuple(CueName)
STRENGTHS = (0.35, 0.75, 1.4)
"""Heights of an episode that are tried: a prodrome, a weak plateau and a strong one."""
_BENIGN = (0.6, 1.0, 1.5)
_RARE = 1e-5
"""Cues per second that nothing explains (guess)."""
_CALM_DAYS, _PRIVATE = 2, 10**6
"""Days drawn apart, from which noise and tails are learned: they are never judged."""
_LEAST = 1e-6
_EMOTIONS = slice(len(OBSERVABLES), len(OBSERVABLES) + 8)
_SKEWED = np.array([shape.skewed for shape in OBSERVABLES.values()])


class Known(NamedTuple):
    """`usual` (2, channels, 86400) noise-free scores with the person there and in an empty room; for each scale `phi`
    (scales, channels) and `noise` (scales, channels, channels) of blocks; what is added awake and asleep by `episodes`
    (2, 2, k, channels), without and with the television on, and by `ordinary` (2, m, channels); `cue_log` (2, k, cues)
    what a second with and without each cue says."""

    usual: Floats
    phi: Floats
    noise: Floats
    episodes: Floats
    ordinary: Floats
    cue_log: Floats


def know(facility: Facility, resident: int) -> Known:
    """Everything about one resident that does not depend on chance."""
    traits = facility.traits(resident)
    usual = np.stack([_noise_free(traits, empty) for empty in (0.0, 1.0)])
    calm = [private_day(facility, resident, _PRIVATE + day, ordinary=False) for day in range(_CALM_DAYS)]
    off = np.concatenate([_alone(traits, day) - usual[0] for day in calm], axis=1)
    learned = [_noise(off.reshape(len(off), -1, length).mean(axis=2)) for length in SCALES]
    hours = (int(traits.asleep_until_s + 5 * 3600.0), int(traits.asleep_until_s - 2 * 3600.0) % DAY_S)
    television = float(traits.rates[Ordinary.TELEVISION] > 0.0)
    adds = [_Moment(traits, hour) for hour in hours]
    tv = [moment.adds(HABITS[Ordinary.TELEVISION], television) for moment in adds]
    alone = np.stack([[one.adds(shape, height * traits.expressive) for shape in SHAPES.values()
                       for height in STRENGTHS] for one in adds])  # fmt: skip
    benign = np.stack([[one.adds(habit, height) for kind, habit in HABITS.items() if traits.rates[kind]
                        for height in _BENIGN] for one in adds])  # fmt: skip
    with_tv = np.stack(tv)[:, None]
    return Known(
        usual, np.stack([phi for phi, _ in learned]), np.stack([noise for _, noise in learned]),
        np.stack([alone, alone + with_tv], axis=1), np.concatenate([benign, benign + with_tv], axis=1),
        _cue_log(traits),
    )  # fmt: skip


def private_day(facility: Facility, resident: int, day: int, ordinary: bool) -> ResidentDay:
    """A day of the resident without episodes that is never judged, with or without ordinary things."""
    traits = facility.traits(resident)
    streams = [np.random.default_rng([facility.seed + _PRIVATE, resident, day, i]) for i in range(4)]
    awake = (traits.asleep_until_s, traits.asleep_from_s)
    lived = plan_day(traits.rates, awake, facility.parameters.benign if ordinary else 0.0, streams[3])
    return live(traits, facility.parameters, Script(0, (), lived, streams[0], streams[1]), streams[2])


def linear(traits: Traits, values: Floats) -> Floats:
    """Scores (channels, n) on the scale on which their noise is Gaussian: spreads, skew undone, log-odds of emotions
    against the neutral one; NaN stays."""
    made = values.copy()
    observed = (values[: len(OBSERVABLES)] - traits.location[:, None]) / traits.spread[:, None]
    observed[_SKEWED] = np.log1p(np.maximum(SKEW * observed[_SKEWED], -0.98)) / SKEW
    made[: len(OBSERVABLES)] = observed
    emotions = np.log(np.maximum(values[_EMOTIONS], _LEAST))
    made[_EMOTIONS] = emotions - emotions[:1]
    return made


def _noise_free(traits: Traits, empty: float) -> Floats:
    lived = ordinary_life(traits, 0, sleep_depth(traits), np.zeros((4, DAY_S)))
    lived = lived._replace(empty=np.full(DAY_S, empty))
    return linear(traits, scores(traits, lived, np.zeros((len(CHANNELS), DAY_S))))


def _alone(traits: Traits, day: ResidentDay) -> Floats:
    made = linear(traits, day.values.T.copy())
    made[:, day.persons < 1] = np.nan
    return made


def _noise(means: Floats) -> tuple[Floats, Floats]:
    """Lag-1 autocorrelation of blocks and the covariance of what is new in each."""
    now, before = means[:, 1:], means[:, :-1]
    both = np.isfinite(now) & np.isfinite(before)
    a, b = np.where(both, now, 0.0), np.where(both, before, 0.0)
    phi = np.clip((a * b).sum(axis=1) / np.maximum((b * b).sum(axis=1), 1e-9), 0.0, 0.999)
    whole = both[: len(OBSERVABLES)].all(axis=0)
    fresh = np.nan_to_num(now - phi[:, None] * before)[:, whole]
    noise = fresh @ fresh.T / max(fresh.shape[1], 1)
    return phi, noise + np.diag(np.maximum(1e-3, 0.02 * np.diag(noise)))


class _Moment:
    """One quiet second of the day, and what would be added to it."""

    def __init__(self, traits: Traits, hour: int) -> None:
        depth = sleep_depth(traits)
        self._traits, self._depth = traits, depth[hour : hour + 1]
        self._felt = ordinary_life(traits, 0, depth, np.zeros((4, DAY_S))).felt[:, hour : hour + 1]

    def adds(self, thing: Habit | Shape, height: float) -> Floats:
        """(channels,): the difference `thing` makes at this height."""
        return np.nan_to_num(self._scores(thing, height) - self._scores(thing, 0.0))

    def _scores(self, thing: Habit | Shape, height: float) -> Floats:
        none = np.zeros((len(OBSERVABLES), 1))
        lived = Lived(self._felt.copy(), none.copy(), self._depth, np.zeros(1), none)
        add(lived, slice(0, 1), np.array([height]), (thing.valence, thing.arousal), dict(thing.channels))
        quiet = np.zeros((len(CHANNELS), 1))
        return linear(self._traits, scores(self._traits, lived, quiet))[:, 0]


def _cue_log(traits: Traits) -> Floats:
    """(2, k, cues): log-likelihood ratios of a second with and without each cue."""
    otherwise = np.full(len(CUES), _RARE)
    for kind, habit in HABITS.items():
        if habit.cue is not None and traits.rates[kind]:
            otherwise[CUES.index(habit.cue)] += habit.cue_probability
    heard = np.tile(otherwise, (len(SHAPES), len(STRENGTHS), 1))
    for row, shape in enumerate(SHAPES.values()):
        if shape.cue is not None:
            heard[row, 1:, CUES.index(shape.cue)] += shape.cue_probability
    heard[list(SHAPES).index(Kind.FALL), 1:, CUES.index(CueName.FALL)] += FALLS_SEEN
    flat = heard.reshape(-1, len(CUES))
    return np.stack([np.log(flat / otherwise), np.log1p(-flat) - np.log1p(-otherwise)])
