"""Ordinary life that looks like trouble and is none: meals, visitors, care, startles, coughs, television, play."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import CueName

Floats = NDArray[np.float64]
_HOUR = 3600.0


class Ordinary(StrEnum):
    """What ordinary thing is going on; none of them may escalate."""

    MEAL = "meal"
    VISITOR = "visitor"
    CARE = "personal_care"
    STARTLE = "startle"
    COUGH = "cough"
    TELEVISION = "television"
    PLAY = "excited_play"
    STIMMING = "stimming"
    TRANSITION = "routine_transition"


@dataclass(frozen=True, slots=True)
class Habit:
    """One ordinary thing: how often a day, at which hours (fixed ones, or any within `awake`), how long (median
    seconds and standard deviation of the logarithm), what it adds at its height, and who does it at all.

    All rates and sizes are guesses in the units of the channels, after the demonstration clip; `persons` is how many
    are in view (0: it changes nothing). `cue` is heard with `cue_probability` in each second.
    """

    per_day: float
    duration_s: float
    duration_sd: float
    valence: float
    arousal: float
    channels: Mapping[str, float]
    hours: tuple[float, ...] = ()
    persons: int = 0
    cue: CueName | None = None
    cue_probability: float = 0.0
    share: float = 1.0
    between_persons: float = 0.4


HABITS = {
    Ordinary.MEAL: Habit(3, 1500, 0.2, 0.1, 0.05, {
        "pose.wrist_speed": 0.15, "face.jawOpen": 0.08, "audio.loudness": 5.0, "motion.ratio": 0.03,
    }, hours=(8.0, 12.2, 18.0)),
    Ordinary.VISITOR: Habit(0.6, 2400, 0.5, 0.3, 0.2, {
        "audio.loudness": 9.0, "audio.vocal_energy": 0.15, "motion.ratio": 0.04,
    }, persons=2, cue=CueName.LAUGHTER, cue_probability=0.01),
    Ordinary.CARE: Habit(3, 600, 0.4, -0.05, 0.15, {
        "motion.ratio": 0.12, "motion.erratic": 0.04, "pose.wrist_speed": 0.4, "pose.speed": 0.06,
        "pose.torso_angle": 20.0, "pose.hip_height": -0.08, "audio.loudness": 7.0, "audio.vocal_energy": 0.1,
    }, hours=(7.2, 13.5, 21.3), persons=2),
    Ordinary.STARTLE: Habit(4, 3, 0.3, -0.1, 0.5, {
        "motion.ratio": 0.2, "motion.erratic": 0.1, "pose.wrist_speed": 0.6, "audio.loudness": 12.0,
    }),
    Ordinary.COUGH: Habit(10, 8, 0.6, -0.05, 0.1, {
        "audio.loudness": 14.0, "audio.vocal_energy": 0.2, "motion.erratic": 0.03, "face.jawOpen": 0.1,
    }, cue=CueName.COUGH, cue_probability=0.6),
    Ordinary.TELEVISION: Habit(2.5, 4000, 0.5, 0.05, 0.0, {
        "audio.loudness": 9.0, "audio.vocal_energy": 0.12,
    }, cue=CueName.SCREAM, cue_probability=0.0003, share=0.7),
    Ordinary.PLAY: Habit(1.2, 500, 0.5, 0.5, 0.35, {
        "motion.ratio": 0.12, "motion.erratic": 0.05, "pose.wrist_speed": 0.4, "pose.speed": 0.1,
        "audio.loudness": 9.0, "audio.vocal_energy": 0.18, "face.mouthSmile": 0.1,
    }, cue=CueName.LAUGHTER, cue_probability=0.03, share=0.6),
    Ordinary.STIMMING: Habit(6, 240, 0.8, 0.1, 0.1, {
        "pose.wrist_speed": 0.5, "motion.erratic": 0.03, "motion.ratio": 0.06,
    }, share=0.3),
    Ordinary.TRANSITION: Habit(12, 60, 0.5, 0.0, 0.1, {
        "pose.speed": 0.2, "motion.ratio": 0.1, "pose.torso_angle": 6.0, "pose.hip_height": 0.12,
        "pose.wrist_speed": 0.2,
    }),
}  # fmt: skip
"""Ordinary excitement and its sizes (source: guess; that it must not alarm is the demand of the care floor)."""


@dataclass(frozen=True, slots=True)
class Ordinariness:
    """One ordinary thing that happened, in seconds of its day."""

    kind: Ordinary
    start_s: float
    end_s: float
    strength: float


def plan_day(
    rates: Mapping[Ordinary, float], awake: tuple[float, float], busy: float, rng: np.random.Generator
) -> tuple[Ordinariness, ...]:
    """What one person does on one day: `rates` are times a day, `awake` the seconds between which, `busy` a factor."""
    happened = []
    for kind, habit in HABITS.items():
        starts = _starts(habit, rates[kind] * busy, awake, rng)
        lengths = habit.duration_s * rng.lognormal(0.0, habit.duration_sd, len(starts))
        strengths = rng.lognormal(0.0, 0.25, len(starts))
        ends = np.minimum(starts + lengths, awake[1])
        rows = zip(starts.tolist(), ends.tolist(), strengths.tolist(), strict=True)
        happened += [Ordinariness(kind, start, end, strength) for start, end, strength in rows if end > start]
    return tuple(sorted(happened, key=lambda one: one.start_s))


def _starts(habit: Habit, rate: float, awake: tuple[float, float], rng: np.random.Generator) -> Floats:
    if habit.hours:
        kept = rng.uniform(size=len(habit.hours)) < rate / len(habit.hours)
        at_hours: Floats = np.array(habit.hours)[kept] * _HOUR + rng.normal(0.0, 900.0, int(kept.sum()))
        return np.clip(at_hours, awake[0], awake[1] - 1.0)
    return rng.uniform(*awake, rng.poisson(rate))


def lift(one: Ordinariness, second: Floats) -> Floats:
    """How much of it is there at each `second` of the day, 0 to its strength: it begins and ends within seconds."""
    edge = max(min(15.0, (one.end_s - one.start_s) / 3.0), 0.5)
    rising = np.clip((second - one.start_s) / edge, 0.0, 1.0)
    height: Floats = one.strength * np.minimum(rising, np.clip((one.end_s - second) / edge, 0.0, 1.0))
    return height
