"""`python -m edge_agent.record_scores SOURCE --out FILE ...`: what the senses say of a recording, as a table."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from edge_agent.camera import Eyes
from edge_agent.capture.opening import length_s
from edge_agent.capture.source import SourceError
from edge_agent.models import ProviderMissing
from edge_agent.recorder import Recorder
from edge_agent.score_file import ScoreFile, Unwritable, score_file
from edge_agent.scoring import Scores
from edge_agent.senses import chosen
from edge_agent.settings import EdgeSettings
from edge_agent.standpoint import standpoint
from edge_agent.takes import Take, Takes, takes
from services.runtime import logs
from services.runtime.assets import AssetError, Shelf
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode
from services.vocabulary.time import Seconds, UnixSeconds

AT_ONCE = 600
"""Rows of a long recording that are written together."""
MOST_NAMED = 12
"""Files that could not be read, by name, at the end."""


@dataclass(slots=True)
class Told:
    """What was recorded so far."""

    rows: int = 0
    unread: int = 0
    stopped: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 all recorded, 1 some could not be read and the rest is recorded, 2 nothing could be."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True, soft_wrap=True)
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    began = time.monotonic()
    try:
        settings = load(EdgeSettings, asked.config)
        logs.configure("record-scores", "error", "console")
        seen_from = standpoint(settings, asked.camera, asked.source)
        found = takes(asked.source, asked.resident, asked.fps or settings.analysis_fps)
        eyes = Eyes(Shelf.open().find, chosen(settings), 0.0)
        recorder = Recorder(eyes, asked.mode, asked.began, asked.seconds, stop, seen_from.places)
        console.print(seen_from.line, highlight=False, markup=False)
        with score_file(asked.out, recorder.channels, recorder.affect_source) as file, _progress(console) as bar:
            told = _record(found, recorder, file, bar, console)
    except (SettingError, SourceError, Unwritable, AssetError, ProviderMissing) as error:
        return refuse(error)
    _say(asked.out, recorder, found, told, time.monotonic() - began)
    return int(told.unread > 0)


def _record(found: Takes, recorder: Recorder, file: ScoreFile, bar: Progress, console: Console) -> Told:
    told, single = Told(), len(found.found) == 1
    total = length_s(found.found[0].source) if single else float(len(found.found))
    task = bar.add_task("", total=total)
    problems: list[str] = []
    for take in found.found:
        try:
            _one(take, recorder, file, told, lambda done: _show(bar, task, told, done if single else None))
        except SourceError as error:
            if single and not told.rows:
                raise
            told.unread += 1
            problems.append(str(error))
        if recorder.stop.is_set():
            told.stopped = True
            break
        _show(bar, task, told, None if single else bar.tasks[task].completed + 1)
    for problem in problems[:MOST_NAMED]:
        console.print(f"[yellow]not read:[/] {problem}", highlight=False)
    if len(problems) > MOST_NAMED:
        console.print(f"[yellow]not read:[/] {len(problems) - MOST_NAMED} more")
    if problems and not told.rows:
        raise SourceError(f"none of the {len(found.found)} files could be read: {problems[0]}")
    return told


def _one(take: Take, recorder: Recorder, file: ScoreFile, told: Told, show: Callable[[Seconds], None]) -> None:
    """Write one recording; what was seen before it broke off is written too."""
    seconds = recorder.scores(take)
    while True:
        rows: list[tuple[UnixSeconds, Scores]] = []
        try:
            for row in islice(seconds, AT_ONCE):
                rows.append(row)
                show(row[1].time_s)
        finally:
            file.write(take.resident, [when for when, _ in rows], [scores for _, scores in rows])
            told.rows += len(rows)
        if len(rows) < AT_ONCE:
            return


def _show(bar: Progress, task: TaskID, told: Told, done: float | None) -> None:
    bar.update(task, completed=done, description=f"{told.rows:,} rows")


def _progress(console: Console) -> Progress:
    share = TextColumn("{task.percentage:.0f} %")
    return Progress(TextColumn("{task.description}"), BarColumn(), share, TimeRemainingColumn(), console=console)


def _say(out: Path, recorder: Recorder, found: Takes, told: Told, took_s: Seconds) -> None:
    pace = f"{told.rows / max(took_s, 1e-3):.1f} seconds of recording in one"
    lines = [
        f"written: {out}: {told.rows:,} rows of {len(found.found) - told.unread} recordings, {len(recorder.channels)} "
        f"channels and 12 cues, on {', '.join(recorder.providers)}; {pace}",
    ]
    if told.stopped:
        lines.append("stopped before the end: what was seen until then is written")
    if found.passed_over:
        lines.append(f"{found.passed_over} files of the folder are neither picture, film nor sound")
    lines.append(f"next: attune score {out} --time time --resident resident --out scored.parquet")
    print("\n".join(lines))  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune edge record-scores", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.OBSERVABLES)
    parser.add_argument("--resident", default="")
    parser.add_argument("--began", type=_when, default=0.0)
    parser.add_argument("--fps", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--camera", default="")
    return parser


def _when(text: str) -> UnixSeconds:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


if __name__ == "__main__":
    sys.exit(main())
