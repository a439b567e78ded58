"""A resident whose seconds a story tells, in virtual time; the stories' shared cast, not a test."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.runtime.batch import Batch
from services.simulator import Likeness, like
from services.vocabulary import Condition, Cue, Event, Mode, Policy, Resident, describe
from threshold_service.engine import Engine

Floats = NDArray[np.float64]
EPOCH = "0" * 32
START = 1_750_000_000.0
USUAL = {
    "motion.ratio": (0.08, 0.03, 0.5), "motion.erratic": (0.055, 0.02, 0.4), "audio.loudness": (-54.0, 2.0, 0.4),
    "audio.vocal_energy": (0.05, 0.02, 0.4), "pose.wrist_speed": (0.25, 0.12, 0.4), "pose.speed": (0.06, 0.03, 0.4),
    "face.browDown": (0.4, 0.07, 0.6), "face.eyeBlink": (0.2, 0.05, 0.5), "emotion.neutral": (0.7, 0.08, 0.7),
    "emotion.fear": (0.05, 0.02, 0.7), "emotion.anger": (0.06, 0.02, 0.7), "affect.arousal": (0.1, 0.04, 0.6),
}  # fmt: skip
"""Location, spread and lag-1 autocorrelation, after the calm seconds of the demonstration clip."""
CHANNELS = tuple(USUAL)


def likeness() -> Likeness:
    mean, spread, ar1 = np.array(list(USUAL.values())).T
    described = [describe(name) for name in CHANNELS]
    low = np.array([-np.inf if channel.low is None else channel.low for channel in described])
    high = np.array([np.inf if channel.high is None else channel.high for channel in described])
    return Likeness(CHANNELS, mean, spread, ar1, low, high, np.ones(len(CHANNELS)))


class Life:
    """One resident, one engine, one clock that only moves when it is told to."""

    def __init__(self, mode: Mode, seed: int) -> None:
        consent = "paper 7" if mode is Mode.AFFECT else ""
        self.resident = Resident("room-12", "Room 12", mode=mode, consent=consent)
        self.engine = Engine(CHANNELS, (self.resident,), Policy(), "edge-1", EPOCH, "Europe/Berlin")
        self.rng = np.random.default_rng(seed)
        self.second = 0
        self.events: list[Event] = []

    def ordinary(self, seconds: int) -> Floats:
        """As many seconds of their usual."""
        return like(likeness(), seconds, self.rng)

    def learn(self, seconds: int) -> None:
        """Live through so many ordinary seconds at once."""
        self.pass_through(self.ordinary(seconds))

    def pass_through(self, rows: Floats) -> list[Event]:
        """Live through these seconds at once; the events that were new or changed."""
        seconds = len(rows)
        sequences = np.arange(self.second + 1, self.second + seconds + 1, dtype=np.uint64)
        told = self.engine.judge(
            Batch(
                sequences, np.zeros(seconds, np.uint32), START + self.second + np.arange(seconds),
                rows.astype(np.float32), np.ones(seconds, np.float32), np.ones(seconds, np.int32),
            )
        ).events  # fmt: skip
        self.second += seconds
        return list(told)

    def live(self, rows: Iterable[Floats], persons: int = 1, cues: Sequence[Cue] = ()) -> list[Event]:
        """Live through these seconds; the events that were new or changed."""
        told: list[Event] = []
        for row in rows:
            told += self.engine.step(
                np.array([0]), np.array([START + self.second]), row[None], np.ones(1), np.array([persons], np.int32),
                [(0, cue) for cue in cues], np.array([self.second + 1], np.uint64),
            )  # fmt: skip
            self.second += 1
        self.events += told
        return told

    def skip(self, seconds: int) -> None:
        """Nothing arrives for a while."""
        self.second += seconds

    @property
    def condition(self) -> Condition:
        return self.engine.usual().condition[0]


def lifted(rows: Floats, **spreads: float) -> Floats:
    """The same seconds with channels moved by so many of their spreads (`motion_erratic=8`)."""
    moved = rows.copy()
    for name, times in spreads.items():
        channel = name.replace("_", ".", 1)
        moved[:, CHANNELS.index(channel)] += times * USUAL[channel][1]
    return moved


def serious(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.tier <= 2]
