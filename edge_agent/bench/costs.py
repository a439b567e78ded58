"""What the senses take on one film: processor time by sense, and altogether beside a plain loop."""

import time
from dataclasses import dataclass, replace
from statistics import median

from edge_agent.bench.plain import LOOKS, Plain
from edge_agent.camera import Eyes
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.source import Source
from edge_agent.preprocess.places import UNPLACED, Places
from services.vocabulary import Mode
from services.vocabulary.time import Seconds


@dataclass(frozen=True, slots=True)
class Spent:
    """One sense: how often its models ran, and the processor time it took altogether."""

    title: str
    runs: int
    took_s: Seconds


@dataclass(frozen=True, slots=True)
class Costs:
    """One pass: `seconds` of film, pictures decoded and looked at, and processor time, of it for the senses."""

    seconds: int
    decoded: int
    analysed: int
    took_s: Seconds
    senses: tuple[Spent, ...]

    @property
    def load(self) -> float:
        """Share of one core that this source keeps busy."""
        return self.took_s / self.seconds

    @property
    def decoding_s(self) -> Seconds:
        """What was not spent in a sense: decoding, cutting windows, putting scores together."""
        return self.took_s - sum(sense.took_s for sense in self.senses)

    @property
    def limit(self) -> str:
        """What takes the most."""
        spent = {sense.title: sense.took_s for sense in self.senses} | {"decoding": self.decoding_s}
        return max(spent, key=lambda title: spent[title])


def one_pass(eyes: Eyes, mode: Mode, source: Source, places: Places = UNPLACED) -> Costs:
    """Look at `source`, whose masks are those of `places`, once with fresh senses.

    Raises:
        SourceError: it cannot be read.
    """
    scorer, counts = eyes.scorer(mode, places, time.thread_time), Counts()
    began = time.process_time()
    seconds = sum(1 for _ in scorer.run(decode(source, counts)))
    took_s = time.process_time() - began
    ran = scorer.inferences
    senses = tuple(Spent(title, ran[title], spent_s) for title, spent_s in scorer.seconds.items())
    return Costs(max(seconds, 1), counts.decoded, scorer.frames_seen, took_s, senses)


def beside_plain(
    eyes: Eyes, mode: Mode, source: Source, rounds: int, places: Places = UNPLACED, looks: float = LOOKS
) -> tuple[Costs, float]:
    """The cheapest of `rounds` passes, and how many times a plain loop's processor time a pass takes: the median over
    pairs taken in turn. `looks` is how often a second the plain loop asks its models.

    Raises:
        SourceError: it cannot be read.
    """
    plain = Plain(eyes.find, mode, source.analysis_fps, looks)
    one_pass(eyes, mode, source, places)  # warms up
    ours, ratios = [], []
    for _ in range(rounds):
        began = time.process_time()
        plain.run(source)
        plain_s = time.process_time() - began
        ours.append(one_pass(eyes, mode, source, places))
        ratios.append(ours[-1].took_s / plain_s)
    return min(ours, key=lambda costs: costs.took_s), median(ratios)


def at(source: Source, fps: float) -> Source:
    """The same film looked at `fps` times a second."""
    return replace(source, analysis_fps=fps)
