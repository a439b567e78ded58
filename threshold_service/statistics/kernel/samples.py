"""Judges a run of samples in order, until one comes whose resident has to be looked at first."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import volatility
from threshold_service.statistics.arrays import Floats, Singles
from threshold_service.statistics.calibration import BLOCK_S, STATISTICS, TERMS
from threshold_service.statistics.kernel import channels, persons, placing, weighing
from threshold_service.statistics.kernel.compiled import compiled, compiled_alone
from threshold_service.statistics.kernel.sums import Sums, sums
from threshold_service.statistics.packed import LEVEL, SPREAD, TAUGHT
from threshold_service.statistics.people import BLOCK, CROWDED, LOOK, NOTE, Fixed, People, Samples, Told

_PAIRS_S = volatility.WINDOW_S
_TERMS = len(TERMS)
_COMPOSITE, _CHANNEL, _SUSTAINED, _VOLATILITY, _DRIFT, _ESCALATION, _HELD = (
    STATISTICS.index(name)
    for name in ("composite", "channel", "sustained", "volatility", "drift", "escalation", "held")
)


class Here(NamedTuple):
    """One sample on its way: its place in the run, whose it is, where it falls, the halves it goes from and to, what it
    teaches (1.0 or 0.0), and the slot of `Told` that it fills."""

    i: int
    row: int
    gap: int
    crowded: bool
    anew: bool
    now: int
    then: int
    teaches: float
    slot: int


@compiled_alone
def judge(begin: int, samples: Samples, people: People, fixed: Fixed, told: Told) -> int:
    """Judge from sample `begin` on; the first sample that was not reached. Those in `told` have to be looked at before
    the next call."""
    told.waiting[0] = 0
    scratch, raw = told.scratch, told.raw
    end = samples.rows.shape[0]
    for i in range(begin, end):
        row = samples.rows[i]
        if told.waits[row]:
            end = i
            break
        which, anew, gap = placing.place(people.grid, people.counts, row, samples.times[i], fixed.restart_gap_s)
        if which <= CROWDED:
            here = _arrive(i, row, gap, which == CROWDED, anew, samples, people, told)
            if anew:
                placing.start_anew(people, row)
                weighing.begin(people.odds, row)
            elif gap > 0:
                placing.pass_over(people, fixed, row, gap)
            _look_out(
                here, _one(here, samples, people, fixed, told, scratch, raw), samples, people, fixed, told, scratch
            )
        _tell(i, row, people, told)
    for slot in range(told.waiting[0]):
        told.waits[samples.rows[told.at[slot]]] = False
    return int(end)


@compiled
def _one(here: Here, samples: Samples, people: People, fixed: Fixed, told: Told, scratch: Singles, raw: Floats) -> int:
    """Judge one sample; how many channels it showed."""
    values, present, halves = samples.values[here.i], told.present[here.slot], (here.now, here.then)
    several = samples.persons[here.i] > 1
    channels.what_counts(values, fixed.allowed[here.row], fixed.shared, several, present)
    channels.learn(people, fixed.floor, here.row, halves, values, present, here.teaches, scratch, told.knots)
    channels.look_up(people, here.row, scratch, told.knots)
    channels.accumulate(people, fixed, here.row, halves, scratch)
    people.half[here.row] = here.then
    if not here.crowded:
        cell, loud = people.grid.cell[here.row], samples.loud[here.i]
        weighing.weigh(people.odds, fixed.taught, here.row, cell, several, loud, scratch)
    summed = sums(scratch, fixed.outward, fixed.groups)
    there, pairs = int(summed.there), int(summed.pairs)
    if fixed.affect[here.row] and fixed.emotions.shape[0] > 0:
        face = persons.dominant(values, present, fixed.emotions)
    else:
        face = persons.side(summed.outward / max(float(there), 1.0))
    _statistics(here, (pairs, face), summed, samples, people, fixed, told, raw)
    _remember(here, there, values, present, people)
    return there


@compiled
def _statistics(
    here: Here, seen: tuple[int, int], summed: Sums, samples: Samples, people: People, fixed: Fixed, told: Told,
    raw: Floats,
) -> None:  # fmt: skip
    """The statistics of one sample into `told`, and into the maxima of the resident's block."""
    (pairs, face), row, halves, c = seen, here.row, (here.now, here.then), fixed.floor.shape[0]
    share, learns = float(pairs) / (c * _PAIRS_S), here.teaches * min(float(pairs), 1.0)
    shown, running = told.statistics[here.slot], people.running
    shown[_VOLATILITY] = persons.restlessness(people, row, halves, summed.moved / max(float(pairs), 1.0), share, learns)
    shown[_DRIFT] = np.sqrt(summed.slow / c)
    raw[0], raw[1], raw[2] = summed.deviation, shown[_VOLATILITY], persons.turning(people, row, halves, face)
    raw[3], raw[4], raw[5] = summed.audio, summed.motion, max(people.odds.now[row], 0.0)
    shown[_ESCALATION], shown[_HELD] = raw[5], weighing.held(people.odds, row)
    cue = persons.hear(people.person, row, samples.loud[here.i], here.gap, here.crowded, here.anew)
    shown[_COMPOSITE] = persons.compose(
        raw, people.limits.scale[row], cue, fixed.weights, told.terms[here.slot], told.contributions[here.slot]
    )
    people.sustained[row, people.grid.cell[row] % people.sustained.shape[1]] = shown[_COMPOSITE]
    shown[_SUSTAINED], shown[_CHANNEL] = persons.least(people.sustained, row), summed.farthest
    for s in range(shown.shape[0]):
        running.top[row, s] = max(running.top[row, s], shown[s])
    for t in range(_TERMS):
        running.top_terms[row, t] = max(running.top_terms[row, t], raw[t])
    people.person.score[row] = shown[_COMPOSITE] / people.limits.thresholds[row, 0]
    people.person.seen_at[row] = samples.times[here.i]


@compiled
def _remember(here: Here, there: int, values: Floats, present: Floats, people: People) -> None:
    """Fill the block, count what was not seen, and keep the raw values."""
    row, person, window = here.row, people.person, people.window
    if there > 0:
        person.unseen[row] = 0
        if not here.crowded:
            people.running.filled[row] += 1
    elif not here.crowded:
        person.unseen[row] += 1 + here.gap
    cell = people.grid.cell[row]
    place = cell % window.cells.shape[1]
    window.cells[row, place], window.taught[row, place] = cell, here.teaches > 0.0
    for k in range(values.shape[0]):
        window.values[row, place, k] = values[k] if present[k] else np.nan


@compiled
def _look_out(
    here: Here, there: int, samples: Samples, people: People, fixed: Fixed, told: Told, scratch: Singles
) -> None:
    """Put the sample among those that have to be looked at, where there is a reason."""
    row, slot = here.row, here.slot
    why = NOTE if samples.cued[here.i] else 0
    if people.running.filled[row] >= BLOCK_S:
        why |= BLOCK
    speaks = fixed.everything or people.tier[row] != 0 or fixed.held[people.person.cue_bits[row]]
    speaks = speaks or people.person.unseen[row] >= fixed.blind_after_s
    for rule in range(fixed.columns.shape[0]):
        speaks = speaks or told.statistics[slot, fixed.columns[rule]] > people.limits.thresholds[row, rule]
    why |= LOOK if speaks else 0
    if why:
        told.at[slot], told.why[slot], told.waits[row] = here.i, why, True
        for k in range(scratch.shape[1]):
            told.evidence[slot, k] = scratch[channels.EVIDENCE, k]
        told.waiting[0] = slot + 1


@compiled
def _tell(i: int, row: int, people: People, told: Told) -> None:
    """What the history keeps of one sample."""
    piece, offset = people.block.usual[people.half[row], row], people.fitted.offset[row]
    for k in range(offset.shape[0]):
        unknown = 0.0 if piece[TAUGHT, k] > 0.0 else np.nan
        told.usual[i, k] = piece[LEVEL, k] + offset[k] + unknown
        told.spread[i, k] = piece[SPREAD, k] + unknown
    told.score[i], told.tier[i] = people.person.score[row], people.tier[row]


@compiled
def _arrive(
    i: int, row: int, gap: int, crowded: bool, anew: bool, samples: Samples, people: People, told: Told
) -> Here:
    half = people.half[row]
    now = 1 - half if crowded else half
    several = samples.persons[i] > 1
    teaches = 1.0 if samples.times[i] > people.person.learns_after[row] and not several else 0.0
    return Here(i, row, gap, crowded, anew, now, 1 - now, teaches, told.waiting[0])
