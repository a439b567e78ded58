"""One evaluation from beginning to end: a detector on a recording, beside an oracle, plain levels and chance."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.evaluation import report, traces
from services.evaluation.figures import Observed, judge
from services.evaluation.levels import LevelWatcher
from services.evaluation.nouns import Alarm
from services.evaluation.oracle import OracleWatcher
from services.evaluation.random_alarms import at_random
from services.evaluation.recording import Recording, Tried, Watcher, show
from services.evaluation.report import Report
from services.evaluation.traces import Trace

BUDGETS = (0.2, 1.0, 3.0)
"""False alarms per resident-day at which curves are drawn."""
_SEED = 7


class Tested(Watcher, Protocol):
    """The detector under trial."""

    def alarms(self) -> tuple[Alarm, ...]: ...
    def usable_at(self) -> NDArray[np.float64]: ...


class Whom(NamedTuple):
    """Residents whose figures are shown apart, by name, and what ordinary things went on at (resident, second)."""

    groups: Mapping[str, Sequence[int]]
    going_on: Callable[[int, float], Sequence[str]]


def evaluate(
    title: str, recording: Recording, tested: Tested, beside: Mapping[str, Tested], oracle: OracleWatcher | None,
    facts: Sequence[tuple[str, str]], whom: Whom, told: Callable[[int], None],
) -> Report:  # fmt: skip
    """Show the recording to `tested` and its peers and judge them all.

    The peers: an oracle that knows the parameters; a plain level detector with the usual and threshold of each person,
    and with one for everybody; those named in `beside`; random moments, as many as `tested` told of.
    `told` hears of resident-days as they are done. Peers with a free threshold get the false alarms of `tested`.
    """
    residents, channels = len(recording.seats()), len(recording.channels)
    own, shared = (LevelWatcher(residents, channels, personal) for personal in (True, False))
    watchers: list[Watcher] = [tested, *beside.values(), own, shared, *([oracle] if oracle else [])]
    tried = show(recording, watchers, told)
    observed, alarms = tried.observed, tested.alarms()
    both = max(report.point(alarms, observed)[0], 1.0 / float(observed.days.sum()))
    first = report.point([alarm for alarm in alarms if alarm.tier == 1], observed)[0]
    rows = {
        "engine": alarms,
        **({"oracle": traces.one_threshold(oracle.trace(), observed, both, first)} if oracle else {}),
        "own usual": traces.own_thresholds(own.trace(), observed, both, first),
        "shared usual": traces.one_threshold(shared.trace(), observed, both, first),
        **{name: one.alarms() for name, one in beside.items()},
        "random": at_random(alarms, tried.seconds, np.random.default_rng(_SEED)),
    }
    judged = judge(alarms, observed)
    return Report(
        title, (*facts, *_counted(tried)), observed,
        tuple(report.detector(name, told_by, observed) for name, told_by in rows.items()),
        report.by_kind(judged), report.by_group(judged, whom.groups), report.by_reason(judged),
        report.going_on(judged, whom.going_on), _hours_in_view(tested.usable_at(), tried),
        _curves({**({"oracle": oracle.trace()} if oracle else {}), "own usual": own.trace()}, observed),
    )  # fmt: skip


def _counted(tried: Tried) -> tuple[tuple[str, str], ...]:
    labels = tried.observed.labels
    seen = [label for label in labels if label.observable]
    in_view = np.mean([seconds.mean() for seconds in tried.seconds])
    return (
        ("resident-days", f"{tried.observed.days.sum():.0f}"),
        ("episodes", f"{len(labels)}, of which {len(seen)} could be observed"),
        ("in view", f"{in_view:.0%} of the time"),
    )


def _hours_in_view(usable_at: NDArray[np.float64], tried: Tried) -> tuple[float, ...]:
    return tuple(
        float("nan") if np.isnan(at) else float(seconds[: int(at)].sum()) / 3600.0
        for at, seconds in zip(usable_at, tried.seconds, strict=True)
    )


def _curves(found: Mapping[str, Trace], observed: Observed) -> dict[str, tuple[tuple[float, float], ...]]:
    curves = {}
    for name, trace in found.items():
        at = [traces.one_threshold(trace, observed, budget, 0.0) for budget in BUDGETS]
        curves[name] = tuple(report.point(told, observed) for told in at)
    return curves
