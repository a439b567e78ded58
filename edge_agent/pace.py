"""How many pictures a second a camera gives and how many are looked at, over the last moments."""

import threading
from collections import deque

from services.vocabulary import Seconds

OVER_S: Seconds = 10.0
"""Rates are means over at least so long, so that a heartbeat's own rhythm does not show (source: guess)."""

Counted = tuple[int, int, int]


class Pace:
    """Rates of three counters that only grow."""

    def __init__(self) -> None:
        self._seen: deque[tuple[Seconds, Counted]] = deque()
        self._lock = threading.Lock()

    def rates(self, now: Seconds, counted: Counted) -> tuple[float, float, float]:
        """Per second since `OVER_S` ago or, while it is younger, since the first time it was asked; 0 then.

        >>> pace = Pace()
        >>> pace.rates(0.0, (0, 0, 0)), pace.rates(2.0, (50, 10, 0)), pace.rates(12.0, (300, 60, 20))
        ((0.0, 0.0, 0.0), (25.0, 5.0, 0.0), (25.0, 5.0, 2.0))
        """
        with self._lock:
            since, first = self._noted(now, counted)
        over = now - since
        if over <= 0.0:
            return 0.0, 0.0, 0.0
        given, looked_at, skipped = ((new - old) / over for new, old in zip(counted, first, strict=True))
        return given, looked_at, skipped

    def _noted(self, now: Seconds, counted: Counted) -> tuple[Seconds, Counted]:
        """Keep this reading; the one to compare it with."""
        if self._seen and any(new < old for new, old in zip(counted, self._seen[-1][1], strict=True)):
            self._seen.clear()  # the camera began anew
        self._seen.append((now, counted))
        while len(self._seen) > 2 and now - self._seen[1][0] >= OVER_S:
            self._seen.popleft()
        return self._seen[0]
