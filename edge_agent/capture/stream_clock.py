"""Maps the times that a stream gives its pictures to our own clock: follows drift, and jumps when it strays."""

from services.vocabulary.time import Seconds

STRAY_S: Seconds = 3.0
"""Further apart than this, the two clocks are put together at once (source: guess; cameras drift by milliseconds a
minute, and a stream whose network holds it back is told as late as this at most)."""
TELLING_S: Seconds = 3600.0
_FORWARD, _BACK = 0.001, 0.1
"""How much of each second the mapping may move: slowly later, for a camera whose clock is slow by up to 0.1 %, ten
times the worst quartz (source: guess); quickly earlier, when a picture comes sooner than any before, as the backlog of
the first second does."""


class StreamClock:
    """One stream's clock against ours.

    `steps` counts jumps, and `drift_s` is how far the stream's clock has moved against ours without them since it was
    first heard: positive where it is slow.
    """

    def __init__(self, stray_s: Seconds = STRAY_S) -> None:
        self.stray_s = stray_s
        self.steps = 0
        self.drift_s: Seconds = 0.0
        self._heard_s: Seconds = 0.0
        self._offset_s: Seconds | None = None
        self._last_s: Seconds = 0.0

    @property
    def drift(self) -> float | None:
        """Share by which the stream's clock runs slow (negative: fast) against ours; None before it was heard for an
        hour, in which the unrest of a network looks like drift.

        >>> clock = StreamClock()
        >>> for second in range(7200):
        ...     at = clock.ours(0.9995 * second, float(second))
        >>> round(clock.drift, 5)
        0.0005
        """
        return self.drift_s / self._heard_s if self._heard_s >= TELLING_S else None

    def begin(self) -> None:
        """The source is opened anew, and may begin at any time of its own."""
        self._offset_s = None

    def ours(self, pts_s: Seconds, now_s: Seconds) -> Seconds:
        """When, on our clock, something was taken that the stream gives `pts_s` and that came at `now_s`.

        >>> clock = StreamClock()
        >>> [round(clock.ours(pts, now), 2) for pts, now in ((900.0, 5.0), (900.5, 5.5), (40.0, 6.0))], clock.steps
        ([5.0, 5.5, 6.0], 1)
        """
        if self._offset_s is None:
            self._offset_s, self._last_s = now_s - pts_s, now_s
        behind_s = now_s - (pts_s + self._offset_s)
        if abs(behind_s) > self.stray_s:
            self._offset_s += behind_s
            self.steps += 1
        else:
            passed_s = max(0.0, now_s - self._last_s)
            move_s = max(min(behind_s, _FORWARD * passed_s), -_BACK * passed_s)
            self._offset_s += move_s
            self.drift_s += move_s
            self._heard_s += passed_s
        self._last_s = now_s
        return pts_s + self._offset_s
