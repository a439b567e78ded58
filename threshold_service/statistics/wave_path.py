"""Judges a run of samples with NumPy alone: a wave of different residents at a time, the same numbers as the kernel."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from threshold_service.statistics import calibration, composite, episode_odds, grid, level_path, rolling
from threshold_service.statistics.arrays import (
    Bools,
    Floats,
    Ints,
    Reals,
    Singles,
    everything,
    flat,
    index,
    only,
    places,
    take,
)
from threshold_service.statistics.level_path import Second
from threshold_service.statistics.people import BLOCK, FADES, LONG_AGO, LOOK, NOTE, Fixed, People, Samples, Told

AUDIO = calibration.TERMS.index("audio")


class Part(NamedTuple):
    """The judged samples of a wave: their places in the run, whose they are, also as an index `of` all residents, where
    they fall, and the halves that they go from; each (k,)."""

    at: Ints
    rows: Ints
    of: Ints | slice
    placed: grid.Placed
    now: Ints


def turns(samples: Samples, people: People, fixed: Fixed, told: Told) -> Iterator[None]:
    """Judge all samples; after each step those in `told` have to be looked at."""
    for wave in waves(samples.rows):
        _wave(wave, samples, people, fixed, told)
        if told.waiting[0]:
            yield


def waves(rows: Ints) -> list[Ints]:
    """Cuts a run of samples into pieces in which nobody is twice; `rows` (n,) say whose each sample is.

    >>> [wave.tolist() for wave in waves(np.array([0, 1, 0, 0]))]
    [[0, 1], [2], [3]]
    """
    if len(rows) and int(np.bincount(rows).max()) == 1:
        return [np.arange(len(rows))]
    order = np.argsort(rows, kind="stable")
    last = np.full(len(rows), -1, np.int64)
    same = rows[order[1:]] == rows[order[:-1]]
    last[order[1:][same]] = order[:-1][same]
    cuts = [0]
    for i, twin in enumerate(last.tolist()):
        if twin >= cuts[-1]:
            cuts.append(i)
    return [np.arange(start, end) for start, end in zip(cuts, [*cuts[1:], len(rows)], strict=True) if end > start]


def _wave(wave: Ints, samples: Samples, people: People, fixed: Fixed, told: Told) -> None:
    told.waiting[0] = 0
    rows, state = samples.rows[wave], people.grid
    of = index(rows, len(people.half))
    kept, placed = grid.place(
        grid.Grid(state.origin[of], state.cell[of], state.behind[of]), samples.times[wave], fixed.restart_gap_s
    )
    state.origin[of], state.cell[of], state.behind[of] = kept
    for column, flag in enumerate(placed[2:]):
        people.counts[of, column] += flag
    judged = np.flatnonzero(placed.judged | placed.crowded)
    if len(judged) == len(rows):
        _judge(Part(wave, rows, of, placed, people.half[rows] ^ placed.crowded), samples, people, fixed, told)
    elif len(judged):
        mine, placed = rows[judged], take(placed, judged)
        _judge(Part(wave[judged], mine, mine, placed, people.half[mine] ^ placed.crowded), samples, people, fixed, told)
    _tell(wave, rows, people, told)


def _judge(part: Part, samples: Samples, people: People, fixed: Fixed, told: Told) -> None:
    placed, rows = part.placed, part.rows
    if np.count_nonzero(placed.gap):
        _pass_over(people, rows[placed.gap > 0], placed.gap[placed.gap > 0])
    if np.count_nonzero(placed.restarts):
        _start_anew(people, rows[placed.restarts])
    values = np.asfortranarray(samples.values[index(part.at, len(samples.rows)), : len(fixed.floor)])
    present, learn = _counting(part, values, samples, people, fixed)
    second = _step(part, values, present, learn, people, fixed)
    people.window.taught[rows, placed.cell % people.window.taught.shape[1]] = learn > 0.0
    _show(part, values, present, second, samples, people, fixed, told)


def _step(part: Part, values: Singles, present: Bools, learn: Floats, people: People, fixed: Fixed) -> Second:
    """One second, from one half into the other: uncopied where everybody's lies in the same."""
    affect, level = fixed.affect[part.of], people.level
    if isinstance(part.of, slice):
        first = _together(part, people)
        before, into = level_path.at(level, first), level_path.at(level, 1 - first)
        _, second = level_path.step(before, people.fitted, values, present, learn, affect, fixed, into)
    else:
        before, fitted = level_path.half(level, part.now, part.rows), take(people.fitted, part.rows)
        after, second = level_path.step(before, fitted, values, present, learn, affect, fixed)
        for array, new in zip(flat(level), flat(after), strict=True):
            array[1 - part.now, part.rows] = new
    people.half[part.of] = 1 - part.now
    return second


def _together(part: Part, people: People) -> int:
    """The half in which everybody's state before these samples lies from now on."""
    first = int(part.now[0])
    other = np.flatnonzero(part.now != first)
    if len(other):
        for array in flat(people.level):
            array[first, other] = array[1 - first, other]
        part.now[:] = first
    return first


def _pass_over(people: People, rows: Ints, gap: Ints) -> None:
    """Seconds without samples: evidence and levels fade, what is usual stays; in place."""
    level, half = people.level, people.half[rows]
    fade = FADES[np.minimum(gap, len(FADES) - 1)][:, None, None]
    level.change.before[half, rows], level.change.surprise[half, rows] = np.nan, 0.0
    level.change.bank[half, rows] *= fade
    level.levels[half, rows] *= fade
    people.sustained[rows[gap >= level_path.QUIET_CELLS]] = 0.0


def _start_anew(people: People, rows: Ints) -> None:
    """After a long silence: change detection begins anew, what is usual stays; in place."""
    level, half = people.level, people.half[rows]
    level.change.before[half, rows], level.change.surprise[half, rows] = np.nan, 0.0
    level.change.bank[half, rows], level.levels[half, rows] = 0.0, 0.0
    level.transitions.last[half, rows], level.transitions.rate[half, rows] = -1, 0.0
    level.volatility.now[half, rows] = level.volatility.usual[half, rows]
    people.sustained[rows] = 0.0
    people.window.cells[rows] = LONG_AGO
    episode_odds.begin(people.odds, rows)


def _counting(part: Part, values: Singles, samples: Samples, people: People, fixed: Fixed) -> tuple[Bools, Floats]:
    """Which values count, (k, c), and 1.0 where the usual may learn, (k,)."""
    present = (np.abs(values) < level_path.IMPOSSIBLE) & fixed.allowed[part.of]
    learn = samples.times[part.at] > people.person.learns_after[part.of]
    several = samples.persons[part.at] > 1
    if np.count_nonzero(several):
        present &= ~(several[:, None] & fixed.shared)
        learn &= ~several
    return present, learn.astype(np.float64)


def _show(
    part: Part, values: Singles, present: Bools, second: Second, samples: Samples, people: People, fixed: Fixed,
    told: Told,
) -> None:  # fmt: skip
    rows, placed = part.rows, part.placed
    cue = _hear(part, samples, people)
    odds = np.maximum(_weigh(part, present, second, samples, people, fixed), 0.0)
    terms = (second.groups[:, 0], second.volatility, second.transition, *second.groups[:, 1:].T, odds)
    raw = np.array(terms).T
    made = composite.composite(raw, people.limits.scale[part.of], cue, fixed.weights, AUDIO)
    channel = (second.far / people.limits.far_scale[part.of]).max(axis=1)
    sustained = rolling.step(people.sustained, rows, made.score, placed.cell)
    held = np.maximum(people.odds.recent[part.of].min(axis=1), 0.0)
    shown = np.array((made.score, channel, sustained, second.volatility, second.drift, odds, held)).T
    seen = np.logical_or.reduce(present, axis=1)
    _remember(part, only(present, values, np.nan), seen, people)
    _grow(part.of, shown, raw, second.far, people)
    people.running.filled[part.of] += seen & ~placed.crowded
    people.person.seen_at[part.of] = samples.times[part.at]
    people.person.score[part.of] = made.score / people.limits.thresholds[part.of, 0]
    _look_out(part, present, second.evidence, made, shown, samples, people, fixed, told)


def _weigh(
    part: Part, present: Bools, second: Second, samples: Samples, people: People, fixed: Fixed
) -> Floats:  # fmt: skip
    """The log-odds of an episode, (k,); a second sample in the same second teaches nothing new."""
    new = np.flatnonzero(part.placed.judged)
    if len(new):
        chosen = index(new, len(part.rows))
        at = part.at[chosen]
        episode_odds.step(
            people.odds, fixed.taught, part.rows[chosen], part.placed.cell[chosen], second.z[chosen], present[chosen],
            samples.persons[at] > 1, samples.loud[at],
        )  # fmt: skip
    now: Floats = people.odds.now[part.rows]
    return now


def _grow(of: Ints | slice, shown: Floats, raw: Floats, far: Reals, people: People) -> None:
    """The maxima of the blocks of now."""
    running = people.running
    for most, new in ((running.top, shown), (running.top_terms, raw), (running.top_far, far)):
        most[of] = np.maximum(most[of], new)


def _hear(part: Part, samples: Samples, people: People) -> Floats:
    """How loud the last alarm cue still counts, (k,); remembers it and the last three samples' cues as bits."""
    person, placed, rows = people.person, part.placed, part.rows
    loud = samples.loud[part.at]
    alarm = loud > 0.0
    bits = ((person.cue_bits[rows] << (1 + np.minimum(placed.gap, 2))) | alarm) & 7
    bits = np.where(placed.crowded, person.cue_bits[rows] | alarm, bits)
    person.cue_bits[rows] = np.where(placed.restarts, alarm, bits)
    person.cue[rows] = composite.step_cue(person.cue[rows], loud)
    cue: Floats = person.cue[rows]
    return cue


def _remember(part: Part, values: Singles, seen: Bools, people: People) -> None:
    placed, rows, person, window = part.placed, part.rows, people.person, people.window
    missed = np.where(placed.crowded, 0, 1 + placed.gap)
    person.unseen[rows] = np.where(seen, 0, person.unseen[rows] + missed)
    at = places(rows, len(window.cells), placed.cell % window.cells.shape[1])
    window.values[at], window.cells[at] = values, placed.cell


def _look_out(
    part: Part, present: Bools, evidence: Reals, made: composite.Composite, shown: Floats, samples: Samples,
    people: People, fixed: Fixed, told: Told,
) -> None:  # fmt: skip
    """Which samples have to be looked at, and why."""
    rows, person = part.rows, people.person
    over = shown.T[fixed.columns] > people.limits.thresholds[part.of].T
    speaks = np.logical_or.reduce(over, axis=0) | (people.tier[rows] != 0)
    speaks |= fixed.held[person.cue_bits[rows]] | (person.unseen[rows] >= fixed.blind_after_s) | fixed.everything
    why = speaks * LOOK + (people.running.filled[part.of] >= calibration.BLOCK_S) * BLOCK + samples.cued[part.at] * NOTE
    found = np.flatnonzero(why)
    n = told.waiting[0] = len(found)
    if n:
        told.at[:n], told.why[:n] = part.at[found], why[found]
        c, told.statistics[:n] = present.shape[1], shown[found]
        told.present[:n, :c], told.evidence[:n, :c] = present[found], evidence[found]
        told.terms[:n], told.contributions[:n] = made.values[found], made.contributions[found]


def _tell(wave: Ints, rows: Ints, people: People, told: Told) -> None:
    """What the history keeps of every sample."""
    half, usual = people.half[rows], people.level.baseline
    if everything(rows, len(people.half)) and not np.count_nonzero(half != half[0]):
        now, offset = level_path.at(people.level, int(half[0])).baseline, people.fitted.offset
        level, spread, taught = now.level + offset, now.spread, now.taught
    else:
        level, spread, taught = usual.level[half, rows], usual.spread[half, rows], usual.taught[half, rows]
        level += people.fitted.offset[rows]
    known = taught > 0.0
    if np.count_nonzero(known) < known.size:
        level, spread = only(known, level, np.nan), only(known, spread, np.nan)
    to = slice(None) if len(wave) == len(told.score) else wave
    c = level.shape[1]
    told.usual[to, :c], told.spread[to, :c] = level, spread
    told.score[wave], told.tier[wave] = people.person.score[rows], people.tier[rows]
