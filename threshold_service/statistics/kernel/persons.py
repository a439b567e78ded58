"""One sample's person: volatility, transitions, what was sustained, cues, and the composite of it all.

`number` and `whole` are one resident's row of the block's.
"""

import numpy as np

from threshold_service.statistics import composite, transitions, volatility
from threshold_service.statistics.arrays import Floats, Ints, Singles
from threshold_service.statistics.calibration import TERMS
from threshold_service.statistics.kernel.channels import higher_of, lower_of
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.level_path import SUSTAINED_CELLS
from threshold_service.statistics.packed import CUE, CUE_BITS, INDEX, LAST, RATE, SCALE, SUSTAINED

_USUAL = volatility.USUAL_S
_RATE, _BAND, _NOBODY = transitions.WINDOW_S, transitions.DEAD_BAND, transitions.NOBODY
_CUE_WEIGHT, _CUE_FADE = composite.CUE_WEIGHT, composite.CUE_FADE
_AUDIO = TERMS.index("audio")
_CHAINS = 4


@compiled
def restlessness(number: Floats, halves: tuple[int, int], moved: float, share: float, learns: float) -> float:
    """The volatility index after this second: `moved` on average over the pairs, which are a `share` of all channels;
    `learns` is 1.0 where the usual index may learn."""
    now, then = INDEX + 3 * halves[0], INDEX + 3 * halves[1]
    index = number[now] + (moved - number[now]) * share
    taught, usual = number[now + 2] + learns, number[now + 1]
    number[then] = index
    number[then + 1] = usual + learns / lower_of(higher_of(taught, 1.0), _USUAL) * (index - usual)
    number[then + 2] = taught
    return float(index)


@compiled
def dominant(values: Singles, emotions: Ints) -> int:
    """The largest emotion, the first of equals; nobody where none is there. `values` (c,) are NaN where absent."""
    best, largest = _NOBODY, np.float32(0.0)
    for kind in range(emotions.shape[0]):
        value = values[emotions[kind]]
        if value >= 0.0 and (best == _NOBODY or value > largest):
            best, largest = kind, value
    return best


@compiled
def side(mean: float) -> int:
    """On which side of the usual a person is; nobody within the dead band."""
    if abs(mean) < _BAND:
        return _NOBODY
    return 1 if mean > 0.0 else 0


@compiled
def turning(number: Floats, whole: Ints, halves: tuple[int, int], face: int) -> float:
    """Changes of the face of things per minute after this second."""
    now, then = halves
    last, rate = whole[LAST + now], number[RATE + now]
    if face >= 0:
        changed = 60.0 if face != last and last >= 0 else 0.0
        rate = rate + (changed - rate) * (1.0 / _RATE)
        last = face
    whole[LAST + then], number[RATE + then] = last, rate
    return float(rate)


@compiled
def hear(number: Floats, whole: Ints, loud: float, gap: int, crowded: bool, anew: bool) -> float:
    """Remember in the last three samples' bits whether an alarm cue came; how loudly the last one still counts."""
    alarm, bits = 1 if loud > 0.0 else 0, whole[CUE_BITS]
    if anew:
        bits = alarm
    elif crowded:
        bits = bits | alarm
    else:
        bits = ((bits << (1 + min(gap, 2))) | alarm) & 7
    whole[CUE_BITS] = bits
    number[CUE] = higher_of(loud, number[CUE] * _CUE_FADE)
    return float(number[CUE])


@compiled
def compose(number: Floats, raw: Floats, cue: float, weights: Floats, terms: Floats, contributions: Floats) -> float:
    """The composite of `raw` terms, each beside its usual peak; fills `terms` and `contributions`."""
    score = 0.0
    for t in range(len(TERMS)):
        term = raw[t] / number[SCALE + t]
        if t == _AUDIO:
            term += _CUE_WEIGHT * cue
        terms[t], contributions[t] = term, term * weights[t]
        score += term * weights[t]
    return score


@compiled
def least(number: Floats) -> float:
    """The smallest composite of the last seconds: chains of comparisons that do not wait for one another."""
    a, b, c, d = number[SUSTAINED], number[SUSTAINED + 1], number[SUSTAINED + 2], number[SUSTAINED + 3]
    for place in range(SUSTAINED + _CHAINS, SUSTAINED + SUSTAINED_CELLS, _CHAINS):
        a, b = lower_of(a, number[place]), lower_of(b, number[place + 1])
        c, d = lower_of(c, number[place + 2]), lower_of(d, number[place + 3])
    return float(lower_of(lower_of(a, b), lower_of(c, d)))
