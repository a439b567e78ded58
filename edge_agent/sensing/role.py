"""The role every sense plays: it is given one second and says what it measured, or why it could not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.preprocess.crops import Box
from edge_agent.preprocess.emptiness import emptiness
from edge_agent.preprocess.head import Doubt
from services.vocabulary import Absence, Cue
from services.vocabulary import Sense as SenseName

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one picture, in the picture's pixels; `right_eye` is the person's own. Never written down.

    `doubt` is why it cannot be read, where it cannot.
    """

    frame: Frame
    box: Box
    right_eye: Point
    left_eye: Point
    score: float
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One second as captured, with what earlier senses found in it.

    `persons` is the largest number of people seen at once (-1: nobody counted). `faces` are those of the one person
    in view, one per picture looked at, and empty where several people are in view. `resident` says whether the lone
    person may be taken for the resident (None: nobody followed anybody); `values` are those of earlier senses.
    """

    window: Window
    persons: int = -1
    faces: tuple[Face, ...] = ()
    looked: tuple[Frame, ...] | None = None
    resident: bool | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The pictures that show anything at all; found once by the scorer for all senses (`looked`)."""
        return visible(self.window) if self.looked is None else self.looked


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one sense says about one second.

    `values` holds only channels of the sense; one that is left out is absent (NaN). With `absence` set there are no
    values. `quality` is 0..1, the share of the second in which the sense could sense. `refuted` are faces that turned
    out to be none: later senses are not shown them.
    """

    values: Mapping[str, float]
    quality: float = 1.0
    cues: tuple[Cue, ...] = ()
    absence: Absence | None = None
    persons: int = -1
    faces: tuple[Face, ...] = ()
    inferences: int = 0
    resident: bool | None = None
    refuted: tuple[Face, ...] = ()

    @classmethod
    def absent(
        cls, reason: Absence, *, persons: int = -1, inferences: int = 0, resident: bool | None = None
    ) -> "Reading":
        """Nothing to say, and why."""
        return cls({}, 0.0, absence=reason, persons=persons, inferences=inferences, resident=resident)


class Sense(Protocol):
    """One way of measuring. An instance belongs to one camera and may remember earlier seconds of it.

    `title` names it among all senses (two may belong to one `name`); `channels` is everything it can ever measure,
    in a fixed order; `needs` are the model files without which it is off.
    """

    @property
    def title(self) -> str:
        """As in metrics and reports."""

    @property
    def name(self) -> SenseName:
        """The sense its gaps and channels belong to."""

    @property
    def channels(self) -> tuple[str, ...]:
        """What it can measure, in order."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Model files."""

    def read(self, moment: Moment) -> Reading:
        """Measure one second. Never raises for what a camera or microphone may deliver."""


def visible(window: Window) -> tuple[Frame, ...]:
    """The window's pictures that show a room: no covered lens, no test pattern, no snow."""
    return tuple(frame for frame in window.frames if emptiness(frame.image, frame.masked) is None)


def unseen(window: Window) -> Absence:
    """Why a window shows nothing: pictures came too late, or none came."""
    return Absence.OVERLOADED if window.skipped and not window.frames else Absence.CAMERA_BLIND


def thinned(frames: tuple[Frame, ...], per_second: float) -> tuple[Frame, ...]:
    """At most about `per_second` of one second's pictures, evenly spaced, the last one always among them."""
    wanted = max(1, round(per_second))
    if len(frames) <= wanted:
        return frames
    step = len(frames) / wanted
    return tuple(frames[len(frames) - 1 - round(step * k)] for k in reversed(range(wanted)))


def mean_of(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every key over `rows` that hold it."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: _mean([row[key] for row in rows if key in row]) for key in keys}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
