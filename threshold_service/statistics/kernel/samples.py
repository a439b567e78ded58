"""Judges a run of samples in order, until one comes whose resident has to be looked at first."""

from typing import Any, NamedTuple

import numpy as np

from threshold_service.statistics import level_path, volatility
from threshold_service.statistics.arrays import LINE, Bools, Floats, Ints, Singles
from threshold_service.statistics.calibration import BLOCK_S, STATISTICS, TERMS
from threshold_service.statistics.episode_odds import Taught
from threshold_service.statistics.fused import KNOTS
from threshold_service.statistics.kernel import channels, persons, placing, weighing
from threshold_service.statistics.kernel.channels import Given, Half, Kept, Scratch
from threshold_service.statistics.kernel.compiled import compiled, compiled_alone
from threshold_service.statistics.kernel.lanes import fetch
from threshold_service.statistics.kernel.sums import Sums, sums
from threshold_service.statistics.packed import (
    CELL,
    CUE_BITS,
    FILLED,
    HALF,
    LEARNS_AFTER,
    LEVEL,
    ODDS,
    OFFSET,
    SCORE,
    SEEN_AT,
    SPREAD,
    SUSTAINED,
    TAUGHT,
    THRESHOLDS,
    TOP,
    TOP_TERMS,
    UNSEEN,
)
from threshold_service.statistics.people import BLOCK, CROWDED, LOOK, NOTE, Block, Samples, Told

_PAIRS_S = volatility.WINDOW_S
_DOUBLES, _SINGLES = LINE // 8, LINE // 4
_TERMS, _STATISTICS = len(TERMS), len(STATISTICS)
_COMPOSITE, _CHANNEL, _SUSTAINED, _VOLATILITY, _DRIFT, _ESCALATION, _HELD = (
    STATISTICS.index(name)
    for name in ("composite", "channel", "sustained", "volatility", "drift", "escalation", "held")
)


class Constants(NamedTuple):
    """`people.Fixed` for the kernel: meanings `of` p channels (MEANINGS, p), which are `allowed` (2, n, p) alone and
    while several are in view, and the rest as it is there, but for the weights of what was `taught`,
    which are (INPUTS, kinds)."""

    of: Singles
    allowed: Bools
    emotions: Ints
    affect: Bools
    weights: Floats
    columns: Ints
    held: Bools
    fades: Floats
    taught: Taught
    restart_gap_s: float
    blind_after_s: float
    everything: bool


class Here(NamedTuple):
    """One sample on its way: its place in the run, whose it is and their numbers, where it falls, the halves it goes
    from and to, what it teaches (1.0 or 0.0), and the slot of `Told` that it fills."""

    i: int
    row: int
    number: Floats
    whole: Ints
    gap: int
    crowded: bool
    anew: bool
    now: int
    then: int
    teaches: float
    slot: int


@compiled_alone
def judge(begin: int, samples: Samples, block: Block, fixed: Constants, told: Told) -> int:
    """Judge from sample `begin` on; the first sample that was not reached. Those in `told` have to be looked at before
    the next call."""
    told.waiting[0] = 0
    room = Scratch(told.scratch, told.entries)
    end = samples.rows.shape[0]
    for i in range(begin, end):
        row = np.uint64(samples.rows[i])  # never negative: without a sign nobody counts from the end
        if told.waits[row]:
            end = i
            break
        if i + 1 < end:
            _expect(block, np.uint64(samples.rows[i + 1]))
        number, whole = block.number[row], block.whole[row]
        which, anew, gap = placing.place(number, whole, samples.times[i], fixed.restart_gap_s)
        if which <= CROWDED:
            here = _arrive(i, row, (number, whole), gap, which == CROWDED, anew, samples, told)
            _pass_over(here, block, fixed, told)
            _look_out(here, _one(here, samples, block, fixed, told, room), samples, block, fixed, told)
        else:
            _tell(i, row, block, told)
        told.score[i], told.tier[i] = number[SCORE], block.tier[row]
    for slot in range(told.waiting[0]):
        told.waits[samples.rows[told.at[slot]]] = False
    return int(end)


@compiled
def _expect(block: Block, row: Any) -> None:
    """Bring near what the next sample needs: where in a table of scores, one to a line, is known too late, and the
    processor foresees longer rows by itself (source: measured, the step takes a tenth less)."""
    scores, number, fit, bins = block.scores[row], block.number[row], block.fit[row], block.bins[row]
    for k in range(scores.shape[0]):
        fetch(scores, k * KNOTS)
    for k in range(0, number.shape[0], _DOUBLES):
        fetch(number, k)
    for k in range(0, fit.size, _SINGLES):
        fetch(fit, k)
    for k in range(0, bins.size, _SINGLES):
        fetch(bins, k)


@compiled
def _arrive(
    i: int, row: Any, numbers: tuple[Floats, Ints], gap: int, crowded: bool, anew: bool, samples: Samples, told: Told
) -> Here:
    number, whole = numbers
    half = whole[HALF]
    now = 1 - half if crowded else half
    teaches = 1.0 if samples.times[i] > number[LEARNS_AFTER] and samples.persons[i] <= 1 else 0.0
    return Here(i, row, number, whole, gap, crowded, anew, now, 1 - now, teaches, told.waiting[0])


@compiled
def _pass_over(here: Here, block: Block, fixed: Constants, told: Told) -> None:
    """What the seconds before this one do."""
    change = block.change[here.now, here.row]
    if here.anew:
        placing.start_anew(here.number, here.whole, change, block.cells[here.row])
        bin_now = weighing.bin_of(block, here.row, told.said)
        weighing.begin(bin_now, here.number, here.whole)
    elif here.gap > 0:
        placing.pass_over(here.number, change, fixed.fades, here.gap)


@compiled
def _one(here: Here, samples: Samples, block: Block, fixed: Constants, told: Told, room: Scratch) -> Any:
    """Judge one sample; the raw values that it showed, (p,)."""
    row, slot, several = here.row, here.slot, samples.persons[here.i] > 1
    if not here.crowded:
        bin_now = weighing.bin_of(block, row, told.said)
        weighing.weigh(bin_now, fixed.taught, here.number, here.whole, several, samples.loud[here.i])
    place = here.whole[CELL] % block.window.shape[1]
    window = block.window[row, place]
    counted, scores = 0.0 if here.crowded else 1.0, block.scores[row]
    given = Given(samples.values[here.i], fixed.allowed[1 if several else 0, row], here.teaches, counted)
    was = Half(block.usual[here.now, row], block.change[here.now, row])
    will = Half(block.usual[here.then, row], block.change[here.then, row])
    kept = Kept(window, told.usual[here.i], told.spread[here.i], block.bins[row], told.evidence[slot])
    channels.follow(given, fixed.of, block.fit[row], scores, was, will, kept, room)
    here.whole[HALF] = here.then
    summed = sums(room.lanes)
    if fixed.affect[row] and fixed.emotions.shape[0] > 0:
        face = persons.dominant(window, fixed.emotions)
    else:
        face = persons.side(summed.side / channels.higher_of(summed.there, 1.0))
    _statistics(here, face, summed, scores.shape[0], samples, fixed, told)
    _remember(here, summed.there, place, block)
    return window


@compiled
def _statistics(here: Here, face: int, summed: Sums, c: int, samples: Samples, fixed: Constants, told: Told) -> None:
    """The statistics of one sample into `told`, and into the maxima of the resident's block."""
    number, halves, pairs = here.number, (here.now, here.then), summed.pairs
    share, learns = pairs / (c * _PAIRS_S), here.teaches * channels.lower_of(pairs, 1.0)
    shown, raw = told.statistics[here.slot], told.raw
    moved = summed.moved / channels.higher_of(pairs, 1.0)
    shown[_VOLATILITY] = persons.restlessness(number, halves, moved, share, learns)
    shown[_DRIFT] = np.sqrt(summed.drifted / c)
    raw[0], raw[1] = summed.deviation, shown[_VOLATILITY]
    raw[2] = persons.turning(number, here.whole, halves, face)
    raw[3], raw[4], raw[5] = summed.audio, summed.motion, channels.higher_of(number[ODDS], 0.0)
    shown[_ESCALATION], shown[_HELD] = raw[5], weighing.held(number)
    cue = persons.hear(number, here.whole, samples.loud[here.i], here.gap, here.crowded, here.anew)
    shown[_COMPOSITE] = persons.compose(
        number, raw, cue, fixed.weights, told.terms[here.slot], told.contributions[here.slot]
    )
    number[SUSTAINED + here.whole[CELL] % level_path.SUSTAINED_CELLS] = shown[_COMPOSITE]
    shown[_SUSTAINED], shown[_CHANNEL] = persons.least(number), summed.farthest
    for s in range(_STATISTICS):
        number[TOP + s] = channels.higher_of(number[TOP + s], shown[s])
    for t in range(_TERMS):
        number[TOP_TERMS + t] = channels.higher_of(number[TOP_TERMS + t], raw[t])
    number[SCORE] = shown[_COMPOSITE] / number[THRESHOLDS]
    number[SEEN_AT] = samples.times[here.i]


@compiled
def _remember(here: Here, there: float, place: int, block: Block) -> None:
    """Fill the block, count what was not seen, and say of which second the raw values are."""
    whole = here.whole
    if there > 0.0:
        whole[UNSEEN] = 0
        if not here.crowded:
            whole[FILLED] += 1
    elif not here.crowded:
        whole[UNSEEN] += 1 + here.gap
    block.cells[here.row, place], block.taught[here.row, place] = whole[CELL], here.teaches > 0.0


@compiled
def _look_out(here: Here, shown: Singles, samples: Samples, block: Block, fixed: Constants, told: Told) -> None:
    """Put the sample, whose raw values are `shown`, among those that have to be looked at, where there is a reason."""
    slot, number, whole = here.slot, here.number, here.whole
    why = NOTE if samples.cued[here.i] else 0
    if whole[FILLED] >= BLOCK_S:
        why |= BLOCK
    speaks = fixed.everything or block.tier[here.row] != 0 or fixed.held[whole[CUE_BITS]]
    speaks = speaks or whole[UNSEEN] >= fixed.blind_after_s
    for rule in range(fixed.columns.shape[0]):
        speaks |= told.statistics[slot, fixed.columns[rule]] > number[THRESHOLDS + rule]
    why |= LOOK if speaks else 0
    if why:
        told.at[slot], told.why[slot], told.waits[here.row] = here.i, why, True
        for k in range(shown.shape[0]):
            told.present[slot, k] = shown[k] == shown[k]
        told.waiting[0] = slot + 1


@compiled
def _tell(i: int, row: Any, block: Block, told: Told) -> None:
    """What the history keeps of a sample that is not judged: how things stand."""
    half = block.whole[row, HALF]
    usual, change, fit = block.usual[half, row], block.change[half, row], block.fit[row]
    for k in range(usual.shape[1]):
        known = usual[TAUGHT, k] > 0.0
        told.usual[i, k] = usual[LEVEL, k] + fit[OFFSET, k] if known else np.nan
        told.spread[i, k] = change[SPREAD, k] if known else np.nan
