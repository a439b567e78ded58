"""`python -m edge_agent.bench SOURCE ...`: how many cameras this machine carries, and what each sense costs."""

import argparse
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge_agent.bench.costs import Costs, at, beside_plain, one_pass
from edge_agent.camera import Eyes
from edge_agent.capture.source import Expects, Source, SourceError, SourceUnreadable
from edge_agent.models import ProviderMissing
from edge_agent.preprocess.places import Places
from edge_agent.recorder import complete
from edge_agent.senses import chosen
from edge_agent.sensing.motion import LEAST_FPS, too_slow
from edge_agent.settings import EdgeSettings
from edge_agent.standpoint import standpoint
from services.runtime import logs
from services.runtime.assets import AssetError, Shelf
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode
from services.vocabulary.time import Seconds

MOST_OVERHEAD = 0.15
"""What everything around the models may cost beside a plain loop of the same calls (source: the project's bar)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 measured, 2 something has to change first."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load(EdgeSettings, asked.config)
        logs.configure("bench", "error", "console")
        fps = asked.fps or settings.analysis_fps
        seen_from = standpoint(settings, asked.camera, asked.source)
        places = seen_from.places
        source = replace(_source(asked.source, fps, asked.seconds), masks=places.masks)
        eyes = Eyes(Shelf.open().find, chosen(settings), fps)
        models = complete(eyes.senses(asked.mode, places)).models
        costs, ratio = beside_plain(eyes, asked.mode, source, asked.rounds, places)
        slow = one_pass(eyes, asked.mode, at(source, 1.0), places)
        wall_s = together(eyes, asked.mode, source, places, asked.cameras)
    except (SettingError, SourceError, AssetError, ProviderMissing) as error:
        return refuse(error)
    providers = ", ".join(sorted({model.provider for model in models}))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(_senses(costs, f"{asked.source}: {costs.seconds} s at {fps:g} pictures/s, {asked.mode}, {providers}"))
    for line in (*_lines(costs, slow, ratio, fps, wall_s, asked.cameras), seen_from.line):
        console.print(line, highlight=False)
    return 0


def together(eyes: Eyes, mode: Mode, source: Source, places: Places, cameras: int) -> Seconds:
    """Wall time in which so many cameras, each in its thread as in an agent, are through with `source`."""
    threads = [threading.Thread(target=one_pass, args=(eyes, mode, source, places)) for _ in range(cameras)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def _source(place: str, fps: float, seconds: Seconds) -> Source:
    source = Source(place, analysis_fps=fps, end_s=seconds or None, expects=Expects.EITHER)
    if source.live:
        raise SourceUnreadable(f"{source.place}: a bench plays the same film again and again; save some seconds of the "
                               "camera to a file and name that")  # fmt: skip
    return source


def _senses(costs: Costs, title: str) -> Table:
    table = Table(title=title)
    for heading in ("sense", "runs", "ms each", "of the whole"):
        table.add_column(heading, justify="left" if heading == "sense" else "right")
    for sense in costs.senses:
        each = f"{1e3 * sense.took_s / sense.runs:.2f}" if sense.runs else ""
        table.add_row(sense.title, f"{sense.runs:,}", each, f"{sense.took_s / costs.took_s:.0%}")
    rest = f"{1e3 * costs.decoding_s / max(costs.decoded, 1):.2f}"
    table.add_row("decoding and the rest", f"{costs.decoded:,}", rest, f"{costs.decoding_s / costs.took_s:.0%}")
    return table


def _lines(costs: Costs, slow: Costs, ratio: float, fps: float, wall_s: Seconds, cameras: int) -> list[str]:
    over = ratio - 1.0
    pace = costs.seconds / wall_s
    verdict = "" if over <= MOST_OVERHEAD else f", more than {MOST_OVERHEAD:.0%}"
    off = [reason for reason in (too_slow(fps),) if reason]
    return [
        *off,
        f"pictures: {costs.decoded:,} decoded, {costs.analysed:,} looked at",
        f"one camera keeps {costs.load:.0%} of one core busy: {1 / costs.load:.1f} times real time",
        f"around the models: {over:+.1%} over a plain loop of the same decoding, resizing, flow and session calls"
        f"{verdict}",
        f"{cameras} together: {pace:.1f} times real time{'' if pace >= 1 else ': too many for this machine'}",
        f"one core carries {1 / costs.load:.0f} cameras at {fps:g} pictures/s (limit: {costs.limit}), "
        f"{1 / slow.load:.0f} at 1 picture/s (limit: {slow.limit}), where motion is off: "
        f"it needs {LEAST_FPS:g} pictures/s",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune edge bench", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.OBSERVABLES)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--fps", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--camera", default="")
    return parser


if __name__ == "__main__":
    sys.exit(main())
