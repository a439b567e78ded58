"""Learns the facility's prior from its settled residents, once a night."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from threshold_service.statistics import calibration, peaks, tail
from threshold_service.statistics.arrays import Bools, Floats, State
from threshold_service.statistics.calibration import SETTLED, History, Rates
from threshold_service.statistics.prior import LEAST_BETWEEN, LEAST_RESIDENTS, Prior, centre, log_scale, of_people

EVIDENCE = 12.0
"""Alerts asked for after which a count outweighs what was believed before (source: guess)."""

_ODDEST = 1.5
"""A person counts at most this far from the middle (a tail 4.5 times as long or short). The deviation is not the robust
one: a quarter of people with excitements of their own must not be drawn to the calm, whose tails say nothing of theirs
(source: measured, with it a facility's bursting quarter had 22 times its tier-1 alarms)."""


class Lesson(NamedTuple):
    """What the n residents of one agent can teach others: their history, and of each of its `channels` the `level`,
    `spread`, `phi` and values `taught`, (n, c), at their last block's end."""

    channels: tuple[str, ...]
    history: History
    level: Floats
    spread: Floats
    phi: Floats
    taught: Floats


def together(lessons: Sequence[Lesson], channels: tuple[str, ...]) -> Lesson:
    """One lesson of all, in the `channels` of the one who learns; a channel that an agent does not have was taught by
    none of its residents."""
    columns = [_of_channels(lesson, channels) for lesson in lessons]
    level, spread, phi, taught = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    history = _joined([lesson.history._replace(far_scale=np.zeros((len(lesson.history.blocks), 0), np.float32))
                       for lesson in lessons])  # fmt: skip
    return Lesson(channels, history, level, spread, phi, taught)


def _of_channels(lesson: Lesson, channels: tuple[str, ...]) -> list[Floats]:
    there = [(to, lesson.channels.index(name)) for to, name in enumerate(channels) if name in lesson.channels]
    to, of = np.array(there, np.int64).reshape(-1, 2).T
    parts = []
    for values in (lesson.level, lesson.spread, lesson.phi, lesson.taught):
        part = np.zeros((len(values), len(channels)))
        part[:, to] = values[:, of]
        parts.append(part)
    return parts


def _joined(states: Sequence[State]) -> State:
    """States (nested NamedTuples of arrays) one after the other along their first axis."""
    parts = [
        _joined(pieces) if isinstance(pieces[0], tuple) else np.concatenate(pieces)
        for pieces in zip(*states, strict=True)
    ]
    return type(states[0])(*parts)


def learn(prior: Prior, history: History, rates: Rates, level: Floats, spread: Floats, phi: Floats, taught: Floats,
          night: int) -> Prior:  # fmt: skip
    """The prior that everybody's history teaches in this `night`; `level`, `spread`, `phi` and `taught` (values
    learned) are (n, c), how they stood at each resident's last block end."""
    settled = history.blocks >= SETTLED
    people = prior._replace(
        residents=prior.residents.copy(), mean=prior.mean.copy(), between=prior.between.copy(),
        limit=prior.limit.copy(),
    )  # fmt: skip
    for rule in range(len(rates.per_block)):
        _learn_rule(people, history, rates, rule, settled)
    known = settled[:, None] & (taught >= SETTLED * calibration.BLOCK_S / 4)
    middle, apart = of_people(level, known)
    spreads, _ = of_people(np.log(np.maximum(spread, 1e-12)), known)
    correlated, _ = of_people(phi, known)
    return people._replace(
        spend=_spend(history), level=_kept(middle, prior.level), apart=_kept(apart, prior.apart),
        spread=_kept(spreads, prior.spread), phi=_kept(correlated, prior.phi), night=np.array([night]),
    )  # fmt: skip


def _kept(found: Floats, before: Floats) -> Floats:
    """What nobody teaches now stays as it was learned before, perhaps from the residents of other agents."""
    kept: Floats = np.where(np.isfinite(found), found, before)
    return kept


def _learn_rule(people: Prior, history: History, rates: Rates, rule: int, settled: Bools) -> None:
    """What residents teach of one rule, into `people`."""
    shows = np.flatnonzero(history.shown[:, rule])
    teaches = shows if len(shows) >= LEAST_RESIDENTS else np.flatnonzero(settled)
    statistic, rate = rates.statistic[rule], rates.per_block[rule]
    if len(teaches) < LEAST_RESIDENTS:
        return
    usual = history.usual[teaches, statistic]
    people.residents[rule] = len(teaches)
    scales = log_scale(usual, history.thresholds[teaches, rule], rate)
    people.mean[rule], _ = centre(scales)
    odd = np.minimum(np.abs(scales - people.mean[rule]), _ODDEST)
    people.between[rule] = max(float(np.sqrt(np.mean(np.square(odd)))), LEAST_BETWEEN)
    if len(shows) >= LEAST_RESIDENTS:
        people.limit[rule] = _limit(history, statistic, rate, shows.tolist())


def _limit(history: History, statistic: int, rate: float, rows: list[int]) -> float:
    """The one threshold that would keep the budget of all of them together."""
    highest, blocks = [], 0
    for row in rows:
        places, taught = peaks.closed(history.peaks, row)
        highest.append(history.peaks.highest[row, places, statistic].ravel())
        blocks += taught
    together = -np.sort(-np.concatenate(highest).astype(np.float64))
    return tail.from_highest(together.tolist(), blocks, rate)


def _spend(history: History) -> Floats:
    """Exceedances that were asked for over alerts that were told, of everybody, (tiers,), gamma-Poisson around 1."""
    told, asked = history.peaks.answered.sum(axis=(0, 1)), history.peaks.asked.sum(axis=(0, 1))
    ratio: Floats = (asked + EVIDENCE) / (told + EVIDENCE)
    return ratio
