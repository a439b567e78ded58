"""One sample's part in the log-odds of an episode; see `episode_odds`."""

import numpy as np

from threshold_service.statistics import episode_odds
from threshold_service.statistics.arrays import Floats, Singles
from threshold_service.statistics.episode_odds import EpisodeOdds, Taught
from threshold_service.statistics.kernel.channels import THERE, Z, within
from threshold_service.statistics.kernel.compiled import compiled

_BIN, _NONE, _FARTHEST, _HALFWAY = (
    episode_odds.BIN_S, episode_odds.NONE_YET, episode_odds.FARTHEST, episode_odds.HALFWAY
)  # fmt: skip
_GROUPS, _LEVELS, _CUE_GAIN = len(episode_odds.GROUPS), episode_odds.LEVELS, episode_odds.CUE_GAIN
_TIMES = len(episode_odds.TIMES_S)
_HELD = episode_odds.HELD_BINS
_SECONDS, _COMPANY, _LOUD = episode_odds.SECONDS, episode_odds.COMPANY, episode_odds.LOUD
_GAINS, _FADES = episode_odds.GAINS, episode_odds.FADES


@compiled
def begin(state: EpisodeOdds, row: int) -> None:
    """After a long silence."""
    state.bin[row], state.company[row], state.cue[row], state.now[row] = _NONE, 0.0, 0.0, 0.0
    for i in range(_LEVELS):
        state.levels[row, i] = 0.0
    for place in range(_HELD):
        state.recent[row, place] = 0.0
    _empty(state, row)


@compiled
def held(state: EpisodeOdds, row: int) -> float:
    """What the log-odds have stayed above in the last bins, at least 0."""
    least = state.recent[row, 0]
    for place in range(1, _HELD):
        least = min(least, state.recent[row, place])
    return float(max(least, 0.0))


@compiled
def weigh(
    state: EpisodeOdds, of: Taught, row: int, cell: int, company: bool, loud: float, scratch: Singles
) -> float:  # fmt: skip
    """One second, in place; the log-odds now."""
    place = cell // _BIN
    if place != state.bin[row] and state.bin[row] != _NONE:
        _close(state, of, row, float(place - state.bin[row] - 1))
    state.bin[row] = place
    for k in range(scratch.shape[1]):
        state.sums[row, 0, k] += within(scratch[Z, k], _FARTHEST)
        state.sums[row, 1, k] += scratch[THERE, k]
    state.about[row, _SECONDS] += 1.0
    state.about[row, _COMPANY] += 1.0 if company else 0.0
    state.about[row, _LOUD] += loud
    return float(state.now[row])


@compiled
def _close(state: EpisodeOdds, of: Taught, row: int, empty: float) -> None:
    seconds = state.about[row, _SECONDS]
    levels = state.levels[row]
    for group in range(_GROUPS):
        moved = seen = 0.0
        for k in range(of.signs.shape[1]):
            moved += state.sums[row, 0, k] * of.signs[group, k]
            seen += state.sums[row, 1, k] * abs(of.signs[group, k])
        for time in range(_TIMES):
            i = time * _GROUPS + group
            if seen > 0.0:
                levels[i] = levels[i] + _GAINS[i] * (moved / max(seen, 1.0) - levels[i])
            else:
                levels[i] = levels[i] * _FADES[i]
    cue = state.cue[row]
    cue = cue + _CUE_GAIN * (state.about[row, _LOUD] / seconds - cue)
    state.company[row] = state.about[row, _COMPANY] / seconds
    state.now[row] = _log_odds(of, levels, state.company[row], cue)
    for ahead in range(1, _HELD):
        if empty >= ahead:
            state.recent[row, (state.bin[row] + ahead) % _HELD] = 0.0
    state.recent[row, state.bin[row] % _HELD] = 0.0 if empty >= _HELD else state.now[row]
    for i in range(_LEVELS):
        levels[i] = levels[i] * np.power(_FADES[i], empty)
    state.cue[row] = cue * np.power(1.0 - _CUE_GAIN, empty)
    _empty(state, row)


@compiled
def _log_odds(of: Taught, levels: Floats, company: float, cue: float) -> float:
    best = -np.inf
    for kind in range(of.bias.shape[0]):
        total = of.bias[kind]
        for i in range(_LEVELS):
            squashed = levels[i] / (_HALFWAY + abs(levels[i]))
            total += max(squashed, 0.0) * of.weights[kind, i] + max(-squashed, 0.0) * of.weights[kind, _LEVELS + i]
        total += company * of.weights[kind, 2 * _LEVELS] + cue * of.weights[kind, 2 * _LEVELS + 1]
        best = max(best, total)
    return float(best)


@compiled
def _empty(state: EpisodeOdds, row: int) -> None:
    for k in range(state.sums.shape[2]):
        state.sums[row, 0, k] = state.sums[row, 1, k] = 0.0
    for i in range(state.about.shape[1]):
        state.about[row, i] = 0.0
