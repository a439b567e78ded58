"""The engine on a simulated facility nobody tuned on, beside an oracle, the literal rules and chance; then stressed."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from services.evaluation.figures import Observed, judge, recall
from services.evaluation.figures_json import to_json
from services.evaluation.oracle import OracleWatcher
from services.evaluation.page import page
from services.evaluation.recording import DAY_S, show
from services.evaluation.report import Detector, Report, detector
from services.evaluation.simulated import SimulatedRecording
from services.evaluation.trial import Whom, evaluate
from services.simulator.facility import Facility
from services.simulator.parameters import Parameters
from services.vocabulary import Policy
from tests.bench.table import Figure, publish
from threshold_service.evaluated_engine import EngineWatcher, literal
from threshold_service.simulated_files import groups

USUAL, USUAL_POLICY = Parameters(), Policy()
LITERAL = (6, 3)
"""Residents and days the literal rules are tried on: they speak so often that every second is looked at one by one."""
STRESSES = {
    "as usual": USUAL,
    "every camera moved on day 3": replace(USUAL, camera_moved_on=2, slow=replace(USUAL.slow, moved_spreads=3.0)),
    "half the frames lost": replace(USUAL, sight=replace(USUAL.sight, lost=0.5)),
    "everybody of atypical expression": replace(USUAL, atypical=1.0),
}
RECALL, EARLY, FALSE = "recall of observable episodes", "alarmed before onset", "false alarms"
ALL, FALSE_FIRST = "recall of all episodes", "false alarms of tier 1"
Told = Callable[[int], None]


def whole(facility: Facility, told: Told) -> Report:
    """The engine and all its peers but the literal rules."""
    recording = SimulatedRecording(facility)
    title = f"{facility.residents} simulated residents, {facility.days} days, seed {facility.seed}"
    engine = EngineWatcher(recording.channels, recording.seats(), Policy())
    return evaluate(
        title, recording, engine, {}, OracleWatcher(facility),
        (("policy", Policy().version),), Whom(groups(facility), recording.going_on), told,
    )  # fmt: skip


def alone(facility: Facility, told: Told, policy: Policy = USUAL_POLICY) -> Detector:
    """The engine by itself."""
    recording = SimulatedRecording(facility)
    engine = EngineWatcher(recording.channels, recording.seats(), policy)
    tried = show(recording, [engine], told)
    return detector("engine", engine.alarms(), tried.observed)


def figures(report: Report, plain: Detector) -> list[Figure]:
    """The bars, and who stands beside."""
    rows = {one.name: one for one in report.detectors}
    engine, oracle = rows["engine"], rows["oracle"]
    both, first = engine.value(FALSE).value, engine.value(FALSE_FIRST).value
    found, early = engine.value(RECALL), engine.value(EARLY)
    best, best_early = oracle.value(RECALL).value, oracle.value(EARLY).value
    at = f"oracle {best:.2f} at {oracle.value(FALSE).value:.2f} false a day"
    made = [
        Figure("false alarms per resident-day, tiers 1 and 2", both, "", bar="<= 1", met=both <= 1.0),
        Figure("false alarms per resident-day, tier 1", first, "", bar="<= 0.2", met=first <= 0.2),
        Figure(f"{RECALL} ({found.low:.2f} to {found.high:.2f})", found.value, "", bar=">= 0.85",
               met=found.value >= 0.85),
        Figure("  beside an oracle's", found.value, "", at, found.value / best, ">= 0.9", found.value >= 0.9 * best),
        Figure(f"{EARLY} ({early.low:.2f} to {early.high:.2f})", early.value, "", f"oracle {best_early:.2f}",
               early.value / max(best_early, 1e-9), ">= 0.8", early.value >= 0.8 * best_early),
        Figure("  recall on the first day, nobody known", _recall(engine, report.observed, 0, 1), ""),
        Figure("  recall after the first day", _recall(engine, report.observed, 1, report.observed.days.max()), ""),
        Figure("precision", engine.value("precision").value, "", f"oracle {oracle.value('precision').value:.2f}"),
        Figure("lead before the peak, median", engine.value("lead before the peak, median").value, "s"),
    ]  # fmt: skip
    few = f"literal rules ({LITERAL[0]} residents, {LITERAL[1]} days)"
    rows[few] = plain
    for name in ("own usual", "shared usual", few, "random"):
        one = rows[name]
        beside = f"{one.value(FALSE).value:.2f} false a day"
        made.append(Figure(f"{RECALL}, {name}", one.value(RECALL).value, "", beside))
    hours = sorted(one for one in report.usable_hours if one == one)
    if hours:
        made.append(Figure("hours in view until thresholds speak, median", hours[len(hours) // 2], "h"))
    return made


def stressed(name: str, one: Detector, usual: Detector) -> Figure:
    """One line for a stress; it has no bar."""
    beside = f"{usual.value(ALL).value:.2f} as usual; {one.value(FALSE).value:.2f} false a day"
    return Figure(f"{ALL}, {name}", one.value(ALL).value, "", beside)


def main() -> int:
    """Measure and print. Seeds from 1000 on are for judging; those to 99 are for tuning."""
    parser = argparse.ArgumentParser("python -m tests.bench.facility", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 residents x 4 days, stresses 4 x 3")
    parser.add_argument("--residents", type=int, default=30, help="of the facility with bars, if not quick")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--no-stress", action="store_true")
    asked = parser.parse_args()
    residents, days, few, short = (8, 4, 4, 3) if asked.quick else (asked.residents, asked.days, 10, 7)
    names = () if asked.no_stress else tuple(STRESSES)
    with Progress(console=Console(stderr=True)) as progress:
        total = residents * days + len(names) * few * short + LITERAL[0] * LITERAL[1]
        task = progress.add_task("resident-days", total=total)

        def told(done: int) -> None:
            progress.advance(task, done)

        report = whole(Facility(asked.seed, residents, days), told)
        plain = alone(Facility(asked.seed, *LITERAL), told, literal(Policy()))
        trials = {name: alone(Facility(asked.seed + 1, few, short, STRESSES[name]), told) for name in names}
    target = Path("build/bench")
    target.mkdir(parents=True, exist_ok=True)
    (target / "facility.html").write_text(page(report))
    (target / "facility-evaluation.json").write_text(to_json(report))
    made = [stressed(name, trials[name], trials["as usual"]) for name in names]
    return publish("facility", [*figures(report, plain), *made])


def _recall(engine: Detector, observed: Observed, first: int, last: float) -> float:
    """Of episodes that begin from day `first` to before day `last`."""
    labels = tuple(label for label in observed.labels if first <= label.prodrome_s / DAY_S < last)
    return recall(judge(engine.alarms, replace(observed, labels=labels))).value


if __name__ == "__main__":
    sys.exit(main())
