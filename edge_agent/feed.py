"""One live source that several residents share: it is opened and decoded once, and every camera on it is told."""

import math
import random
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.source import Source
from edge_agent.capture.stream_clock import StreamClock
from edge_agent.capture.supervisor import Supervisor
from edge_agent.capture.windows import Window, windows
from edge_agent.edge_time import EdgeTime
from edge_agent.sensing.once import ALIKE, Once
from edge_agent.sensing.role import Sense
from services.vocabulary import Seconds, UnixSeconds

MOST_PICTURED, MOST = 3, 60
"""Seconds that wait for one camera's analysis with their pictures, and with their sound alone."""
_LOOK_S: Seconds = 0.2


class Told(NamedTuple):
    """A second of a source, whose stream time 0 is `began`."""

    began: UnixSeconds
    window: Window


def supervised(source: Source, when: EdgeTime, stop: threading.Event) -> tuple[UnixSeconds, Supervisor]:
    """Who keeps `source` alive until `stop`, and the time at which its stream time is 0."""
    supervisor = Supervisor(
        source, decode, monotonic=time.monotonic, sleep=lambda seconds: _wait(stop, seconds), chance=random.random,
        stopping=stop.is_set, ahead=source.live,
    )  # fmt: skip
    now = when.now()
    if not source.live:
        return now - source.start_s, supervisor
    began = math.floor(now)  # its seconds end on whole ones, also after a new start
    supervisor.origin_s = now - began
    return began, supervisor


class Feed:
    """Reads `source` in a thread of its own while anybody hears it. The counts and the clock outlive a new start."""

    def __init__(self, source: Source, when: EdgeTime, counted_by: str) -> None:
        self.source, self.counted_by = source, counted_by
        """The camera in whose totals the pictures stand: they were decoded once."""
        self.supervisor: Supervisor | None = None
        self._when = when
        self._counts, self._clock = Counts(), StreamClock()
        self._lock = threading.Lock()
        self._once: dict[str, Once] = {}
        self._hearers: list[_Hearer] = []
        self._stop: threading.Event | None = None

    @contextmanager
    def heard(self, stop: threading.Event) -> Iterator[Iterator[Told]]:
        """The seconds from now on, until `stop`; they raise what reading fails of."""
        hearer = _Hearer()
        with self._lock:
            self._hearers.append(hearer)
            if self._stop is None:
                self._begin()
        try:
            yield hearer.seconds(stop)
        finally:
            self._leave(hearer)

    def shared(self, senses: Sequence[Sense], anew: bool = False) -> tuple[Sense, ...]:
        """A camera's senses, where those that say the same for everybody are everybody's; `anew`: these from now on,
        for a camera that failed must not come back with what it failed of."""
        with self._lock:
            told: list[Sense] = []
            for sense in senses:
                if isinstance(sense, ALIKE) and (anew or sense.title not in self._once):
                    self._once[sense.title] = Once(sense)
                told.append(self._once[sense.title] if isinstance(sense, ALIKE) else sense)
            return tuple(told)

    def _begin(self) -> None:
        self._stop = threading.Event()
        for one in self._once.values():
            one.begin()
        began, self.supervisor = supervised(self.source, self._when, self._stop)
        self.supervisor.counts, self.supervisor.clock = self._counts, self._clock
        threading.Thread(
            target=self._read, args=(began, self.supervisor, self._stop), name=self.source.place, daemon=True
        ).start()

    def _leave(self, hearer: "_Hearer") -> None:
        with self._lock:
            self._hearers = [one for one in self._hearers if one is not hearer]
            if not self._hearers and self._stop is not None:
                self._stop.set()
                self._stop = None

    def _read(self, began: UnixSeconds, supervisor: Supervisor, stop: threading.Event) -> None:
        error: Exception = RuntimeError(f"{self.source.place} ended")
        try:
            for window in windows(supervisor.run()):
                for hearer in self._hearing(stop):
                    hearer.tell(Told(began, window))
        except Exception as failure:  # noqa: BLE001 - the outermost frame of a thread: every camera raises it again
            error = failure
        for hearer in self._hearing(stop, over=True):
            hearer.fail(error)

    def _hearing(self, stop: threading.Event, over: bool = False) -> "list[_Hearer]":
        """Who hears the reading that ends with `stop`; `over`: whoever comes from now on begins another."""
        with self._lock:
            if self._stop is not stop:
                return []
            if over:
                self._stop = None
            return list(self._hearers)


class _Hearer:
    """What waits for one camera."""

    def __init__(self) -> None:
        self._waiting: deque[Told] = deque(maxlen=MOST)
        self._error: Exception | None = None
        self._news = threading.Condition()

    def tell(self, told: Told) -> None:
        """One more second; pictures that wait too long are let go, and counted as skipped."""
        with self._news:
            self._waiting.append(told)
            if len(self._waiting) > MOST_PICTURED:
                late = self._waiting[-1 - MOST_PICTURED]
                skipped = late.window.skipped + len(late.window.frames)
                self._waiting[-1 - MOST_PICTURED] = Told(late.began, replace(late.window, frames=(), skipped=skipped))
            self._news.notify()

    def fail(self, error: Exception) -> None:
        """There will be no more."""
        with self._news:
            self._error = error
            self._news.notify()

    def seconds(self, stop: threading.Event) -> Iterator[Told]:
        """What is told, in order."""
        while not stop.is_set():
            with self._news:
                if not self._waiting and self._error is None:
                    self._news.wait(_LOOK_S)
                told = self._waiting.popleft() if self._waiting else None
                error = self._error
            if told is not None:
                yield told
            elif error is not None:
                raise error


def _wait(stop: threading.Event, seconds: Seconds) -> None:
    stop.wait(seconds)
