"""Pictures on their way to the second opinion: in memory alone, for a minute at most, and never more than a few."""

import threading
from collections import OrderedDict

from services.runtime.clock import Clock
from services.vocabulary import Picture, Seconds

LIFE_S: Seconds = 60.0
"""Then they are forgotten, whether somebody saw them or not."""
MOST_BYTES = 16 * 2**20
"""Of all events together; the oldest go first (source: guess, some hundred events with five pictures of 20 kB)."""
MOST_BYTES_OF_ONE = 3 * 2**20
"""Of one event: gRPC takes messages of 4 MiB."""


class Pictures:
    """By event; threads of streams bring them and the escalation looks at them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Seconds, tuple[Picture, ...]]] = OrderedDict()

    def put(self, event: str, pictures: tuple[Picture, ...]) -> None:
        """What came for an event; none where nothing will come."""
        size = 0
        fitting = []
        for one in reversed(pictures):
            size += len(one.jpeg)
            if size <= MOST_BYTES_OF_ONE:
                fitting.append(one)
        with self._lock:
            self._kept[event] = (self._clock.monotonic(), tuple(reversed(fitting)))
            self._forget()

    def answered(self, event: str) -> bool:
        """Whether pictures of an event came, or the word that none will."""
        with self._lock:
            self._forget()
            return event in self._kept

    def of(self, event: str) -> tuple[Picture, ...]:
        """What came for an event, oldest first; a later revision of it may be asked about with the same."""
        with self._lock:
            self._forget()
            return self._kept.get(event, (0.0, ()))[1]

    def _forget(self) -> None:
        now = self._clock.monotonic()
        size = sum(len(one.jpeg) for _, pictures in self._kept.values() for one in pictures)
        while self._kept:
            event, (came, pictures) = next(iter(self._kept.items()))
            if now - came <= LIFE_S and size <= MOST_BYTES:
                return
            size -= sum(len(one.jpeg) for one in pictures)
            del self._kept[event]
