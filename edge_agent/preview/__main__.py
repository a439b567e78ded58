"""`python -m edge_agent.preview SOURCE --out annotated.mp4`: what the senses see, for whoever hangs up a camera."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from edge_agent.camera import Eyes
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Image
from edge_agent.capture.opening import length_s
from edge_agent.capture.patient import patient
from edge_agent.capture.source import Source, SourceError
from edge_agent.capture.windows import Window, windows
from edge_agent.models import ProviderMissing
from edge_agent.preview.drawing import BANNER, Drawn, draw
from edge_agent.preview.film import film
from edge_agent.scoring import Scorer, Scores
from edge_agent.senses import chosen
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.pose import Pose
from edge_agent.sensing.vocalisation import leaving
from edge_agent.settings import EdgeSettings
from services.runtime import logs
from services.runtime.assets import AssetError, Shelf
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode
from services.vocabulary.time import Seconds


class Nowhere(ValueError):
    """A name that no film can be written to; says what was expected."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 drawn, 2 something has to change first."""
    asked = _parser().parse_args(arguments)
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    try:
        settings = load(EdgeSettings, asked.config)
        logs.configure("preview", "error", "console")
        source = Source(asked.source, end_s=asked.seconds or None, analysis_fps=asked.fps or settings.analysis_fps)
        eyes = Eyes(Shelf.open().find, chosen(settings), 0.0)
        _writable(asked.out)
        total = asked.seconds or length_s(source)
        with film(asked.out, BANNER) as made, _progress() as bar:
            task = bar.add_task("drawing", total=total)
            for image, time_s in previewed(eyes, asked.mode, source, stop):
                made.add(image, time_s)
                bar.update(task, completed=time_s)
                if asked.seconds and time_s >= asked.seconds:
                    break
    except (SettingError, SourceError, AssetError, ProviderMissing, Nowhere) as error:
        return refuse(error)
    print(f"drawn: {asked.out}; {BANNER.lower()}")  # noqa: T201
    return 0


def previewed(eyes: Eyes, mode: Mode, source: Source, stop: threading.Event) -> Iterator[tuple[Image, Seconds]]:
    """Every picture that is looked at, drawn over, with its time.

    Raises:
        SourceError: it cannot be read.
    """
    found = eyes.senses(mode)
    scorer = Scorer(found.senses, mode, monotonic=time.perf_counter)
    faces = next((sense for sense in found.senses if isinstance(sense, Faces)), None)
    pose = next((sense for sense in found.senses if isinstance(sense, Pose)), None)
    captured = patient(source, stop) if source.live else decode(source, Counts())
    for window in windows(captured):
        if stop.is_set():
            return
        yield from _drawn(window, scorer, faces, pose)


def _drawn(window: Window, scorer: Scorer, faces: Faces | None, pose: Pose | None) -> Iterator[tuple[Image, Seconds]]:
    scores = scorer.score(window)
    values = dict(zip(scorer.channels, scores.values, strict=True))
    cues = leaving(scores.cues, scorer.mode)
    for frame in window.frames:
        seen = faces.find(frame) if faces else []
        bodies = [person.skeleton for person in pose.find(frame)] if pose else []
        yield draw(Drawn(frame.image, seen, bodies, values, cues, _line(scores))), frame.pts_s


def _line(scores: Scores) -> str:
    people = "nobody counted" if scores.persons < 0 else f"{scores.persons} in view"
    silent = [f"{gap.sense.value}: {gap.reason.value.replace('_', ' ')}" for gap in scores.gaps]
    return "\n".join([f"second {scores.time_s:.0f}, {people}, quality {scores.quality:.2f}", *silent])


def _writable(out: Path) -> None:
    if out.suffix.lower() != ".mp4":
        raise Nowhere(f"--out {out.name!r}: expected a name that ends in .mp4")
    if not out.absolute().parent.is_dir():
        raise Nowhere(f"--out: there is no folder {out.absolute().parent}")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune edge preview", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.OBSERVABLES)
    parser.add_argument("--fps", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--config", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
