"""A camera that never was: simulated scores of a resident, with a scripted episode where one is asked for."""

import threading

import numpy as np

from edge_agent.camera import Emit, SecondOfRoom
from edge_agent.edge_time import EdgeTime
from edge_agent.identity import CameraReport
from edge_agent.settings import CameraSettings
from services.runtime import logs
from services.simulator.like import Floats, Likeness, like
from services.vocabulary import Absence, Cue, CueName, Gap, Mode, Seconds, UnixSeconds, describe

_OBSERVABLES = {
    "motion.ratio": (0.08, 0.03, 0.6), "motion.erratic": (0.06, 0.025, 0.5), "audio.loudness": (-48.0, 3.0, 0.6),
    "audio.vocal_energy": (0.05, 0.03, 0.5), "pose.wrist_speed": (0.15, 0.08, 0.5), "pose.speed": (0.04, 0.02, 0.5),
    "pose.torso_angle": (12.0, 4.0, 0.9), "face.browDown": (0.2, 0.06, 0.7), "face.eyeBlink": (0.2, 0.06, 0.4),
    "face.jawOpen": (0.05, 0.03, 0.6),
}  # fmt: skip
_AFFECT = {
    "emotion.neutral": (0.72, 0.07, 0.9), "emotion.happiness": (0.1, 0.04, 0.9), "emotion.fear": (0.05, 0.02, 0.9),
    "emotion.anger": (0.05, 0.02, 0.9), "affect.valence": (0.05, 0.08, 0.9), "affect.arousal": (-0.05, 0.08, 0.9),
}  # fmt: skip
"""Location, spread and lag-1 autocorrelation at one value per second (source: guess, after the demonstration clip)."""

_EPISODE = {
    "motion.ratio": 0.35, "motion.erratic": 0.35, "audio.loudness": 25.0, "audio.vocal_energy": 0.5,
    "pose.wrist_speed": 1.0, "face.eyeBlink": 0.2, "emotion.fear": 0.3, "affect.arousal": 0.5,
}  # fmt: skip
"""What an episode adds at its height: about what the clip's agitated seconds show."""
AFFECT_CHANNELS = tuple(_AFFECT)
EPISODE_S: Seconds = 18.0
CHUNK_S = 24 * 3600
"""Drawn at once: a day has one rhythm."""


class SimulatedCamera:
    """Emits one simulated second per second; nothing is looked at."""

    def __init__(self, settings: CameraSettings, when: EdgeTime) -> None:
        self.settings = settings
        self._when = when
        self._rng = np.random.default_rng(settings.seed)
        shapes = {**_OBSERVABLES, **(_AFFECT if settings.mode is Mode.AFFECT else {})}
        self.channels = tuple(shapes)
        self._likeness = self._of(shapes)

    def likeness(self, start_s: Seconds, end_s: Seconds) -> Likeness:
        """What this resident's seconds are like; there is no source to measure."""
        return self._likeness

    def run(self, emit: Emit, stop: threading.Event) -> None:
        began = self._when.now()
        name, start_s = self.settings.name, self.settings.start_s
        logs.logger().info("camera started", camera=name, at=began + start_s, start_s=start_s, simulated=True)
        length = self.settings.end_s or float("inf")
        second = 0
        while second < length:
            for row in like(self._likeness, CHUNK_S, self._rng):
                second += 1
                if second > length or stop.wait(max(0.0, began + second - self._when.now())):
                    return
                emit(self._second(began + second, row, self._episode(second)))

    def report(self) -> CameraReport:
        return CameraReport(self.settings.name, (self.settings.resident,), False, 0.0, "simulated")

    def blind_second(self, now: UnixSeconds, why: Absence = Absence.CAMERA_BLIND) -> SecondOfRoom:
        senses = dict.fromkeys(describe(name).sense for name in self.channels)
        gaps = tuple(Gap(sense, why) for sense in senses)
        return SecondOfRoom(now, (float("nan"),) * len(self.channels), 0.0, gaps=gaps)

    def totals(self) -> dict[str, dict[str, int]]:
        return {"frames": {}, "inferences": {}}

    def _episode(self, second: int) -> float:
        """0 outside the episode, up to 1 at its height."""
        after = self.settings.episode_after_s
        if after is None or not after < second <= after + EPISODE_S:
            return 0.0
        return min(1.0, (second - after) / 3.0)

    def _second(self, time: UnixSeconds, row: Floats, height: float) -> SecondOfRoom:
        lifted = row + height * np.array([_EPISODE.get(name, 0.0) for name in self.channels])
        bounded = np.clip(lifted, self._likeness.low, self._likeness.high)
        cues = (Cue(CueName.CRY, 0.95, -0.5),) if height >= 0.6 else ()
        return SecondOfRoom(time, tuple(bounded.tolist()), 1.0, 1, cues)

    def _of(self, shapes: dict[str, tuple[float, float, float]]) -> Likeness:
        """The usual shape, a little different for every seed."""
        rows = np.array(list(shapes.values()))
        described = [describe(name) for name in shapes]
        low = np.array([-np.inf if channel.low is None else channel.low for channel in described])
        high = np.array([np.inf if channel.high is None else channel.high for channel in described])
        mean = rows[:, 0] + rows[:, 1] * self._rng.uniform(-0.5, 0.5, len(rows))
        spread = rows[:, 1] * self._rng.uniform(0.8, 1.25, len(rows))
        return Likeness(tuple(shapes), mean, spread, rows[:, 2], low, high, np.full(len(rows), 0.97))
