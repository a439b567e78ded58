"""What one camera costs: the default senses on 28 seconds of 720p with sound, beside a plain loop and decoding."""

import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

from edge_agent.bench.costs import Costs, at, beside_plain, one_pass
from edge_agent.camera import Eyes
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.source import Source
from edge_agent.sensing.motion import LEAST_FPS
from edge_agent.sensing.roster import Choice, Rates
from services.runtime.assets import Shelf
from services.vocabulary import Mode
from tests.bench.table import Figure, publish

START_S, END_S, FPS = 14.0, 42.0, 5.0
WIDTH, HEIGHT = 1280, 720
MOST_LOAD, MOST_OVERHEAD = 0.6, 0.15


def enlarged(clip: Path, target: Path) -> None:
    """Seconds 14 to 42 of the demonstration clip as a camera of today would send them: H.264 at 720p, with sound."""
    with av.open(str(clip)) as old, av.open(str(target), "w") as new:
        old.seek(int(START_S * av.time_base))
        film = new.add_stream("h264", rate=25, options={"preset": "veryfast"})
        film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = new.add_stream("aac", rate=16_000, layout="mono")
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000)
        pictures = 0
        for frame in old.decode(old.streams.video[0], old.streams.audio[0]):
            if not START_S <= (frame.time or 0.0) < END_S:
                continue
            if isinstance(frame, av.VideoFrame):
                larger = frame.reformat(WIDTH, HEIGHT, "yuv420p")
                larger.pts, larger.time_base, pictures = pictures, Fraction(1, 25), pictures + 1
                new.mux(film.encode(larger))
            else:
                for chunk in resampler.resample(frame):
                    chunk.pts = None
                    new.mux(sound.encode(chunk))
        new.mux(film.encode(None))
        new.mux(sound.encode(None))


def decoding_s(source: Source, seconds: int) -> float:
    """Processor seconds per second of film for decoding pictures and sound alone."""
    began = time.process_time()
    for _ in decode(source, Counts()):
        pass
    return (time.process_time() - began) / seconds


def main() -> int:
    """Measure and print; processor time, so that a busy machine counts less."""
    shelf = Shelf.open()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "720p.mp4"
        enlarged(shelf.find("demo_open_56s.mp4"), clip)
        source = Source(str(clip), analysis_fps=FPS)
        eyes = Eyes(shelf.find, Choice(passes=1), FPS)
        costs, ratio = beside_plain(eyes, Mode.AFFECT, source, 5)
        bare = min(decoding_s(source, costs.seconds) for _ in range(3))
        slow = one_pass(eyes, Mode.AFFECT, at(source, 1.0))
        every = Rates(faces=FPS, expression=FPS, blendshapes=FPS, pose=FPS)
        each = Eyes(shelf.find, Choice(every, passes=1), FPS)
        often, often_ratio = beside_plain(each, Mode.AFFECT, source, 5, looks=FPS)
        augmented = one_pass(Eyes(shelf.find, Choice(), FPS), Mode.AFFECT, source)
    what = "the same, each face looked at five times"
    figures = _figures(costs, slow, ratio, bare)
    figures.insert(1, Figure(what, augmented.load, "core s per s", "once", augmented.load / costs.load))
    return publish("edge", figures + _every_picture(often, often_ratio, costs))


def _every_picture(often: Costs, ratio: float, costs: Costs) -> list[Figure]:
    """Every sense on every one of the pictures, where at the shipped rates only motion is."""
    figures = [
        Figure(f"one 720p camera, every sense {FPS:g} times a second", often.load, "core s per s", "the shipped rates",
               often.load / costs.load, f"{MOST_LOAD}", often.load <= MOST_LOAD),
        Figure(f"around the models, {FPS:g} times a second", 100 * (ratio - 1), "%", "a plain loop of the same calls",
               ratio, f"{1 + MOST_OVERHEAD}", ratio <= 1 + MOST_OVERHEAD),
    ]  # fmt: skip
    for sense in often.senses:
        runs = max(sense.runs, 1)
        what = f"{sense.title}, {FPS:g} times a second, {runs} runs"
        figures.append(Figure(what, 1e3 * sense.took_s / runs, "ms per run", "the whole", sense.took_s / often.took_s))
    return figures


def _figures(costs: Costs, slow: Costs, ratio: float, bare: float) -> list[Figure]:
    figures = [
        Figure(f"one 720p camera, all senses, {FPS:g} pictures/s", costs.load, "core s per s", "one core", costs.load,
               f"{MOST_LOAD}", costs.load <= MOST_LOAD),
        Figure("decoding alone", bare, "core s per s", "the whole", bare / costs.load),
        Figure("around the models", 100 * (ratio - 1), "%", "a plain loop of the same calls", ratio,
               f"{1 + MOST_OVERHEAD}", ratio <= 1 + MOST_OVERHEAD),
        Figure(f"cameras on one core at 1 picture/s, without motion, which needs {LEAST_FPS:g}", 1 / slow.load,
               "cameras", f"limit: {slow.limit}"),
    ]  # fmt: skip
    figures.append(Figure("pictures looked at", costs.analysed, "pictures", f"{costs.decoded} decoded",
                          costs.analysed / costs.decoded))  # fmt: skip
    for sense in costs.senses:
        runs = max(sense.runs, 1)
        share = sense.took_s / costs.took_s
        figures.append(
            Figure(f"{sense.title}, {runs} runs", 1e3 * sense.took_s / runs, "ms per run", "the whole", share)
        )
    return figures


if __name__ == "__main__":
    sys.exit(main())
