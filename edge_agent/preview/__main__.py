"""`python -m edge_agent.preview SOURCE --out annotated.mp4`: what the senses see, for whoever hangs up a camera."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from edge_agent.preview.looks import Looks
from edge_agent.scoring import Scorer, Scores
from edge_agent.senses import chosen
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.vocalisation import leaving
from edge_agent.settings import EdgeSettings
from edge_agent.standpoint import Standpoint, standpoint
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
        seen_from = standpoint(settings, asked.camera, asked.source)
        source = Source(
            asked.source, end_s=asked.seconds or None, analysis_fps=asked.fps or settings.analysis_fps,
            masks=seen_from.places.masks,
        )  # fmt: skip
        eyes = Eyes(Shelf.open().find, chosen(settings), 0.0)
        _writable(asked.out)
        total, console = asked.seconds or length_s(source), Console(stderr=True, soft_wrap=True)
        console.print(seen_from.line, highlight=False, markup=False)
        with film(asked.out, BANNER) as made, _progress(console) as bar:
            task = bar.add_task("drawing", total=total)
            for image, time_s in previewed(eyes, asked.mode, source, seen_from, stop):
                made.add(image, time_s)
                bar.update(task, completed=time_s)
                if asked.seconds and time_s >= asked.seconds:
                    break
    except (SettingError, SourceError, AssetError, ProviderMissing, Nowhere) as error:
        return refuse(error)
    print(f"drawn: {asked.out}; {BANNER.lower()}")  # noqa: T201
    return 0


@dataclass(frozen=True, slots=True)
class _Artist:
    """What one camera's pictures are drawn over with: its scorer, its faces, its looks at bodies, its places."""

    scorer: Scorer
    faces: Faces | None
    looks: Looks
    seen_from: Standpoint


def previewed(
    eyes: Eyes, mode: Mode, source: Source, seen_from: Standpoint, stop: threading.Event
) -> Iterator[tuple[Image, Seconds]]:
    """Every picture of `source`, which has the masks of `seen_from`, that is looked at, drawn over, with its time.

    Raises:
        SourceError: it cannot be read.
    """
    scorer = eyes.scorer(mode, seen_from.places)
    faces = next((sense for sense in scorer.senses if isinstance(sense, Faces)), None)
    artist = _Artist(scorer, faces, Looks(scorer.senses), seen_from)
    captured = patient(source, stop) if source.live else decode(source, Counts())
    for window in windows(captured):
        if stop.is_set():
            return
        yield from _drawn(window, artist)


def _drawn(window: Window, artist: _Artist) -> Iterator[tuple[Image, Seconds]]:
    scorer, places = artist.scorer, artist.seen_from.places
    scores = scorer.score(window)
    values = dict(zip(scorer.channels, scores.values, strict=True))
    cues = leaving(scores.cues, scorer.mode)
    for frame in window.frames:
        seen = artist.faces.find(frame) if artist.faces else []
        look = artist.looks.at(frame.pts_s)
        bodies = look.bodies if look else ()
        held = look is not None and look.pts_s < frame.pts_s
        drawn = Drawn(frame.image, seen, bodies, values, cues, _line(scores, artist.seen_from), places, held)
        yield draw(drawn), frame.pts_s


def _line(scores: Scores, seen_from: Standpoint) -> str:
    people = "nobody counted" if scores.persons < 0 else f"{scores.persons} in view"
    silent = [f"{gap.sense.value}: {gap.reason.value.replace('_', ' ')}" for gap in scores.gaps]
    whose = f"{seen_from.camera}: {seen_from.places}" if seen_from.camera else "no camera's masks, zone or bed_area"
    return "\n".join([whose, f"second {scores.time_s:.0f}, {people}, quality {scores.quality:.2f}", *silent])


def _writable(out: Path) -> None:
    if out.suffix.lower() != ".mp4":
        raise Nowhere(f"--out {out.name!r}: expected a name that ends in .mp4")
    if not out.absolute().parent.is_dir():
        raise Nowhere(f"--out: there is no folder {out.absolute().parent}")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune edge preview", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.OBSERVABLES)
    parser.add_argument("--fps", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--camera", default="")
    return parser


if __name__ == "__main__":
    sys.exit(main())
