"""One sample's person: volatility, transitions, what was sustained, cues, and the composite of it all."""

from threshold_service.statistics import composite, transitions, volatility
from threshold_service.statistics.arrays import Bools, Floats, Ints
from threshold_service.statistics.calibration import TERMS
from threshold_service.statistics.kernel.compiled import compiled
from threshold_service.statistics.people import People, Person

_USUAL = volatility.USUAL_S
_RATE, _BAND, _NOBODY = transitions.WINDOW_S, transitions.DEAD_BAND, transitions.NOBODY
_CUE_WEIGHT, _CUE_FADE = composite.CUE_WEIGHT, composite.CUE_FADE
_AUDIO = TERMS.index("audio")


@compiled
def restlessness(people: People, row: int, halves: tuple[int, int], moved: float, share: float, learns: float) -> float:
    """The volatility index after this second: `moved` on average over the pairs, which are a `share` of all channels;
    `learns` is 1.0 where the usual index may learn."""
    now, then = halves
    state = people.level.volatility
    index = state.now[now, row]
    index = index + (moved - index) * share
    taught = state.taught[now, row] + learns
    usual = state.usual[now, row]
    state.now[then, row] = index
    state.usual[then, row] = usual + learns / min(max(taught, 1.0), _USUAL) * (index - usual)
    state.taught[then, row] = taught
    return float(index)


@compiled
def dominant(values: Floats, present: Bools, emotions: Ints) -> int:
    """The largest emotion, the first of equals; nobody where none is there."""
    best, largest = _NOBODY, 0.0
    for kind in range(emotions.shape[0]):
        k = emotions[kind]
        if present[k] and values[k] >= 0.0 and (best == _NOBODY or values[k] > largest):
            best, largest = kind, values[k]
    return best


@compiled
def side(mean: float) -> int:
    """On which side of the usual a person is; nobody within the dead band."""
    if abs(mean) < _BAND:
        return _NOBODY
    return 1 if mean > 0.0 else 0


@compiled
def turning(people: People, row: int, halves: tuple[int, int], face: int) -> float:
    """Changes of the face of things per minute after this second."""
    now, then = halves
    state = people.level.transitions
    last, rate = state.last[now, row], state.rate[now, row]
    if face >= 0:
        changed = 60.0 if face != last and last >= 0 else 0.0
        rate = rate + (changed - rate) * (1.0 / _RATE)
        last = face
    state.last[then, row], state.rate[then, row] = last, rate
    return float(rate)


@compiled
def hear(person: Person, row: int, loud: float, gap: int, crowded: bool, anew: bool) -> float:
    """Remember in the last three samples' bits whether an alarm cue came; how loudly the last one still counts."""
    alarm, bits = 1 if loud > 0.0 else 0, person.cue_bits[row]
    if anew:
        bits = alarm
    elif crowded:
        bits = bits | alarm
    else:
        bits = ((bits << (1 + min(gap, 2))) | alarm) & 7
    person.cue_bits[row] = bits
    person.cue[row] = max(loud, person.cue[row] * _CUE_FADE)
    return float(person.cue[row])


@compiled
def compose(raw: Floats, scale: Floats, cue: float, weights: Floats, terms: Floats, contributions: Floats) -> float:
    """The composite of `raw` terms, each beside its usual peak; fills `terms` and `contributions`."""
    score = 0.0
    for t in range(raw.shape[0]):
        terms[t] = raw[t] / scale[t]
        if t == _AUDIO:
            terms[t] += _CUE_WEIGHT * cue
        contributions[t] = terms[t] * weights[t]
        score += contributions[t]
    return score


@compiled
def least(ring: Floats, row: int) -> float:
    """The smallest value of the last seconds."""
    low, other, last = ring[row, 0], ring[row, 1], ring.shape[1] - 1
    for place in range(2, last, 2):  # two chains of comparisons that do not wait for one another
        low, other = min(low, ring[row, place]), min(other, ring[row, place + 1])
    return float(min(min(low, other), ring[row, last]))
