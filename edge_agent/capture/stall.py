"""Notices that a live source goes on talking and shows nothing, or is read slower than it talks."""

from collections.abc import Callable

from edge_agent.capture.source import SourceLost
from services.vocabulary.time import Seconds

FIRST_PICTURE_S: Seconds = 60.0
"""How long the first picture may take: a stream that is joined shows nothing until its next key picture, which cameras
that save bandwidth send every ten to thirty seconds (source: guess)."""


class Stall:
    """The watchdog of one opening of one source; `limit_s` is how long pictures may stay away once there was one."""

    def __init__(self, place: str, limit_s: Seconds, monotonic: Callable[[], Seconds]) -> None:
        self._place, self._limit_s, self._monotonic = place, limit_s, monotonic
        self._since_s = monotonic()
        self._seen = False

    def picture(self) -> None:
        """One came."""
        self._since_s, self._seen = self._monotonic(), True

    def check(self) -> None:
        """Called whenever anything comes.

        Raises:
            SourceLost: no picture came for too long.
        """
        limit_s = self._limit_s if self._seen else max(self._limit_s, FIRST_PICTURE_S)
        if self._monotonic() - self._since_s > limit_s:
            raise SourceLost(
                f"{self._place}: packets come, and no picture for {limit_s:g} s; check the camera's encoder"
            )


BEHIND_S: Seconds = 5.0
"""What may wait in the network's buffers before it is thrown away by opening the source anew (source: guess)."""
_LEAST_WAITING = 0.1
_SPAN_S: Seconds = 2.0


class Backlog:
    """Tells a source that is read too slowly, whose pictures grow older in the network's buffers, from one that is slow
    itself: whoever reads the first never waits for a packet."""

    def __init__(self, place: str, monotonic: Callable[[], Seconds]) -> None:
        self._place, self._monotonic = place, monotonic
        self._least_s = float("inf")
        self._since_s, self._waited_s, self._waiting = monotonic(), 0.0, 1.0

    def read(self, pts_s: Seconds, asked_s: Seconds) -> None:
        """A packet of `pts_s` on the stream's clock came, that was asked for at `asked_s`.

        Raises:
            SourceLost: it lay in a buffer for longer than 5 s.
        """
        now_s = self._monotonic()
        self._waited_s += now_s - asked_s
        if now_s - self._since_s >= _SPAN_S:
            self._waiting = self._waited_s / (now_s - self._since_s)
            self._since_s, self._waited_s = now_s, 0.0
        self._least_s = min(self._least_s, now_s - pts_s)
        behind_s = now_s - pts_s - self._least_s
        if behind_s > BEHIND_S and self._waiting < _LEAST_WAITING:
            raise SourceLost(f"{self._place}: read {behind_s:.1f} s too late, this machine cannot keep up; fewer "
                             "cameras, a smaller stream, or decoding in hardware")  # fmt: skip
