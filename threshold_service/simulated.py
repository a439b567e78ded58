"""`python -m threshold_service.simulated`, which `attune simulate` starts: writes a facility that never was."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from threshold_service import simulated_files


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the process."""
    asked = _parser().parse_args(arguments)
    excitement = replace(Excitement(), per_day=asked.episodes_per_day)
    parameters = replace(Parameters(), excitement=excitement, benign=asked.benign, atypical=asked.atypical)
    facility = Facility(asked.seed, asked.residents, asked.days, parameters)
    console = Console(stderr=True)
    if asked.out.exists() and any(asked.out.iterdir()):
        console.print(f"[red]{asked.out} is not empty: name a new folder, or empty it")
        return 2
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("resident-days", total=facility.residents * facility.days)
        simulated_files.write(facility, asked.out, lambda done: progress.advance(task, done))
    episodes = sum(len(facility.happenings(resident)) for resident in range(facility.residents))
    console.print(f"Written to {asked.out}: {asked.residents} residents, {asked.days} days, {episodes} episodes. "
                  f"Judge the engine on it with: attune evaluate {asked.out}")  # fmt: skip
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m threshold_service.simulated", description=__doc__)
    usual = Parameters()
    parser.add_argument("--residents", type=int, default=5)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--episodes-per-day", type=float, default=usual.excitement.per_day)
    parser.add_argument("--benign", type=float, default=usual.benign)
    parser.add_argument("--atypical", type=float, default=usual.atypical)
    parser.add_argument("--out", type=Path, default=Path("var/facility"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
