"""Two policies on the same recording, as an experiment: what each finds, whom it disturbs, how sure that is. Pure."""

import math
from collections import Counter
from collections.abc import Sequence

from services.evaluation.arms import Compared, compared, row
from services.evaluation.figures import Judged, Observed, judge
from services.evaluation.nouns import Alarm, Verdict

SHARES = ("observable episodes found", "of these before the onset")
RATES = ("false alarms, a resident-day", "false alarms of tier 1, a resident-day")
ALPHA = 0.05
"""How often a verdict is given on any of the measures where the policies are alike."""
WHAT_IT_COUNTS = (
    "Each episode and each resident-day is one event, as if no person had several. p holds where one looks once. So "
    "far says more or less once the evidence reaches the limit: where both policies are alike, that happens with any "
    "of the measures in 5 % of experiments at most, however often one looks."
)
_DAY_S = 86_400.0


def experiment(beside: Sequence[Alarm], tried: Sequence[Alarm], observed: Observed) -> tuple[Compared, ...]:
    """Every measure of two policies: observable episodes one by one, found and found before their onset; resident-days
    one by one, by their false alarms. Episodes and days count as events of their own, as if no person had several."""
    first, second = judge(beside, observed), judge(tried, observed)
    measures = [
        (_found(first), _found(second)),
        (_found(first, early=True), _found(second, early=True)),
        (_false(first), _false(second)),
        (_false(first, (1,)), _false(second, (1,))),
    ]
    told = zip((*SHARES, *RATES), measures, strict=True)
    return tuple(compared(what, *pair, ALPHA, len(measures)) for what, pair in told if pair[0])


def rows(found: Sequence[Compared]) -> list[list[str | int]]:
    """Cells below `arms.HEADINGS`."""
    return [row(one, share=one.what in SHARES) for one in found]


def _found(judged: Judged, early: bool = False) -> list[float]:
    """1.0 for each observable episode that was found."""
    return [
        float(alarm >= 0 and (not early or judged.alarms[alarm].opened_s < label.onset_s))
        for label, alarm in zip(judged.observed.labels, judged.matched.found, strict=True)
        if label.observable
    ]


def _false(judged: Judged, tiers: tuple[int, ...] = (1, 2)) -> list[float]:
    """False alarms of each day of each resident."""
    counted = Counter(
        (alarm.resident, int(alarm.opened_s // _DAY_S))
        for alarm, verdict in zip(judged.alarms, judged.matched.verdicts, strict=True)
        if verdict is Verdict.FALSE and alarm.tier in tiers
    )
    days = enumerate(judged.observed.days.tolist())
    return [float(counted[resident, day]) for resident, watched in days for day in range(math.ceil(watched))]
