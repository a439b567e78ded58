"""Which alarms were true: each episode is found once, further alarms in it are duplicates, all others are false."""

from collections.abc import Sequence
from typing import NamedTuple

from services.evaluation.nouns import Alarm, Label, Verdict

TOLERANCE_S = 120.0
"""An alarm up to this long after the end still belongs to the episode (definition of the benchmark)."""


class Matched(NamedTuple):
    """`verdicts` and `episodes` (index of the label, -1) run along the alarms; `found` (index of the alarm, -1) along
    the labels."""

    verdicts: tuple[Verdict, ...]
    episodes: tuple[int, ...]
    found: tuple[int, ...]


def match(alarms: Sequence[Alarm], labels: Sequence[Label]) -> Matched:
    """Alarms in order of opening, each to the episode not yet found whose prodrome, course or two minutes after it hold
    the opening; of several, to the one that ends first.

    >>> label = Label(0, "fall", 100.0, 120.0, 130.0, 200.0)
    >>> alarms = [Alarm(0, 90.0, 2, 95.0), Alarm(0, 150.0, 1, 160.0), Alarm(0, 310.0, 1, 320.0)]
    >>> [verdict.value for verdict in match(alarms, [label]).verdicts]
    ['false', 'true', 'duplicate']
    """
    verdicts, episodes, found = [Verdict.FALSE] * len(alarms), [-1] * len(alarms), [-1] * len(labels)
    of_resident: dict[int, list[int]] = {}
    for i, label in enumerate(labels):
        of_resident.setdefault(label.resident, []).append(i)
    for place in sorted(range(len(alarms)), key=lambda i: (alarms[i].opened_s, i)):
        alarm = alarms[place]
        inside = [i for i in of_resident.get(alarm.resident, ()) if _holds(labels[i], alarm.opened_s)]
        inside.sort(key=lambda i: labels[i].end_s)
        fresh = [i for i in inside if found[i] < 0]
        if fresh:
            verdicts[place], episodes[place], found[fresh[0]] = Verdict.TRUE, fresh[0], place
        elif inside:
            verdicts[place], episodes[place] = Verdict.DUPLICATE, inside[-1]
    return Matched(tuple(verdicts), tuple(episodes), tuple(found))


def _holds(label: Label, time_s: float) -> bool:
    return label.prodrome_s <= time_s <= label.end_s + TOLERANCE_S
