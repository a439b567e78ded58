"""Keeps what the pose sense saw, so that what is drawn is what was judged."""

from collections import deque
from collections.abc import Iterable

from edge_agent.sensing.pose import Look, Pose
from edge_agent.sensing.role import Sense
from services.vocabulary import Seconds

HELD_S: Seconds = 1.0
"""How long a look stands for the pictures after it: as long as the slowest sense takes to look again."""
_MOST = 64
"""More looks than two seconds have."""


class Looks:
    """Is told every look of the pose sense among `senses`, those at a turned picture included."""

    def __init__(self, senses: Iterable[Sense]) -> None:
        self._told: deque[Look] = deque(maxlen=_MOST)
        for sense in senses:
            if isinstance(sense, Pose):
                sense.told = self._told.append

    def at(self, time_s: Seconds) -> Look | None:
        """The latest look at the picture of `time_s`, or at one up to a second before it; None without any."""
        held = (look for look in self._told if 0.0 <= time_s - look.pts_s <= HELD_S)
        return max(held, key=lambda look: look.pts_s, default=None)
