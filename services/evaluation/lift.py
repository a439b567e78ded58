"""What a second opinion adds to the detector alone: alarms that come earlier, and false ones more or less. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from services.evaluation.bootstrap import Interval, ratio
from services.vocabulary import Tier
from services.vocabulary.time import Seconds


@dataclass(frozen=True, slots=True)
class Noticed:
    """One event of a `person`. `episode` names what was staged, empty in ordinary life; `since_s` is how long after its
    onset the event opened; `opinion` the tier that an opinion came to, None where none was asked for or usable."""

    person: str
    episode: str
    since_s: Seconds
    detector: Tier
    opinion: Tier | None = None
    asked: bool = False


class Heard(StrEnum):
    """What becomes of an opinion. The service only ever raises; `FOLLOWED` is what would be if it lowered, too."""

    RAISING = "raised or agreed"
    FOLLOWED = "lowered, too"


class Level(StrEnum):
    """From which tier on an event counts as an alarm."""

    TOLD = "tier 1 or 2"
    AT_ONCE = "tier 1"


class What(StrEnum):
    """What is compared. Lead is before the onset, below 0 after it, of episodes that are found with and without."""

    FALSE = "false alarms, of ordinary events"
    FOUND = "episodes found"
    LEAD = "lead before the onset, s"


@dataclass(frozen=True, slots=True)
class Lift:
    """One comparison over `n` events or episodes: the detector alone, detector and opinion, and the difference case by
    case, each with a 95 % interval."""

    heard: Heard
    level: Level
    what: What
    alone: Interval
    both: Interval
    gain: Interval
    n: int


class _Pair(NamedTuple):
    person: str
    alone: float
    both: float


def lifts(noticed: Sequence[Noticed], seed: int = 0) -> list[Lift]:
    """Every comparison for which there is a case. Ordinary events count where an opinion was asked for, episodes where
    it was for at least one of their events; the others of their events keep the detector's tier. Intervals by drawing
    persons (paired bootstrap, Efron 1979).

    >>> calm = Noticed("a", "", 0.0, Tier.URGENT, Tier.MONITOR, asked=True)
    >>> [(one.what.value, one.gain.value) for one in lifts([calm]) if one.heard is Heard.FOLLOWED][0]
    ('false alarms, of ordinary events', -1.0)
    """
    found = []
    for heard in Heard:
        for level in Level:
            for what, pairs in _pairs(noticed, heard, _LEAST[level]).items():
                if pairs:
                    found.append(_lift(heard, level, what, pairs, seed))
    return found


_LEAST = {Level.TOLD: Tier.URGENT, Level.AT_ONCE: Tier.IMMEDIATE}


def _pairs(noticed: Sequence[Noticed], heard: Heard, least: Tier) -> dict[What, list[_Pair]]:
    def alone(one: Noticed) -> bool:
        return not least.more_urgent_than(one.detector)

    def both(one: Noticed) -> bool:
        return not least.more_urgent_than(_heard(one, heard))

    ordinary = [_Pair(one.person, alone(one), both(one)) for one in noticed if not one.episode and one.asked]
    found, lead = [], []
    for events in _episodes(noticed):
        person, first, second = events[0].person, _first(events, alone), _first(events, both)
        found.append(_Pair(person, first is not None, second is not None))
        if first is not None and second is not None:
            lead.append(_Pair(person, -first, -second))
    return {What.FALSE: ordinary, What.FOUND: found, What.LEAD: lead}


def _heard(one: Noticed, heard: Heard) -> Tier:
    if one.opinion is None or (heard is Heard.RAISING and not one.opinion.more_urgent_than(one.detector)):
        return one.detector
    return one.opinion


def _episodes(noticed: Sequence[Noticed]) -> list[list[Noticed]]:
    by: dict[tuple[str, str], list[Noticed]] = {}
    for one in noticed:
        if one.episode:
            by.setdefault((one.person, one.episode), []).append(one)
    return [events for _, events in sorted(by.items()) if any(one.asked for one in events)]


def _first(events: Sequence[Noticed], alarmed: Callable[[Noticed], bool]) -> Seconds | None:
    return min((one.since_s for one in events if alarmed(one)), default=None)


def _lift(heard: Heard, level: Level, what: What, pairs: Sequence[_Pair], seed: int) -> Lift:
    people = sorted({one.person for one in pairs})
    of = [people.index(one.person) for one in pairs]
    count = np.bincount(of, minlength=len(people)).astype(np.float64)

    def drawn(values: Sequence[float]) -> Interval:
        sums = np.bincount(of, weights=values, minlength=len(people)).astype(np.float64)
        return ratio(sums, count, np.random.default_rng(seed))

    alone, both = [one.alone for one in pairs], [one.both for one in pairs]
    gained = [after - before for before, after in zip(alone, both, strict=True)]
    return Lift(heard, level, what, drawn(alone), drawn(both), drawn(gained), len(pairs))
