"""The last seconds of one camera as stick figures in memory: what the pose sense saw anyway, bounded."""

import threading
from collections import deque
from dataclasses import dataclass

from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.sensing.pose import Look
from services.vocabulary import BodyPose, UnixSeconds
from services.vocabulary.poses import MOST_LOOKS


@dataclass(frozen=True, slots=True)
class Looked:
    """The looks of a time: poses where one body alone was in view, oldest first, and how many saw several."""

    poses: tuple[BodyPose, ...]
    shared: int


class Poses:
    """Filled by a camera's thread, read when somebody asks; nothing of it is ever written down here."""

    def __init__(self, camera: str, settings: EvidenceSettings) -> None:
        self._camera, self._keep_s = camera, settings.keep_s
        self._kept: deque[tuple[UnixSeconds, BodyPose | None]] = deque(maxlen=MOST_LOOKS)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, time: UnixSeconds, look: Look) -> None:
        """One look; of several bodies only that they were there, of an empty room nothing."""
        if not look.bodies:
            return
        pose = None if len(look.bodies) > 1 else _pose(time, self._camera, look)
        with self._lock:
            if self._kept and time <= self._kept[-1][0]:
                self._kept.clear()  # a clock that was set back begins anew
            while self._kept and time - self._kept[0][0] > self._keep_s:
                self._kept.popleft()
            self._kept.append((time, pose))

    def between(self, start: UnixSeconds, end: UnixSeconds) -> Looked:
        """What is kept of a time."""
        with self._lock:
            inside = [pose for time, pose in self._kept if start <= time <= end]
        poses = tuple(pose for pose in inside if pose is not None)
        return Looked(poses, len(inside) - len(poses))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


def _pose(time: UnixSeconds, camera: str, look: Look) -> BodyPose:
    """The body as shares of the picture; a point that the net puts beside the picture stands at its edge."""
    body = look.bodies[0]
    points = (body.points / (look.width, look.height)).clip(0.0, 1.0).round(3)
    scores = body.scores.clip(0.0, 1.0).round(3)
    places = tuple((x, y) for x, y in points.tolist())
    return BodyPose(time, camera, look.width / look.height, places, tuple(scores.tolist()))
