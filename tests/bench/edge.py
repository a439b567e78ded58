"""What one camera costs: every sense on seconds 14 to 42 of the demonstration clip, beside decoding alone."""

import sys
import time
from pathlib import Path

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.source import Source
from edge_agent.scoring import Scorer
from edge_agent.sensing.roster import roster
from services.runtime.assets import Shelf
from services.vocabulary import Mode
from tests.bench.table import Figure, publish

START_S, END_S, FPS = 14.0, 42.0, 8.0


def decode_only(clip: Path) -> float:
    """Processor seconds per second of clip for decoding pictures and sound."""
    began = time.process_time()
    for _ in decode(Source(str(clip), START_S, END_S, analysis_fps=FPS), Counts()):
        pass
    return (time.process_time() - began) / (END_S - START_S)


def main() -> int:
    """Measure and print; processor time, so that a busy machine does not count."""
    shelf = Shelf.open()
    clip = shelf.find("demo_open_56s.mp4")
    bare = min(decode_only(clip) for _ in range(3))
    senses = roster(shelf.find, Mode.AFFECT).senses
    scorer = Scorer(senses, Mode.AFFECT, monotonic=time.thread_time)
    began = time.process_time()
    seconds = sum(1 for _ in scorer.run(decode(Source(str(clip), START_S, END_S, analysis_fps=FPS), Counts())))
    whole = (time.process_time() - began) / seconds
    figures = [
        Figure("one camera, all senses, affect mode", whole, "core s per s", "1.0 (real time on one core)", whole),
        Figure("decoding alone", bare, "core s per s", "the whole", bare / whole),
    ]
    for title, took in scorer.seconds.items():
        runs = max(scorer.inferences[title], 1)
        ms = 1e3 * took / runs
        figures.append(Figure(f"{title}, {runs} runs", ms, "ms per run", "the whole", took / seconds / whole))
    return publish("edge", figures)


if __name__ == "__main__":
    sys.exit(main())
