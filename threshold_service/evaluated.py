"""`python -m threshold_service.evaluated`, which `attune evaluate` starts: the engine on labelled scores, judged."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.evaluation.experiment import experiment
from services.evaluation.figures_json import to_json
from services.evaluation.oracle import OracleWatcher
from services.evaluation.page import page
from services.evaluation.recording import Recording
from services.evaluation.report import Report
from services.evaluation.simulated import SimulatedRecording
from services.evaluation.trial import Whom, evaluate
from services.runtime.settings import SettingError
from services.simulator.facility import Facility
from services.vocabulary import Policy
from threshold_service import evaluated_learning
from threshold_service.evaluated_engine import EngineWatcher, literal
from threshold_service.evaluated_table import show
from threshold_service.policy import read_policy
from threshold_service.simulated_files import FolderUnreadable, WrittenRecording, groups

LEARNED, BESIDE = "learned opinion", "the other policy"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the process."""
    asked = _parser().parse_args(arguments)
    errors = Console(stderr=True)
    try:
        policies = Policies(read_policy(asked.policy), _beside(asked))
        if asked.recording is None:
            report = simulated(Facility(asked.seed, asked.residents, asked.days), policies, errors, not asked.no_oracle)
        else:
            report = written(WrittenRecording(asked.recording), asked.recording.name, policies, errors)
    except (SettingError, FolderUnreadable) as error:
        errors.print(f"[red]{error}")
        return 2
    console = Console(width=None if sys.stdout.isatty() else 150)
    show(replace(report, facts=tuple(fact for fact in report.facts if fact[0] != LEARNED)), console)
    console.print(dict(report.facts)[LEARNED])
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, text in (("evaluation.json", to_json(report)), ("evaluation.html", page(report))):
        (asked.out / name).write_text(text)
    console.print(f"Written: evaluation.json and the page evaluation.html in {asked.out}")
    return 0


class Policies(NamedTuple):
    """The one to try, and another that the engine runs under beside it, where one is asked for."""

    tried: Policy
    beside: Policy | None = None


def simulated(facility: Facility, policies: Policies, console: Console, oracle: bool = True) -> Report:
    """The engine under `policies` on a simulated facility, beside its peers."""
    recording = SimulatedRecording(facility)
    title = f"{facility.residents} simulated residents, {facility.days} days, seed {facility.seed}"
    whom = Whom(groups(facility), recording.going_on)
    return _tried(title, recording, policies, whom, OracleWatcher(facility) if oracle else None, console)


def written(recording: WrittenRecording, name: str, policies: Policies, console: Console) -> Report:
    """The engine under `policies` on scores that were written down with labels; nobody knows how they were made."""
    return _tried(name, recording, policies, Whom(recording.groups, recording.going_on), None, console)


def _tried(
    title: str, recording: Recording, policies: Policies, whom: Whom, oracle: OracleWatcher | None, console: Console
) -> Report:
    """The engine, beside it the engine without what it learned of episodes, under the plain rules, and under another
    policy."""
    residents, policy = len(recording.seats()), policies.tried
    tried, alone, plain = (
        EngineWatcher(recording.channels, recording.seats(), one)
        for one in (policy, evaluated_learning.deaf(policy), literal(policy))
    )
    facts: tuple[tuple[str, str], ...] = (("policy", policy.version),)
    beside = {evaluated_learning.WITHOUT: alone, "literal rules": plain}
    if policies.beside is not None:
        facts = (*facts, ("beside it", policies.beside.version))
        beside[BESIDE] = EngineWatcher(recording.channels, recording.seats(), policies.beside)
    with _bar(console, residents * recording.days) as told:
        report = evaluate(title, recording, tried, beside, oracle, facts, whom, told)
    rows = {one.name: one for one in report.detectors}
    learned = (
        LEARNED, evaluated_learning.told(rows["engine"], rows[evaluated_learning.WITHOUT], report.observed)
    )  # fmt: skip
    compared = experiment(rows[BESIDE].alarms, rows["engine"].alarms, report.observed) if BESIDE in rows else ()
    return replace(report, facts=(*report.facts, learned), experiment=compared)


def _beside(asked: argparse.Namespace) -> Policy | None:
    """`shipped` names the policy that is shipped."""
    if asked.beside is None:
        return None
    return read_policy(None if asked.beside == "shipped" else Path(asked.beside))


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("resident-days", total=total)
        yield lambda done: progress.advance(task, done)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m threshold_service.evaluated", description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?", help="a folder that attune simulate wrote")
    parser.add_argument("--residents", type=int, default=10)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="0 to 99 are for tuning; judge with 1000 and above")
    parser.add_argument("--policy", type=Path, default=None)
    parser.add_argument("--beside")
    parser.add_argument("--out", type=Path, default=Path("var/evaluation"))
    parser.add_argument("--no-oracle", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
