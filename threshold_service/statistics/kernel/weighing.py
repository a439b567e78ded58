"""One sample's part in the log-odds of an episode; see `episode_odds`.

`number` and `whole` are one resident's row of the block's.
"""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import episode_odds
from threshold_service.statistics.arrays import Floats, Ints, Singles
from threshold_service.statistics.episode_odds import Taught
from threshold_service.statistics.kernel.channels import higher_of, lower_of
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.packed import ABOUT, BIN, CELL, ODDS, RECENT
from threshold_service.statistics.people import Block

_BIN, _NONE, _HALFWAY = episode_odds.BIN_S, episode_odds.NONE_YET, episode_odds.HALFWAY
_GROUPS, _LEVELS, _CUE_GAIN = len(episode_odds.GROUPS), episode_odds.LEVELS, episode_odds.CUE_GAIN
_TIMES = len(episode_odds.TIMES_S)
_HELD = episode_odds.HELD_BINS
_SECONDS, _COMPANY, _LOUD = ABOUT + episode_odds.SECONDS, ABOUT + episode_odds.COMPANY, ABOUT + episode_odds.LOUD
_GAINS, _FADES = episode_odds.GAINS, episode_odds.FADES


class Bin(NamedTuple):
    """One resident's `sums` (2, p) of the bin of now, smoothed `levels` (LEVELS,), and of all residents the share in
    `company` and the smoothed `cue` (n,), of which `row` is theirs; `said` (kinds,) is room for log-odds."""

    sums: Singles
    levels: Floats
    company: Floats
    cue: Floats
    row: int
    said: Floats


@compiled
def bin_of(block: Block, row: int, said: Floats) -> Bin:
    """The part of one resident."""
    return Bin(block.bins[row], block.levels[row], block.company, block.cue, row, said)


@compiled
def begin(state: Bin, number: Floats, whole: Ints) -> None:
    """After a long silence."""
    whole[BIN], state.company[state.row], state.cue[state.row], number[ODDS] = _NONE, 0.0, 0.0, 0.0
    for i in range(_LEVELS):
        state.levels[i] = 0.0
    for place in range(_HELD):
        number[RECENT + place] = 0.0
    _empty(state, number)


@compiled
def held(number: Floats) -> float:
    """What the log-odds have stayed above in the last bins, at least 0."""
    least = number[RECENT]
    for place in range(1, _HELD):
        least = lower_of(least, number[RECENT + place])
    return float(higher_of(least, 0.0))


@compiled
def weigh(state: Bin, of: Taught, number: Floats, whole: Ints, company: bool, loud: float) -> None:
    """One second, in place, before its channels: theirs are added to the bin as they come."""
    place = whole[CELL] // _BIN
    if place != whole[BIN] and whole[BIN] != _NONE:
        _close(state, of, number, whole[BIN], float(place - whole[BIN] - 1))
    whole[BIN] = place
    number[_SECONDS] += 1.0
    number[_COMPANY] += 1.0 if company else 0.0
    number[_LOUD] += loud


@compiled
def _close(state: Bin, of: Taught, number: Floats, bin_before: int, empty: float) -> None:
    seconds, levels, sums, row = number[_SECONDS], state.levels, state.sums, state.row
    for group in range(_GROUPS):
        moved = seen = 0.0
        for k in range(of.signs.shape[1]):
            if of.signs[group, k] != 0.0:
                moved += float(sums[0, k]) * of.signs[group, k]
                seen += float(sums[1, k]) * abs(of.signs[group, k])
        mean = moved / max(seen, 1.0)
        for time in range(_TIMES):
            i = time * _GROUPS + group
            if seen > 0.0:
                levels[i] = levels[i] + _GAINS[i] * (mean - levels[i])
            else:
                levels[i] = levels[i] * _FADES[i]
    cue = state.cue[row]
    cue = cue + _CUE_GAIN * (number[_LOUD] / seconds - cue)
    state.company[row] = number[_COMPANY] / seconds
    number[ODDS] = _log_odds(of, levels, state.company[row], cue, state.said)
    for ahead in range(1, _HELD):
        if empty >= ahead:
            number[RECENT + (bin_before + ahead) % _HELD] = 0.0
    number[RECENT + bin_before % _HELD] = 0.0 if empty >= _HELD else number[ODDS]
    if empty > 0.0:
        for i in range(_LEVELS):
            levels[i] = levels[i] * np.power(_FADES[i], empty)
        cue = cue * np.power(1.0 - _CUE_GAIN, empty)
    state.cue[row] = cue
    _empty(state, number)


@compiled
def _log_odds(of: Taught, levels: Floats, company: float, cue: float, said: Floats) -> float:
    kinds, weights = of.bias.shape[0], of.weights
    for kind in range(kinds):
        said[kind] = of.bias[kind]
    for i in range(_LEVELS):
        squashed = levels[i] / (_HALFWAY + abs(levels[i]))
        above, below = higher_of(squashed, 0.0), higher_of(-squashed, 0.0)
        for kind in range(kinds):
            said[kind] += above * weights[i, kind] + below * weights[_LEVELS + i, kind]
    best = -np.inf
    for kind in range(kinds):
        rest = company * weights[2 * _LEVELS, kind] + cue * weights[2 * _LEVELS + 1, kind]
        best = higher_of(best, said[kind] + rest)
    return float(best)


@compiled
def _empty(state: Bin, number: Floats) -> None:
    for k in range(state.sums.shape[1]):
        state.sums[0, k] = state.sums[1, k] = 0.0
    number[_SECONDS] = number[_COMPANY] = number[_LOUD] = 0.0
