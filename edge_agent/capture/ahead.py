"""Goes on reading a live source in a thread of its own while analysis is busy, and keeps only what is fresh."""

import threading
from collections import deque
from collections.abc import Iterator

from edge_agent.capture.decimation import Counts
from edge_agent.capture.frame import Captured, Frame, Skipped, Sound
from services.vocabulary.time import Seconds

MOST_PICTURES = 12
"""Pictures that may wait: what comes in 1.5 s at 8 a second; older ones are late anyhow."""
MOST_BYTES = 64_000_000
"""What these pictures may take: two of 4K, whatever their number."""
MOST_SOUND_S: Seconds = 4.0
_MOST_ITEMS = 10_000
_LOOK_S: Seconds = 0.25


class Ahead:
    """What `items` gives, read in a thread; `None` where nothing came for a quarter of a second.

    At most 12 pictures (64 MB) and 4 s of sound wait for a slow reader: the oldest picture becomes a `Skipped` and is
    counted `late`, the oldest sound is dropped and counted `unheard`. An error of `items` is raised here, after what
    came before it. Left early, the thread ends with the next item, or when the source's own time limit strikes.
    """

    def __init__(self, items: Iterator[Captured], counts: Counts, name: str = "capture") -> None:
        self._items, self._counts = items, counts
        self._waiting: deque[Captured] = deque()
        self._changed = threading.Condition()
        self._pictures, self._bytes, self._sound_s = 0, 0, 0.0
        self._ended, self._left = False, False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)

    def __iter__(self) -> Iterator[Captured | None]:
        self._thread.start()
        try:
            while True:
                with self._changed:
                    if not self._waiting and not self._ended:
                        self._changed.wait(_LOOK_S)
                    item = self._take() if self._waiting else None
                    over = item is None and self._ended
                if over:
                    break
                yield item
        finally:
            self._left = True
        if self._error is not None:
            raise self._error

    def _take(self) -> Captured:
        item = self._waiting.popleft()
        self._count(item, -1)
        return item

    def _count(self, item: Captured, sign: int) -> None:
        if isinstance(item, Frame):
            self._pictures += sign
            self._bytes += sign * item.image.nbytes
        elif isinstance(item, Sound):
            self._sound_s += sign * (item.end_s - item.pts_s)

    def _read(self) -> None:
        try:
            for item in self._items:
                if self._left:
                    break
                with self._changed:
                    self._waiting.append(item)
                    self._count(item, 1)
                    self._drop_the_oldest()
                    self._changed.notify()
        except Exception as error:  # noqa: BLE001 - the outermost frame of a thread: raised where it is read
            self._error = error
        finally:
            self._items.close()  # type: ignore[attr-defined]
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _drop_the_oldest(self) -> None:
        while len(self._waiting) > _MOST_ITEMS:  # words about pictures that were skipped, of an analysis that hangs
            self._take()
        while self._pictures > MOST_PICTURES or (self._pictures > 1 and self._bytes > MOST_BYTES):
            at = next(k for k, item in enumerate(self._waiting) if isinstance(item, Frame))
            self._count(self._waiting[at], -1)
            self._waiting[at] = Skipped(self._waiting[at].pts_s)
            self._counts.late += 1
        while self._sound_s > MOST_SOUND_S:
            at = next(k for k, item in enumerate(self._waiting) if isinstance(item, Sound))
            self._count(self._waiting[at], -1)
            del self._waiting[at]
            self._counts.unheard += 1
