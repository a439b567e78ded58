"""`python -m threshold_service.staged`, which `attune train synthesize` starts: the real engine on staged lives."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.evaluation.recording import DAY_S
from services.evaluation.simulated import SimulatedRecording
from services.runtime import codec, wire
from services.runtime.batch import Batch
from services.simulator.staged import Moment, Stage, StagedFacility, moment
from services.vocabulary import Event, Policy
from threshold_service.engine import Engine
from threshold_service.evaluated_engine import EPOCH, START, batch

PLAN, MOMENTS = "plan.jsonl", "moments"
AGENT = "staged"
CHUNK_S = 3600


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the process: 0 everything was played, 2 the plan cannot be, 130 interrupted."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True, highlight=False)
    try:
        stages = read_plan(asked.folder / PLAN)
        play(stages, asked.folder, asked.workers, console)
    except (OSError, codec.CodecError, ValueError) as error:
        console.print(f"attune: {asked.folder}: {error}", markup=False)
        return 2
    except BrokenProcessPool:
        console.print("attune: a process that played was killed (memory?); the same command goes on, fewer --workers "
                      "need less")  # fmt: skip
        return 2
    except KeyboardInterrupt:
        console.print("attune: interrupted; the same command goes on from here")
        return 130
    return 0


def read_plan(file: Path) -> list[Stage]:
    """One stage a line.

    Raises:
        OSError, CodecError: there is none, or it is none.
    """
    return [codec.from_json(Stage, line) for line in file.read_text(encoding="utf-8").splitlines()]


def play(stages: Sequence[Stage], folder: Path, workers: int, console: Console) -> None:
    """Every stage that was not played yet, each in a file of its own, some at a time."""
    (folder / MOMENTS).mkdir(exist_ok=True)
    todo = [(stage, file_of(folder, at)) for at, stage in enumerate(stages) if not file_of(folder, at).exists()]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("stages played", total=len(stages), completed=len(stages) - len(todo))
        for _ in _played(todo, workers):
            progress.advance(task)


def _played(todo: Sequence[tuple[Stage, Path]], workers: int) -> Iterator[None]:
    if workers == 1 or len(todo) < 2:
        for stage, file in todo:
            write(stage, file)
            yield
        return
    with ProcessPoolExecutor(workers) as pool:
        try:
            for done in as_completed([pool.submit(write, stage, file) for stage, file in todo]):
                yield done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def write(stage: Stage, file: Path) -> None:
    """The moments of one stage, whole or not at all."""
    arriving = file.with_suffix(".arriving")
    arriving.write_text("".join(f"{codec.to_json(one)}\n" for one in moments(stage)), encoding="utf-8")
    os.replace(arriving, file)


def moments(stage: Stage) -> list[Moment]:
    """What the live service would ask about: of each event its last revision while it was open, which is that of its
    highest tier."""
    facility = stage.facility()
    known: dict[str, Event] = {}

    def hear(events: Sequence[Event]) -> None:
        for event in events:
            if event.open:
                known[event.id] = event

    watch(facility, hear)
    return [moment(facility, event, event.opened_at - START) for event in known.values()]


def watch(facility: StagedFacility, hear: Callable[[Sequence[Event]], None]) -> None:
    """Every second of everybody through an engine under the shipped policy, as the wire carries it."""
    recording = SimulatedRecording(facility)
    engine = Engine(recording.channels, recording.seats(), Policy(), AGENT, EPOCH)
    for day in range(facility.days):
        block = recording.block(day)
        for begin in range(0, DAY_S, CHUNK_S):
            hear(engine.judge(carried(batch(block, begin, begin + CHUNK_S), len(recording.channels))).events)


def carried(samples: Batch, channels: int) -> Batch:
    """Samples as they arrive: the wire has half of the digits of some numbers."""
    return wire.batch_from_wire(wire.batch_to_wire(samples), channels, int(samples.seats.max()) + 1)


def file_of(folder: Path, stage: int) -> Path:
    """Where the moments of a stage lie."""
    return folder / MOMENTS / f"{stage:05d}.jsonl"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m threshold_service.staged", description=__doc__)
    parser.add_argument("folder", type=Path, help=f"holds {PLAN}; {MOMENTS}/ is written there")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    return parser


if __name__ == "__main__":
    sys.exit(main())
