"""Notices that a camera shows the same picture over and over."""

from collections.abc import Sequence

from edge_agent.capture.frame import Frame
from services.vocabulary.time import Seconds

FROZEN_S: Seconds = 30.0
"""A still room is told anew, a little differently, with every key picture of a stream, at most ten seconds apart; after
so long without any change the camera or its encoder hangs (source: guess)."""


class Unchanged:
    """Remembers a sparse copy of the last picture of one source, in memory alone."""

    def __init__(self) -> None:
        self._last = b""
        self._since_s: Seconds = 0.0

    def frozen(self, frames: Sequence[Frame]) -> bool:
        """Whether not one pixel looked at has changed for 30 s; called with every second's pictures in order."""
        for frame in frames:
            sparse = frame.image[::8, ::8].tobytes()
            if sparse != self._last or frame.pts_s < self._since_s:
                self._last, self._since_s = sparse, frame.pts_s
        return bool(frames) and frames[-1].pts_s - self._since_s >= FROZEN_S
