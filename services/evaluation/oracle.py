"""A detector that knows how the facility was made: likelihood-ratio CUSUMs over its true means and noises."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.evaluation.literal import cue_seconds
from services.evaluation.recording import DAY_S, DayBlock
from services.evaluation.traces import Trace, binned
from services.simulator.benign import HABITS
from services.simulator.episodes import SHAPES
from services.simulator.facility import Facility
from services.simulator.observe import CHANNELS, OBSERVABLES, SKEW, Lived
from services.simulator.resident_day import Script, add, live, ordinary_life, scores, sleep_depth
from services.simulator.traits import Traits

Floats = NDArray[np.float64]
HEIGHTS = (0.35, 1.0)
"""Strengths of an episode that are tried, as shares of its plateau."""
CUE_OTHERWISE = 1e-4
"""Alarm cues per second outside episodes: television's."""
_PRIVATE = 10**6
"""Seed offset of the private days from which the noise is learned: they are never judged."""
_LEAST = 1e-6
_PLACES = slice(len(OBSERVABLES), len(OBSERVABLES) + 8)


class Known(NamedTuple):
    """What the oracle knows of one resident: `usual` (2, channels, n) noise-free scores in view and in an empty room,
    `phi` (channels,), `noise` (channels, channels) covariance of what is new each second, and for waking and sleeping
    hours (2, states, channels) what each episode state and each ordinary thing adds."""

    usual: Floats
    phi: Floats
    noise: Floats
    episodes: Floats
    ordinary: Floats
    cue: Floats


class OracleWatcher:
    """Scores every second by the best episode against the best ordinary explanation, and accumulates (Page 1954)."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._known = [know(facility, resident) for resident in range(facility.residents)]
        self._peaks: list[list[Floats]] = [[] for _ in range(facility.residents)]

    def watch(self, block: DayBlock) -> None:
        """One day of every resident."""
        for resident, known in enumerate(self._known):
            values = linear(self._facility.traits(resident), block.values[:, resident].T.copy())
            depth = sleep_depth(self._facility.traits(resident))
            empty = (block.persons[:, resident] == 0) & (depth < 0.5)
            ratios = _ratios(known, values, empty, depth > 0.5, cue_seconds(block.cues, resident, values.shape[1]))
            self._peaks[resident].append(binned(accumulated(ratios).max(axis=0)))

    def trace(self) -> Trace:
        """Peaks so far."""
        return Trace(tuple(np.concatenate(parts) for parts in self._peaks))


def accumulated(ratios: Floats) -> Floats:
    """CUSUM of log-likelihood ratios along the last axis, never below 0.

    >>> accumulated(np.array([[1.0, -3.0, 2.0, 1.0]])).tolist()
    [[1.0, 0.0, 2.0, 3.0]]
    """
    sums = np.cumsum(ratios, axis=-1)
    lowest = np.minimum(np.minimum.accumulate(sums, axis=-1), 0.0)
    risen: Floats = sums - lowest
    return risen


def linear(traits: Traits, values: Floats) -> Floats:
    """Scores (channels, n) on the scale on which their noise is Gaussian: spreads, skew undone, log-odds of emotions
    against the neutral one; NaN stays."""
    made = values.copy()
    observed = (values[: len(OBSERVABLES)] - traits.location[:, None]) / traits.spread[:, None]
    skewed = np.array([shape.skewed for shape in OBSERVABLES.values()])
    observed[skewed] = np.log1p(np.maximum(SKEW * observed[skewed], -0.98)) / SKEW
    made[: len(OBSERVABLES)] = observed
    emotions = np.log(np.maximum(values[_PLACES], _LEAST))
    made[_PLACES] = emotions - emotions[:1]
    return made


def know(facility: Facility, resident: int) -> Known:
    """Learn one resident's noise on a private calm day, and take the means from the simulator itself."""
    traits = facility.traits(resident)
    usual = np.stack([_noise_free(traits, empty) for empty in (0.0, 1.0)])
    phi, noise = _noise(facility, resident, usual[0])
    states = [(dict(shape.channels), shape.valence, shape.arousal, height)
              for shape in SHAPES.values() for height in HEIGHTS]  # fmt: skip
    benign = [(dict(habit.channels), habit.valence, habit.arousal, 1.0) for habit in HABITS.values()]
    hours = (int(traits.asleep_until_s + 5 * 3600.0), int(traits.asleep_until_s - 3 * 3600.0) % DAY_S)
    cue = np.array([shape.cue_probability * (height >= 1.0 and shape.cue is not None and shape.cue.value != "shout")
                    for shape in SHAPES.values() for height in HEIGHTS])  # fmt: skip
    return Known(
        usual, phi, noise,
        np.stack([[_added(traits, hour, *state) for state in states] for hour in hours]),
        np.stack([[_added(traits, hour, *state) for state in benign] for hour in hours]),
        cue,
    )  # fmt: skip


def _noise_free(traits: Traits, empty: float) -> Floats:
    lived = ordinary_life(traits, 0, sleep_depth(traits), np.zeros((4, DAY_S)))
    lived = lived._replace(empty=np.full(DAY_S, empty))
    return linear(traits, scores(traits, lived, np.zeros((len(CHANNELS), DAY_S))))


def _noise(facility: Facility, resident: int, usual: Floats) -> tuple[Floats, Floats]:
    traits = facility.traits(resident)
    streams = [np.random.default_rng([facility.seed + _PRIVATE, resident, i]) for i in range(3)]
    calm = live(traits, facility.parameters, Script(0, (), (), streams[0], streams[1]), streams[2])
    off = linear(traits, calm.values.T.copy()) - usual
    off[:, calm.persons < 1] = np.nan
    now, before = off[:, 1:], off[:, :-1]
    both = np.isfinite(now) & np.isfinite(before)
    a, b = np.where(both, now, 0.0), np.where(both, before, 0.0)
    phi = np.clip((a * b).sum(axis=1) / np.maximum((b * b).sum(axis=1), 1e-9), 0.0, 0.999)
    fresh = np.where(both, now - phi[:, None] * before, np.nan)[:, both[: len(OBSERVABLES)].all(axis=0)]
    filled = np.nan_to_num(fresh)
    noise = filled @ filled.T / max(filled.shape[1], 1)
    return phi, noise + np.diag(np.maximum(1e-3, 0.02 * np.diag(noise)))


def _added(
    traits: Traits, hour: int, channels: dict[str, float], valence: float, arousal: float, height: float
) -> Floats:
    """(channels,): the difference it makes at one second of the day."""
    with_it, without = (_moment(traits, hour) for _ in range(2))
    add(with_it, slice(0, 1), np.array([height]), (valence, arousal), channels)
    quiet = np.zeros((len(CHANNELS), 1))
    made = linear(traits, scores(traits, with_it, quiet)) - linear(traits, scores(traits, without, quiet))
    return np.nan_to_num(made[:, 0])


def _moment(traits: Traits, hour: int) -> Lived:
    depth = sleep_depth(traits)[hour : hour + 1]
    lived = ordinary_life(traits, 0, sleep_depth(traits), np.zeros((4, DAY_S)))
    return Lived(lived.felt[:, hour : hour + 1].copy(), np.zeros((len(OBSERVABLES), 1)), depth, np.zeros(1),
                 np.zeros((len(OBSERVABLES), 1)))  # fmt: skip


def _ratios(known: Known, values: Floats, empty: NDArray[np.bool_], night: NDArray[np.bool_], cues: Floats) -> Floats:
    """(states, n): log-likelihood of each episode state less that of the best ordinary explanation."""
    off = values - np.where(empty, known.usual[1], known.usual[0])
    fresh = np.full_like(off, np.nan)
    fresh[:, 1:] = off[:, 1:] - known.phi[:, None] * off[:, :-1]
    heard = np.where(cues[None] > 0.0, np.log(np.maximum(known.cue, CUE_OTHERWISE) / CUE_OTHERWISE)[:, None],
                     np.log1p(-known.cue)[:, None])  # fmt: skip
    ratios = np.zeros((known.episodes.shape[1], values.shape[1]))
    patterns, which = np.unique(np.isfinite(fresh), axis=1, return_inverse=True)
    for i in range(patterns.shape[1]):
        there = patterns[:, i]
        if not there.any():
            continue
        for hour in (0, 1):
            seconds = np.flatnonzero((which.reshape(-1) == i) & (night == bool(hour)))
            if len(seconds):
                ratios[:, seconds] = _gain(known, known.episodes[hour], there, fresh[:, seconds])
                benign = _gain(known, known.ordinary[hour], there, fresh[:, seconds]).max(axis=0)
                ratios[:, seconds] -= np.maximum(benign, 0.0)
    return ratios + heard


def _gain(known: Known, added: Floats, there: NDArray[np.bool_], fresh: Floats) -> Floats:
    """Log-likelihood ratio of each of the `added` (states, channels) against nothing, (states, n)."""
    shift = ((1.0 - known.phi) * added)[:, there]
    precise = np.linalg.solve(known.noise[np.ix_(there, there)], shift.T)
    gain: Floats = precise.T @ fresh[there] - 0.5 * (shift * precise.T).sum(axis=1)[:, None]
    return gain
