"""What a span of time came to: how many alerts, how soon somebody took them, how many of them were right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from statistics import median

from services.ledger import Tallied
from services.vocabulary import Alert, Feedback, FeedbackVerdict, Seconds, Tier


@dataclass(frozen=True, slots=True)
class Taken:
    """How soon alerts were taken: how many were, the middle one and the slowest."""

    n: int
    middle_s: Seconds
    longest_s: Seconds


@dataclass(frozen=True, slots=True)
class Judged:
    """What people said about alerts, each counted once by the last word about it, and how many were missing."""

    right: int
    wrong: int
    unsure: int
    missing: int

    @property
    def precision(self) -> float:
        """The share of the judged alerts that were right, 0..1; NaN where nothing was judged.

        >>> Judged(3, 1, 2, 0).precision
        0.75
        """
        told = self.right + self.wrong
        return self.right / told if told else float("nan")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the house (a ward, a floor) in a span."""

    name: str
    residents: int
    tier1: int
    tier2: int
    judged: Judged


def taken(alerts: Iterable[Alert]) -> Taken:
    """How soon they were taken after they could first be told; an alert that nobody took is not in it."""
    waits = [
        max(0.0, alert.acknowledged_at - (alert.notified_at or alert.created_at))
        for alert in alerts
        if alert.acknowledged_at is not None
    ]
    return Taken(len(waits), median(waits), max(waits)) if waits else Taken(0, float("nan"), float("nan"))


def judged(words: Sequence[Feedback], only: Iterable[str] | None = None) -> Judged:
    """What was said, of these alerts alone where they are named; `words` newest first. A word by a link counts once a
    person has confirmed it."""
    wanted = None if only is None else frozenset(only)
    last: dict[str, FeedbackVerdict] = {}
    missing = 0
    for word in words:
        if not word.counts:
            continue
        if word.verdict is FeedbackVerdict.MISSED:
            missing += 1
        elif wanted is None or word.alert in wanted:
            last.setdefault(word.alert, word.verdict)
    said = list(last.values())
    return Judged(
        said.count(FeedbackVerdict.TRUE), said.count(FeedbackVerdict.FALSE), said.count(FeedbackVerdict.UNSURE), missing
    )


def unit_of(room: str, units: Mapping[str, Sequence[str]]) -> str:
    """The part of the house a room belongs to, the first whose patterns fit; empty: none.

    >>> unit_of("Room 14", {"Ward 1": ("Room 1?",), "Ward 2": ("Room 2*",)})
    'Ward 1'
    """
    return next((unit for unit, rooms in units.items() if any(fnmatchcase(room, one) for one in rooms)), "")


def parts(
    rooms: Mapping[str, str], counts: Sequence[Tallied], words: Sequence[Feedback], units: Mapping[str, Sequence[str]]
) -> list[Part]:
    """Each part of the house with what its alerts came to; `rooms` are the residents' by their id."""
    found = []
    named = {resident: unit_of(room, units) for resident, room in rooms.items()}
    for unit in [*units, ""]:
        inside = {resident for resident, one in named.items() if one == unit}
        theirs = [one for one in counts if named.get(one.resident, "") == unit]
        if inside or theirs:
            said = judged([w for w in words if named.get(w.resident, "") == unit])
            first = sum(one.n for one in theirs if one.tier is Tier.IMMEDIATE)
            found.append(Part(unit, len(inside), first, sum(one.n for one in theirs) - first, said))
    return found
