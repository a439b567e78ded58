"""`python -m edge_agent.facility`, which `attune simulate --into` starts: a facility that never was, told live."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from edge_agent.identity import Identity
from edge_agent.played import DAY_S, AnotherFacility, Play, Told, Truth
from edge_agent.settings import EdgeSettings
from edge_agent.spool import Spool
from edge_agent.spool_errors import SpoolError
from edge_agent.uplink import Refused, Uplink
from services.runtime.clock import Clock, SystemClock
from services.runtime.lifecycle import refuse, run, until
from services.runtime.settings import SettingError, load
from services.runtime.version import SOFTWARE
from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Seconds

PATIENCE_S: Seconds = 30.0
"""A service that takes nothing for so long is called away: time enough for one that is started again."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


class ServiceAway(RuntimeError):
    """Nobody answers at the address, or who answers takes nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the process: 0 all is durable there, 1 it could not be told, 2 refused before anything was
    told, 130 interrupted."""
    asked, clock = _parser().parse_args(arguments), SystemClock()
    console = Console(stderr=True, soft_wrap=True)
    excitement = replace(Excitement(), per_day=asked.episodes_per_day)
    parameters = replace(Parameters(), excitement=excitement, benign=asked.benign, atypical=asked.atypical)
    facility = Facility(asked.seed, asked.residents, asked.days, parameters)
    agent = f"simulated-{facility.seed}"
    try:
        settings = load(EdgeSettings)
        spool = Spool(Path("var/simulated") / f"{agent}-into-{asked.into.replace(':', '-').replace('/', '-')}.db")
        truth = Truth.of(facility, asked.start, clock.now(), spool)
    except (SettingError, AnotherFacility, SpoolError) as error:
        return refuse(error)
    identity = Identity(agent, SOFTWARE, settings.token, "UTC", facility.channels, truth.seats(agent))
    uplink = Uplink(asked.into, identity, spool, clock, tuple)
    told = Told(Play(truth, spool, clock, asked.speed), uplink, asked.into, agent, asked.patience)
    status: list[int] = []

    async def tell(stop: asyncio.Event) -> None:
        try:
            status.append(0 if await _tell(told, clock, console, stop) else INTERRUPTED)
        except (Refused, ServiceAway, SpoolError) as error:
            console.print(f"[red]{error}", highlight=False)
            status.append(1)
        finally:
            spool.close()

    quiet = settings.model_copy(update={"log_level": "error", "log_format": "console"})
    return run("simulate", quiet, tell) or status[0]


async def _tell(told: Told, clock: Clock, console: Console, stop: asyncio.Event) -> bool:
    """Play until all is durable or `stop` is set; whether all is.

    Raises:
        Refused, ServiceAway, SpoolError: it cannot be told.
    """
    truth, hang_up = told.play.truth, asyncio.Event()
    if told.finished:
        console.print(f"{told.server} has taken all {truth.total:,} samples of this facility before. Another --seed is "
                      f"another facility; to tell this one to an empty ledger, delete {told.play.file}")  # fmt: skip
        return True
    if told.play.newest:
        console.print(f"Going on after sample {told.play.newest:,}")
    talking = asyncio.create_task(told.uplink.run(hang_up))
    share = TextColumn("{task.percentage:.1f} %")
    columns = TextColumn("{task.description}"), BarColumn(), share, TimeRemainingColumn()
    try:
        with Progress(*columns, console=console) as bar:
            await _go_on(told, clock, bar, talking, stop)
    finally:
        hang_up.set()
        await asyncio.wait([talking])
    talking.result()
    if not told.finished:
        console.print(f"Stopped: {told.durable:,} of {truth.total:,} samples are durable; the same command goes on.")
    else:
        people, days = truth.facility.residents, truth.facility.days
        console.print(f"{told.server} has made all {truth.total:,} samples durable: {people} residents of agent "
                      f"{told.agent}, {days} days from {truth.first_day}")  # fmt: skip
    return told.finished


async def _go_on(told: Told, clock: Clock, bar: Progress, talking: "asyncio.Task[None]", stop: asyncio.Event) -> None:
    task = bar.add_task("", total=told.play.truth.total)
    heard, since = -1, clock.monotonic()
    while not (told.finished or talking.done() or stop.is_set()):
        await asyncio.to_thread(told.play.write)
        if heard != (moved := told.uplink.sent + told.uplink.acknowledged) or told.uplink.drained:
            heard, since = moved, clock.monotonic()
        if clock.monotonic() - since > told.patience_s:
            raise ServiceAway(_away(told))
        _show(told, bar, task)
        await until(stop, 0.02)
    _show(told, bar, task)


def _away(told: Told) -> str:
    waited = f"for {told.patience_s:g} s"
    if told.uplink.sent:
        return (f"{told.server} has taken nothing {waited}. {told.durable:,} samples are durable; the same command "
                "goes on from there when it is back")  # fmt: skip
    return (f"nobody answers at {told.server} {waited}: `attune run threshold` starts the service, and its /readyz "
            "says when it listens")  # fmt: skip


def _show(told: Told, bar: Progress, task: TaskID) -> None:
    truth = told.play.truth
    day, second = divmod(told.durable // truth.facility.residents, DAY_S)
    clock = f"{second // 3600:02d}:{second % 3600 // 60:02d}"
    where = "the end" if day >= truth.facility.days else f"day {day + 1} of {truth.facility.days}, {clock}"
    bar.update(task, completed=told.durable, description=f"{where}, {told.durable:,} samples durable")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m edge_agent.facility", description=__doc__)
    usual = Parameters()
    parser.add_argument("--into", required=True)
    parser.add_argument("--speed", type=float, default=0.0)
    parser.add_argument("--patience", type=float, default=PATIENCE_S)
    parser.add_argument("--start", type=_midnight, default=None)
    parser.add_argument("--residents", type=int, default=5)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--episodes-per-day", type=float, default=usual.excitement.per_day)
    parser.add_argument("--benign", type=float, default=usual.benign)
    parser.add_argument("--atypical", type=float, default=usual.atypical)
    return parser


def _midnight(text: str) -> float:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp()


if __name__ == "__main__":
    sys.exit(main())
