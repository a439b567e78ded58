"""How a body moved around an event: a stick figure's points, and nothing of what a camera saw."""

from dataclasses import dataclass

from services.vocabulary.time import UnixSeconds

KEYPOINTS = 17
"""In the order of COCO: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, the left one first."""

MOST_LOOKS = 1200
"""Of one camera that an agent keeps: ten minutes at two looks a second."""
MOST_POSES = 240
"""Of one answer: two minutes, the longest that may be asked for, at two looks a second."""


@dataclass(frozen=True, slots=True)
class BodyPose:
    """Where a body was in one picture: `points` 17 x (x, y) as shares of the picture from its upper left corner,
    `scores` 0..1 how sure each is, all in thousandths; `aspect` is the picture's width by its height."""

    time: UnixSeconds
    camera: str
    aspect: float
    points: tuple[tuple[float, float], ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Movement:
    """The poses around an event, oldest first; of `shared` more looks none is told, as several people were in view."""

    event: str
    resident: str
    poses: tuple[BodyPose, ...]
    shared: int = 0
