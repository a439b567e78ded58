"""Posture, habits, falls and pain as a simulated room tells them, drawn beside its other scores from streams of their
own: what those of a seed were without them they stay."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.simulator.benign import Ordinary, lift
from services.simulator.episodes import Episode, Kind, Scene, envelope
from services.simulator.observe import CHANNELS, OBSERVABLES
from services.simulator.parameters import DAY_S
from services.simulator.resident_day import ResidentDay, Script, sleep_depth
from services.simulator.stitched import stitched
from services.simulator.traits import Traits
from services.vocabulary import Cue, CueName, Mode

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BODY = (
    "pose.lying", "pose.sitting", "pose.standing", "pose.fall", "pose.stillness", "pose.restlessness", "pose.rocking",
    "pose.self_contact", "pose.out_of_bed", "face.pain",
)  # fmt: skip
FALLS_SEEN = 0.835
"""Share of falls within view that are told (source: measured on stick figures at two pictures a second, `make
bench-bodies`)."""
_TAKEN_FOR_A_FALL = 0.0011
"""Of getting up, sitting down and being cared for (source: measured there)."""
_GROANS: Mapping[Kind | Scene, float] = {
    Kind.FALL: 0.06, Kind.DISTRESS_VOICE: 0.15, Kind.SLEEP_DISTURBANCE: 0.02, Scene.SELF_INJURY: 0.1,
    Scene.SENSORY_OVERLOAD: 0.05,
}  # fmt: skip
_EFFORT = {Ordinary.TRANSITION: 0.01, Ordinary.CARE: 0.004}
"""Groans a second, and of those who get up, sit down or are cared for (guess)."""
_SHOWS: Mapping[Kind | Scene | Ordinary, tuple[float, float, float]] = {
    Kind.RAPID_ESCALATION: (0.1, 0.1, 0.04), Kind.SLOW_BUILD_UP: (0.35, 0.2, 0.04), Kind.WITHDRAWAL: (0.0, 0.25, 0.0),
    Kind.FALL: (0.0, 0.1, 0.25), Kind.DISTRESS_VOICE: (0.15, 0.2, 0.15), Kind.SLEEP_DISTURBANCE: (0.05, 0.05, 0.03),
    Ordinary.MEAL: (0.0, 0.3, 0.0), Ordinary.STIMMING: (0.7, 0.1, 0.0), Ordinary.CARE: (0.0, 0.15, 0.02),
    Ordinary.COUGH: (0.0, 0.3, 0.05), Ordinary.PLAY: (0.05, 0.1, 0.0),
    Scene.DE_ESCALATION: (0.1, 0.1, 0.04), Scene.CARE_RESISTED: (0.0, 0.2, 0.1), Scene.SELF_INJURY: (0.3, 0.7, 0.3),
    Scene.MOOD_SWINGS: (0.1, 0.1, 0.02), Scene.OUTBURSTS: (0.1, 0.1, 0.0), Scene.SENSORY_OVERLOAD: (0.6, 0.6, 0.1),
    Scene.DISTRESSED_STIMMING: (0.9, 0.15, 0.03), Scene.EXIT_SEEKING: (0.0, 0.0, 0.0),
}  # fmt: skip
"""What each adds at its height to rocking, self-contact and pain (guess)."""
_AR1 = np.array([0.9, 0.95, 0.8])
_STILL_FULL_S, _RESTLESS_S, _LEAST_S, _LEAST_ROCK_S, _LEAST_CONTACT_S = 3600.0, 60, 20.0, 8.0, 5.0
"""As the habits of the edge have them."""
_ROW = {name: row for row, name in enumerate(BODY)}
_MOVING = [list(OBSERVABLES).index(name) for name in ("pose.wrist_speed", "motion.ratio")]
_SECOND = np.arange(DAY_S, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Bearing:
    """How one resident carries themselves. `stirs`: movements a second at rest; `stands`: share of the waking hours on
    their feet; `touches`: share of the time with a hand at head or trunk; `pain`: what a calm face is read as; `bed`:
    whether somebody said where their bed is. Source: guess."""

    stirs: float
    stands: float
    touches: float
    pain: float
    bed: bool


class _Shown(NamedTuple):
    """n seconds: who is `visible`, since which second, how much each of rocking, contact and pain is lifted (3, n), and
    what of a fall is told."""

    visible: Bools
    since: Floats
    lifted: Floats
    fall: Floats


def draw_bearing(rng: np.random.Generator) -> Bearing:
    """A resident, drawn at random."""
    return Bearing(
        stirs=float(rng.lognormal(np.log(0.06), 0.4)), stands=float(rng.uniform(0.05, 0.35)),
        touches=float(rng.uniform(0.05, 0.3)), pain=float(rng.uniform(0.02, 0.08)), bed=bool(rng.uniform() < 0.5),
    )  # fmt: skip


def with_body(
    lived: ResidentDay, traits: Traits, bearing: Bearing, script: Script, rng: np.random.Generator,
    midnights: tuple[np.random.Generator, np.random.Generator],
) -> ResidentDay:  # fmt: skip
    """The same day with the channels of `BODY` behind the others, and the cues of falls seen and of groans."""
    visible = np.isfinite(lived.values[:, CHANNELS.index("pose.wrist_speed")])
    lifted, fall, cues = _happened(traits, script, visible, rng)
    shown = _Shown(visible, _since(visible), lifted, fall)
    values = np.empty((len(BODY), DAY_S))
    _posture(values, traits, bearing, script, fall, rng)
    _habits(values, lived.values, traits, bearing, shown, rng, midnights)
    values[_ROW["pose.fall"]] = fall
    values[:, ~visible] = np.nan
    heard = tuple(sorted((*lived.cues, *cues), key=lambda cue: cue[0]))
    return replace(lived, values=np.concatenate([lived.values, values.T], axis=1), cues=heard)


def _happened(
    traits: Traits, script: Script, visible: Bools, rng: np.random.Generator
) -> tuple[Floats, Floats, list[tuple[int, Cue]]]:
    lifted, fall, groan = np.zeros((3, DAY_S)), np.zeros(DAY_S), np.zeros(DAY_S)
    for episode, strength in script.episodes:
        height = _height(episode, script.day)
        lifted += np.outer(_SHOWS.get(episode.kind, (0.0, 0.0, 0.0)), strength * height)
        groan += _GROANS.get(episode.kind, 0.0) * (height >= 1.0)
        if episode.kind is Kind.FALL and rng.uniform() < FALLS_SEEN:
            down_s = 2.0 * (episode.peak_s - episode.onset_s)
            fall = np.maximum(fall, _fallen(episode.onset_s - script.day * DAY_S, down_s))
    for one in script.ordinary:
        height = lift(one, _SECOND)
        lifted += np.outer(_SHOWS.get(one.kind, (0.0, 0.0, 0.0)), height)
        groan += _EFFORT.get(one.kind, 0.0) * (height > 0.0)
        if one.kind in _EFFORT and rng.uniform() < _TAKEN_FOR_A_FALL:
            fall = np.maximum(fall, _fallen(one.start_s, 6.0))
    fallen = np.flatnonzero((fall >= 0.2) & visible)
    cues = [(second, Cue(CueName.FALL, float(fall[second]))) for second in fallen.tolist()]
    groaned = np.flatnonzero(rng.uniform(size=DAY_S) < groan)
    return lifted, fall, [*cues, *(_groan(second, traits.mode, rng) for second in groaned.tolist())]


def _groan(second: int, mode: Mode, rng: np.random.Generator) -> tuple[int, Cue]:
    """Without consent nobody names it; with it, what face and sound say leaves some doubt."""
    probability, loudness, lasted = rng.uniform(0.3, 0.95), rng.normal(-30.0, 5.0), 0.48 + rng.exponential(1.0)
    doubt = float(rng.uniform(0.1, 0.8))
    measured = (float(probability), -0.5, float(min(loudness, -3.0)), float(lasted))
    if mode is Mode.AFFECT:
        return second, Cue(CueName.GROAN, *measured, doubt, 0.0)
    return second, Cue(CueName.VOCALISATION_UNRESOLVED, *measured)


def _posture(
    values: Floats, traits: Traits, bearing: Bearing, script: Script, fall: Floats, rng: np.random.Generator
) -> None:
    """Lying asleep or fallen, otherwise sitting, and standing for stretches of about a minute and a half."""
    up = np.zeros(DAY_S, bool)
    for begin in rng.integers(0, DAY_S, rng.poisson(bearing.stands * DAY_S / 90.0)).tolist():
        up[begin : begin + 1 + int(rng.exponential(90.0))] = True
    asleep, disturbed = sleep_depth(traits) > 0.5, np.zeros(DAY_S, bool)
    for episode, _ in script.episodes:
        if episode.kind is Kind.SLEEP_DISTURBANCE:
            disturbed |= _height(episode, script.day) > 0.6
        elif episode.kind is Kind.FALL:
            up &= _height(episode, script.day) < 0.1
        elif episode.kind is Scene.EXIT_SEEKING:
            up |= (leaving := _height(episode, script.day) > 0.3)
            disturbed |= leaving
    for one in script.ordinary:
        if one.kind is Ordinary.TRANSITION:
            up[int(one.start_s) : int(one.end_s)] = True
    in_bed = asleep & ~disturbed
    lying = in_bed | (fall > 0.0)
    states = np.stack([lying, ~lying & ~up, ~lying & up]).astype(np.float64)
    doubt = rng.beta(1.0, 12.0, DAY_S)
    values[:3] = states * (1.0 - doubt) + (1.0 - states) * doubt / 2.0
    values[_ROW["pose.out_of_bed"]] = np.where(in_bed, 0.0, 1.0) if bearing.bed else np.nan
    values[_ROW["pose.stillness"]] = np.where(in_bed & bearing.bed, np.nan, 0.0)


def _habits(
    values: Floats, others: Floats, traits: Traits, bearing: Bearing, shown: _Shown, rng: np.random.Generator,
    midnights: tuple[np.random.Generator, np.random.Generator],
) -> None:  # fmt: skip
    """What minutes of movement add up to, and what hands and face do."""
    moving = (others[:, _MOVING] - traits.location[_MOVING]) / traits.spread[_MOVING]
    stir = np.clip(bearing.stirs * np.exp(0.6 * np.clip(np.nan_to_num(moving).mean(axis=1), -3.0, 6.0)), 0.0, 0.95)
    moved = np.where(shown.visible, rng.binomial(2, stir) / 2.0, 0.0)
    strayed = np.where(rng.uniform(size=DAY_S) < stir / 4.0, _SECOND, -1.0)
    seen_s = _SECOND - shown.since
    still_s = _SECOND - np.maximum(np.maximum.accumulate(strayed), shown.since)
    values[_ROW["pose.stillness"]] += np.minimum(np.log1p(still_s) / np.log1p(_STILL_FULL_S), 1.0)
    sums = np.concatenate([[0.0], np.cumsum(moved)])
    first = np.maximum(_SECOND - _RESTLESS_S + 1, shown.since).astype(np.intp)
    share = (sums[1:] - sums[first]) / (_SECOND - first + 1.0)
    values[_ROW["pose.restlessness"]] = np.where(seen_s >= _LEAST_S, share, np.nan)
    before, after = (midnight.standard_normal(len(_AR1)) for midnight in midnights)
    noise = stitched(_AR1, DAY_S, before, after, rng)
    rocks, touches, hurts = shown.lifted
    told = np.clip(np.stack([
        0.12 * noise[0] - 0.25 + rocks, bearing.touches + 0.1 * noise[1] + touches,
        bearing.pain + 0.015 * noise[2] + sleep_depth(traits) / 16.0 + hurts,
    ]), 0.0, 1.0)  # fmt: skip
    values[_ROW["pose.rocking"]] = np.where(seen_s >= _LEAST_ROCK_S, told[0], np.nan)
    values[_ROW["pose.self_contact"]] = np.where(seen_s >= _LEAST_CONTACT_S, told[1], np.nan)
    values[_ROW["face.pain"]] = told[2]


def _since(visible: Bools) -> Floats:
    """When the stretch in view began to which each second belongs; of hidden seconds, themselves.

    >>> _since(np.array([True, True, False, True])).tolist()
    [0.0, 0.0, 2.0, 3.0]
    """
    second = np.arange(len(visible), dtype=np.float64)
    begins = visible & ~np.concatenate([[False], visible[:-1]])
    began: Floats = np.maximum.accumulate(np.where(begins | ~visible, second, 0.0))
    return began


def _fallen(onset_s: float, down_s: float) -> Floats:
    """Evidence of a fall at each second: some at once, all after four seconds down, none once they are up again."""
    after = _SECOND - np.ceil(onset_s) - 1.0
    told: Floats = np.where((after >= 0.0) & (after < down_s), 0.35 + 0.65 * np.clip(after / 4.0, 0.0, 1.0), 0.0)
    return told


def _height(episode: Episode, day: int) -> Floats:
    """Of an episode in seconds of the stay, at each second of the day."""
    times = (episode.prodrome_s, episode.onset_s, episode.peak_s, episode.end_s)
    return envelope(Episode(episode.kind, *(t - day * DAY_S for t in times)), DAY_S)
