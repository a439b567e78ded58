"""How much the last minutes look like an episode rather than like ordinary life: learned log-odds over a person's own
distances from their usual."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints, Singles, clipped, index

GROUPS = {
    "motion": ("motion.ratio", "motion.erratic"),
    "limbs": ("pose.wrist_speed", "pose.speed"),
    "posture": ("pose.torso_angle", "pose.hip_height"),
    "loudness": ("audio.loudness",),
    "voice": ("audio.vocal_energy",),
    "brow": ("face.browDown",),
    "mouth": ("face.jawOpen", "face.mouthSmile"),
    "pleasure": ("affect.valence", "emotion.happiness"),
    "distress": ("emotion.fear", "emotion.anger", "emotion.sadness", "emotion.disgust"),
    "arousal": ("affect.arousal",),
    "pain": ("face.pain",),
    "habits": ("pose.rocking", "pose.self_contact"),
}
"""Channels whose distances are averaged, so that a room without some of them is judged by the others."""
TURNED = ("pose.hip_height",)
"""Channels of a group that count the other way round: a fall lowers the hips and tilts the torso."""
BIN_S = 5
"""Seconds that are averaged before anything is smoothed or weighed."""
TIMES_S = (8.0, 60.0, 600.0)
"""Time constants of smoothing: a cry, an escalation, a slow build-up (source: guess)."""
CUE_S = 30.0
FORGOTTEN_S = 50.0
"""Shortest time constant with which a group that is absent returns to the usual."""
FARTHEST = 12.0
"""A second counts at most so many spreads: ordinary liveliness and an escalation still differ there, where a robust
3.5 would call them equal (source: measured on simulated facilities, seed 4, where the recall of a
plain level rose from 0.47 to 0.65)."""
HALFWAY = 4.0
"""A level of so many spreads counts half of what the largest could (source: measured; 8 and a logarithm do as well)."""

_GAINS = 1.0 - np.exp(-BIN_S / np.array(TIMES_S))
_FADES = np.exp(-BIN_S / np.maximum(FORGOTTEN_S, np.array(TIMES_S)))
CUE_GAIN = float(1.0 - np.exp(-BIN_S / CUE_S))
LEVELS = len(TIMES_S) * len(GROUPS)
GAINS = np.repeat(_GAINS, len(GROUPS))
FADES = np.repeat(_FADES, len(GROUPS))
"""Of each level (LEVELS,), groups within times."""
INPUTS = 2 * LEVELS + 2
"""Each level above and below the usual, company, and an alarm cue."""
NONE_YET = -1
HELD_BINS = 4
"""Bins, twenty seconds, that log-odds must stay high to be sustained."""
SECONDS, COMPANY, LOUD, ABOUTS = range(4)


class Taught(NamedTuple):
    """What was learned beforehand: `signs` (groups, c) are 1.0 or -1.0 where a channel belongs to a group; `weights`
    (kinds, INPUTS) and `bias` (kinds,) make log-odds of each kind of episode against ordinary life, shifted so that
    ordinary life lies above 0 in all but a hundredth of its seconds."""

    signs: Floats
    weights: Floats
    bias: Floats


class EpisodeOdds(NamedTuple):
    """Of n residents: `sums` (n, 2, c) of distances and of seconds present in the bin of now, `about` (n, ABOUTS) its
    seconds, those in company and how loud cues were, the `bin` (n,); smoothed `levels` (n, LEVELS), the share of the
    last full bin in `company` (n,), the smoothed `cue` (n,), the log-odds `now` (n,) of them, and those of
    the `recent` (n, HELD_BINS) bins, in any order."""

    sums: Singles
    about: Floats
    bin: Ints
    levels: Floats
    company: Floats
    cue: Floats
    now: Floats
    recent: Floats


def fresh(residents: int, channels: int) -> EpisodeOdds:
    """Nothing seen."""
    return EpisodeOdds(
        np.zeros((residents, 2, channels), np.float32), np.zeros((residents, ABOUTS)),
        np.full(residents, NONE_YET, np.int64), np.zeros((residents, LEVELS)), np.zeros(residents),
        np.zeros(residents), np.zeros(residents), np.zeros((residents, HELD_BINS)),
    )  # fmt: skip


def signs(channels: Sequence[str]) -> Floats:
    """Which channel belongs to which group, and which way round, (groups, c).

    >>> signs(("pose.torso_angle", "pose.hip_height", "weight"))[2].tolist()
    [1.0, -1.0, 0.0]
    """
    made = np.zeros((len(GROUPS), len(channels)))
    for group, names in enumerate(GROUPS.values()):
        for column, name in enumerate(channels):
            if name in names:
                made[group, column] = -1.0 if name in TURNED else 1.0
    return made


def taught(channels: Sequence[str], made: Mapping[str, object]) -> Taught:
    """What was learned, for the `channels` of one schema.

    Raises:
        ValueError: weights of another shape than the inputs there are.
    """
    weights, bias = np.array(made["weights"], np.float64), np.array(made["bias"], np.float64)
    if weights.ndim != 2 or weights.shape[1] != INPUTS or bias.shape != weights.shape[:1]:
        raise ValueError(f"learned weights have shape {weights.shape} and {bias.shape}: expected (kinds, {INPUTS})")
    return Taught(signs(channels), weights, bias)


def untaught(channels: int) -> Taught:
    """Nothing was learned: log-odds of 0 for ever."""
    return Taught(np.zeros((len(GROUPS), channels)), np.zeros((1, INPUTS)), np.zeros(1))


def begin(state: EpisodeOdds, rows: Ints) -> None:
    """After a long silence `rows` (k,) begin anew, in place."""
    state.sums[rows], state.about[rows], state.bin[rows] = 0.0, 0.0, NONE_YET
    state.levels[rows], state.company[rows], state.cue[rows], state.now[rows] = 0.0, 0.0, 0.0, 0.0
    state.recent[rows] = 0.0


def step(
    state: EpisodeOdds, of: Taught, rows: Ints, cells: Ints, z: Singles, present: Bools, company: Bools, loud: Floats,
) -> Floats:  # fmt: skip
    """One second of different residents `rows` (k,), in place; the log-odds now, (k,).

    `cells` (k,) are seconds of each resident's grid, `z` (k, c) distances from the usual in spreads, 0 where
    not `present`, `company` (k,)
    whether several were in view, `loud` (k,) the probability of the loudest alarm cue. A bin is weighed when the first
    second after it comes.
    """
    place = cells // BIN_S
    ended = np.flatnonzero((place != state.bin[rows]) & (state.bin[rows] != NONE_YET))
    if len(ended):
        close(state, of, rows[ended], place[ended] - state.bin[rows[ended]] - 1)
    where = index(rows, len(state.bin))
    state.bin[where] = place
    state.sums[where, 0] += clipped(z, FARTHEST)
    state.sums[where, 1] += present
    state.about[where, SECONDS] += 1.0
    state.about[where, COMPANY] += company
    state.about[where, LOUD] += loud
    now: Floats = state.now[rows]
    return now


def close(state: EpisodeOdds, of: Taught, rows: Ints, empty: Ints) -> None:
    """Weigh the bin of `rows` (k,), after which so many were `empty` (k,), in place, and begin the next."""
    sums, about = state.sums[rows], state.about[rows]
    moved, seen = np.zeros((len(GROUPS), len(rows))).T, np.zeros((len(GROUPS), len(rows))).T
    for group, column in np.argwhere(of.signs).tolist():
        moved[:, group] += sums[:, 0, column] * of.signs[group, column]
        seen[:, group] += sums[:, 1, column] * abs(of.signs[group, column])
    mean = np.tile(moved / np.maximum(seen, 1.0), len(TIMES_S))
    there = np.tile(seen > 0.0, len(TIMES_S))
    levels = state.levels[rows]
    levels = np.where(there, levels + GAINS * (mean - levels), levels * FADES)
    cue = state.cue[rows] + CUE_GAIN * (about[:, LOUD] / about[:, SECONDS] - state.cue[rows])
    state.company[rows] = company = about[:, COMPANY] / about[:, SECONDS]
    state.now[rows] = log_odds(of, levels, company, cue)
    for bin_ahead in range(1, HELD_BINS):
        gone = rows[empty >= bin_ahead]
        state.recent[gone, (state.bin[gone] + bin_ahead) % HELD_BINS] = 0.0
    state.recent[rows, state.bin[rows] % HELD_BINS] = np.where(empty >= HELD_BINS, 0.0, state.now[rows])
    passed = empty.astype(np.float64)
    state.levels[rows] = levels * np.power(FADES, passed[:, None])
    state.cue[rows] = cue * np.power(1.0 - CUE_GAIN, passed)
    state.sums[rows], state.about[rows] = 0.0, 0.0


def log_odds(of: Taught, levels: Floats, company: Floats, cue: Floats) -> Floats:
    """Log-odds of the likeliest kind of episode against ordinary life, (k,), from `levels` (k, LEVELS), the share of
    the bin in `company` (k,) and the smoothed `cue` (k,)."""
    kinds = said(of, levels, company, cue)
    best: Floats = kinds.max(axis=1)
    return best


def said(of: Taught, levels: Floats, company: Floats, cue: Floats) -> Floats:
    """The same of every kind, (k, kinds): a sum in a fixed order."""
    made, weights = inputs(levels, company, cue).T.copy(), of.weights.T[:, :, None]
    total = np.repeat(of.bias[:, None], len(levels), axis=1)
    for i in range(LEVELS):
        total += made[i] * weights[i] + made[LEVELS + i] * weights[LEVELS + i]
    total += made[-2] * weights[-2] + made[-1] * weights[-1]
    return total.T


def inputs(levels: Floats, company: Floats, cue: Floats) -> Floats:
    """What is weighed, (k, INPUTS): each level above and below the usual, squashed to 0..1.

    >>> inputs(np.full((1, LEVELS), 4.0), np.zeros(1), np.ones(1))[0, [0, LEVELS, -1]].tolist()
    [0.5, 0.0, 1.0]
    """
    squashed = levels / (HALFWAY + np.abs(levels))
    above, below = np.maximum(squashed, 0.0), np.maximum(-squashed, 0.0)
    return np.concatenate([above, below, company[:, None], cue[:, None]], axis=1)
