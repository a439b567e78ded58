"""Everything one evaluation found out, as a value that a table, a JSON file and a page are made from."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.evaluation.arms import Compared
from services.evaluation.bootstrap import Interval
from services.evaluation.figures import Figure, Judged, Observed, false_per_day, judge, recall, table
from services.evaluation.nouns import Alarm, Verdict

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector, its figures, and the alarms they were counted from."""

    name: str
    figures: tuple[Figure, ...]
    alarms: tuple[Alarm, ...]

    def value(self, name: str) -> Interval:
        """The figure of that name.

        Raises:
            KeyError: there is none.
        """
        for figure in self.figures:
            if figure.name.strip() == name:
                return figure.interval
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Group:
    """Some residents, or one kind of episode: recall of observable episodes (`found` of `there`) and false alarms per
    resident-day (NaN where it means nothing)."""

    name: str
    found: int
    there: int
    false_per_day: float


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation. The first detector is the one under trial; the others stand beside it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    observed: Observed
    detectors: tuple[Detector, ...]
    kinds: tuple[Group, ...]
    groups: tuple[Group, ...]
    reasons: tuple[tuple[str, int, int, int], ...]
    """What the detector under trial said, and how often that was true, duplicate, false."""
    companions: tuple[tuple[str, int], ...]
    """What ordinary things went on at its false alarms."""
    usable_hours: tuple[float, ...] = ()
    """Hours in view until a new resident's thresholds spoke, one per resident, NaN where never."""
    curves: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """Recall of observable episodes over false alarms per resident-day, by detector."""
    experiment: tuple[Compared, ...] = ()
    """The detector under trial against another policy on the same episodes and days, where one was named."""


def detector(name: str, alarms: Sequence[Alarm], observed: Observed) -> Detector:
    """A detector with all its figures."""
    return Detector(name, table(alarms, observed), tuple(alarms))


def by_kind(judged: Judged) -> tuple[Group, ...]:
    """Recall of each kind of episode."""
    there, found = Counter[str](), Counter[str]()
    for label, alarm in zip(judged.observed.labels, judged.matched.found, strict=True):
        if label.observable:
            there[label.kind] += 1
            found[label.kind] += alarm >= 0
    return tuple(Group(kind, found[kind], there[kind], float("nan")) for kind in sorted(there))


def by_group(judged: Judged, groups: Mapping[str, Sequence[int]]) -> tuple[Group, ...]:
    """Recall and false alarms of the residents of each group."""
    found = judged.episodes(lambda label, alarm: label.observable and alarm >= 0)
    there, false = judged.episodes(lambda label, _: label.observable), judged.per_resident(Verdict.FALSE)
    rows = []
    for name, members in groups.items():
        who = np.array(members, int)
        days = float(judged.observed.days[who].sum())
        rows.append(
            Group(name, int(found[who].sum()), int(there[who].sum()), float(false[who].sum()) / max(days, 1e-9))
        )
    return tuple(rows)


def by_reason(judged: Judged) -> tuple[tuple[str, int, int, int], ...]:
    """What the alarms said, and how often each reason was true, duplicate, false."""
    counts: dict[str, Counter[Verdict]] = {}
    for alarm, verdict in zip(judged.alarms, judged.matched.verdicts, strict=True):
        counts.setdefault(f"{alarm.reason} (tier {alarm.tier})", Counter())[verdict] += 1
    true, duplicate, false = Verdict
    return tuple((name, one[true], one[duplicate], one[false]) for name, one in sorted(counts.items()))


def going_on(judged: Judged, ordinary: Callable[[int, float], Sequence[str]]) -> tuple[tuple[str, int], ...]:
    """What went on at false alarms, most frequent first: `ordinary` names it by resident and second."""
    seen: Counter[str] = Counter()
    for alarm, verdict in zip(judged.alarms, judged.matched.verdicts, strict=True):
        if verdict is Verdict.FALSE:
            seen.update(set(ordinary(alarm.resident, alarm.opened_s)) or {"nothing"})
    return tuple(seen.most_common())


def point(alarms: Sequence[Alarm], observed: Observed) -> tuple[float, float]:
    """(false alarms per resident-day, recall of observable episodes)."""
    judged = judge(alarms, observed)
    return false_per_day(judged).value, recall(judged).value
