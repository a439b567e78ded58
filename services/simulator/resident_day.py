"""One simulated day of one resident: what is lived, and what the room's senses make of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.simulator.benign import HABITS, Ordinariness, Ordinary, lift
from services.simulator.day import CLASSIFIER_AR1
from services.simulator.episodes import Episode, envelope, shape_of
from services.simulator.observe import AFFECT, AR1, CHANNELS, NEEDS_VIEW, OBSERVABLES, Lived, affect, observables
from services.simulator.parameters import DAY_S, Parameters
from services.simulator.sight import Seen, seen
from services.simulator.stitched import stitched
from services.simulator.traits import Traits
from services.vocabulary import Cue, CueName, Mode, describe

Floats = NDArray[np.float64]
_ROWS = {name: row for row, name in enumerate(OBSERVABLES)}
_SECOND = np.arange(DAY_S, dtype=np.float64)
_LOW = np.array([[-np.inf if (low := describe(name).low) is None else low] for name in OBSERVABLES])
_HIGH = np.array([[np.inf if (high := describe(name).high) is None else high] for name in OBSERVABLES])
_WOBBLING = np.exp(-1.0 / np.array([15.0]))
"""Autocorrelation of an episode's height from second to second (guess)."""
_DOZE_S = 1200.0
"""How long falling asleep and waking take (guess)."""


@dataclass(frozen=True, slots=True)
class Script:
    """What happens on one day: `episodes` as (episode in seconds of the stay, strength), `ordinary` in seconds of the
    day, and the random streams of the two midnights at which its noise meets that of its neighbours."""

    day: int
    episodes: tuple[tuple[Episode, float], ...]
    ordinary: tuple[Ordinariness, ...]
    midnight_before: np.random.Generator
    midnight_after: np.random.Generator


@dataclass(frozen=True, slots=True)
class ResidentDay:
    """One day, second by second: `values` (86400, channels) with NaN for absence, `persons` (86400,) in view, -1 where
    nobody could count, cues by second of the day, and what really happened: episodes in seconds of the stay, and
    ordinary things in seconds of the day."""

    values: Floats
    persons: NDArray[np.int32]
    cues: tuple[tuple[int, Cue], ...]
    episodes: tuple[Episode, ...]
    ordinary: tuple[Ordinariness, ...]


def live(traits: Traits, parameters: Parameters, script: Script, rng: np.random.Generator) -> ResidentDay:
    """Live one day. Missing values, bounds and the consent of the resident are kept."""
    noise = _noise(traits, script, rng)
    asleep = sleep_depth(traits)
    view = seen(parameters.sight, traits.person.seen, traits.seen_at_night, asleep, rng)
    persons = _persons(view, script.ordinary)
    lived = ordinary_life(traits, script.day, asleep, noise[:4])
    lived = lived._replace(empty=((persons == 0) & (asleep < 0.5)).astype(np.float64))
    cues = [*_happen(traits, parameters, script, lived, rng), *_also(script.ordinary, lived, persons, rng)]
    values = scores(traits, lived, noise[4:])
    _hide(values, traits.mode, persons, view)
    heard = tuple(sorted((cue for cue in cues if view.sound[cue[0]]), key=lambda cue: cue[0]))
    counted = np.where(view.frames, persons, -1).astype(np.int32)
    return ResidentDay(values.T, counted, heard, tuple(episode for episode, _ in script.episodes), script.ordinary)


def scores(traits: Traits, lived: Lived, noise: Floats) -> Floats:
    """(channels, n): what senses that miss nothing would say of what is `lived`; `noise` (channels, n)."""
    np.clip(lived.felt, -1.0, 1.0, out=lived.felt)
    seen_of_body = observables(traits.person, traits.location, traits.spread, lived, noise[: len(OBSERVABLES)])
    np.clip(seen_of_body, _LOW, _HIGH, out=seen_of_body)
    if traits.mode is not Mode.AFFECT:
        return np.concatenate([seen_of_body, np.full((len(AFFECT), seen_of_body.shape[1]), np.nan)])
    return np.concatenate([seen_of_body, affect(traits.person, lived.felt, noise[len(OBSERVABLES) :])])


def ordinary_life(traits: Traits, day: int, asleep: Floats, moving: Floats) -> Lived:
    """An uneventful day: daily rhythm, sleep, illness, moved cameras, and moods from `moving` (4, n) of unit variance,
    fast and slow for valence and for arousal."""
    person = traits.person
    rhythm = person.daily * np.cos(2 * np.pi * (_SECOND - person.peak_of_day_s) / DAY_S)
    mood = person.variability * (0.6 * moving[[0, 2]] + 0.8 * moving[[1, 3]])
    felt = np.stack([person.valence - 0.3 * rhythm, person.arousal + rhythm - 0.3 * asleep]) + mood
    now = day * DAY_S + _SECOND
    for illness in traits.ill:
        depth = np.clip(np.minimum(now - illness.start_s, illness.end_s - now) / (DAY_S / 2), 0.0, 1.0)
        felt += np.outer([-0.15, -0.2], depth)
    offset = np.zeros((len(OBSERVABLES), 1))
    for moved in traits.moved:
        offset = offset + np.outer(moved.spreads, now >= moved.from_s) if moved.from_s < now[-1] else offset
    return Lived(felt, np.zeros((len(OBSERVABLES), DAY_S)), asleep, np.zeros(DAY_S), offset)


def sleep_depth(traits: Traits) -> Floats:
    """(86400,): 0 awake, 1 asleep."""
    since = (_SECOND - traits.asleep_from_s) % DAY_S
    until = (traits.asleep_until_s - _SECOND) % DAY_S
    length = (traits.asleep_until_s - traits.asleep_from_s) % DAY_S
    depth: Floats = np.where(since < length, np.clip(np.minimum(since, until) / _DOZE_S, 0.0, 1.0), 0.0)
    return depth


def add(lived: Lived, where: slice, height: Floats, felt: tuple[float, float], channels: dict[str, float]) -> None:
    """Lay one thing that happens over what is lived, in place: `height` (len(where),)."""
    lived.felt[:, where] += np.outer(felt, height)
    for name, size in channels.items():
        lived.lifts[_ROWS[name], where] += size * height


def _happen(
    traits: Traits, parameters: Parameters, script: Script, lived: Lived, rng: np.random.Generator
) -> list[tuple[int, Cue]]:
    cues: list[tuple[int, Cue]] = []
    begin = script.day * DAY_S
    for episode, strength in script.episodes:
        from_s = int(max(episode.prodrome_s - begin, 0.0))
        where = slice(from_s, int(min(episode.end_s - begin + 2.0, DAY_S)))
        n, shift = where.stop - where.start, begin + from_s
        moved = Episode(episode.kind, *(t - shift for t in _times(episode)))
        height = envelope(moved, n)
        wobble = stitched(_WOBBLING, n, rng.standard_normal(1), rng.standard_normal(1), rng)[0]
        shape, since = shape_of(episode.kind), np.arange(n, dtype=np.float64) - moved.onset_s
        beat = shape.beat(since)
        shown = strength * height * beat * np.clip(1.0 + parameters.excitement.wobble * wobble, 0.2, 1.8)
        add(lived, where, shown * shape.turn(since), (shape.valence, shape.arousal), {})
        add(lived, where, shown, (0.0, 0.0), dict(shape.channels))
        if shape.cue is not None:
            loud = (height >= 1.0) & (beat > 0.5)
            heard = from_s + np.flatnonzero(loud & (rng.uniform(size=n) < shape.cue_probability))
            cues += _cues(shape.cue, heard, rng)
    return cues


def _also(
    ordinary: tuple[Ordinariness, ...], lived: Lived, persons: NDArray[np.int32], rng: np.random.Generator
) -> list[tuple[int, Cue]]:
    cues: list[tuple[int, Cue]] = []
    for one in ordinary:
        where = slice(int(one.start_s), min(int(one.end_s) + 1, DAY_S))
        height, habit = lift(one, _SECOND[where]), HABITS[one.kind]
        if one.kind is Ordinary.STIMMING:
            height = height * (1.0 + 0.4 * np.sin(2 * np.pi * _SECOND[where] / 7.0))
        here = height * (persons[where] > 0)
        heard_too = {name: size for name, size in habit.channels.items() if name.startswith("audio.")}
        seen_only = {name: size for name, size in habit.channels.items() if name not in heard_too}
        add(lived, where, here, (habit.valence, habit.arousal), seen_only)
        add(lived, where, height, (0.0, 0.0), heard_too)
        if habit.cue is not None:
            spoken = where.start + np.flatnonzero(rng.uniform(size=len(height)) < habit.cue_probability)
            cues += _cues(habit.cue, spoken, rng)
    return cues


def _cues(name: CueName, seconds: NDArray[np.intp], rng: np.random.Generator) -> list[tuple[int, Cue]]:
    loud = rng.uniform(0.55, 1.0, len(seconds)).tolist()
    return [(int(second), Cue(name, one, -0.5)) for second, one in zip(seconds.tolist(), loud, strict=True)]


def _persons(view: Seen, ordinary: tuple[Ordinariness, ...]) -> NDArray[np.int32]:
    """How many are where the camera looks; who is visited or cared for is there."""
    persons = view.present.astype(np.int32)
    for one in ordinary:
        if HABITS[one.kind].persons:
            persons[int(one.start_s) : int(one.end_s)] = HABITS[one.kind].persons
    return persons


def _hide(values: Floats, mode: Mode, persons: NDArray[np.int32], view: Seen) -> None:
    """Make absent what could not be sensed: away, dark or blind; sound stays, and motion while there are frames."""
    audio = np.array([name.startswith("audio.") for name in CHANNELS])
    values[np.ix_(~audio, ~view.frames)] = np.nan
    values[np.ix_(NEEDS_VIEW, persons == 0)] = np.nan
    values[np.ix_(audio, ~view.sound)] = np.nan
    if mode is Mode.AFFECT:
        values[len(OBSERVABLES) :, persons > 1] = np.nan


def _noise(traits: Traits, script: Script, rng: np.random.Generator) -> Floats:
    """(4 + channels, 86400) of unit variance: moods, then the noise of every score."""
    person = traits.person
    moods = np.exp(-1.0 / np.array([person.fast_s, person.slow_s] * 2))
    phi = np.concatenate([moods, AR1, np.full(len(AFFECT), CLASSIFIER_AR1)])
    before, after = (seam.standard_normal(len(phi)) for seam in (script.midnight_before, script.midnight_after))
    if traits.mode is Mode.AFFECT:
        return stitched(phi, DAY_S, before, after, rng)
    used = len(moods) + len(AR1)
    return stitched(phi[:used], DAY_S, before[:used], after[:used], rng)


def _times(episode: Episode) -> tuple[float, float, float, float]:
    return episode.prodrome_s, episode.onset_s, episode.peak_s, episode.end_s
