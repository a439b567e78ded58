"""Keeps one source alive: opens it again with growing pauses, and says since when it is up or blind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_agent.capture.ahead import Ahead
from edge_agent.capture.decimation import Counts
from edge_agent.capture.frame import Captured, Frame, Skipped, Sound, Waiting
from edge_agent.capture.source import Expects, Source, SourceError
from edge_agent.capture.stream_clock import StreamClock
from services.runtime.logs import logger
from services.vocabulary.time import Seconds

Decode = Callable[[Source, Counts], Iterator[Captured]]


class Sight(StrEnum):
    """Whether the room can be seen."""

    STARTING = "starting"
    UP = "up"
    BLIND = "blind"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CameraState:
    """What a source does now, `since_s` (monotonic) when, and why. `attempts` counts failures in a row."""

    sight: Sight
    since_s: Seconds
    reason: str = ""
    attempts: int = 0
    next_try_s: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts: they double from `first_s` up to `most_s`, each shortened by up to `jitter` (0..1)."""

    first_s: Seconds = 1.0
    most_s: Seconds = 60.0
    jitter: float = 0.5

    def pause_s(self, failures: int, chance: float) -> Seconds:
        """How long to wait after `failures` failures in a row; `chance` is a random number in 0..1.

        >>> [Backoff().pause_s(n, 0.0) for n in (1, 2, 3, 10)]
        [1.0, 2.0, 4.0, 60.0]
        """
        longest = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return longest * (1.0 - self.jitter * chance)


class Supervisor:
    """Reads one source for as long as it should be read.

    A live source gets stream times that continue across reconnections: `origin_s` plus the seconds since `run` was
    called, on the clock `monotonic` (see `StreamClock`). Pictures that come or wait more than `late_s` behind are
    handed on as `Skipped`, and while nothing comes, or the source is away, `Waiting` says that time goes on. With
    `ahead` a thread reads on while analysis is busy. A file keeps its own times, paced to real time if the source says
    so, shows every picture however slow analysis is, and its end is the end.
    """

    def __init__(
        self,
        source: Source,
        decode: Decode,
        *,
        monotonic: Callable[[], Seconds],
        sleep: Callable[[Seconds], None],
        chance: Callable[[], float],
        stopping: Callable[[], bool] = lambda: False,
        backoff: Backoff = Backoff(),
        ahead: bool = False,
    ) -> None:
        self.source = source
        self.counts = Counts()
        self.clock = StreamClock()
        self.state = CameraState(Sight.STARTING, monotonic())
        self.late_s: Seconds = 1.5
        self.origin_s: Seconds = 0.0
        self._decode, self._monotonic, self._sleep = decode, monotonic, sleep
        self._chance, self._stopping, self._backoff, self._ahead = chance, stopping, backoff, ahead
        self._began_s = monotonic()
        self._log = logger(source=source.place)

    def run(self) -> Iterator[Captured]:
        """What the source gives, until a file ends or `stopping` says so.

        Raises:
            SourceUnreadable: a file that cannot be read, and the room is blind (a live source is tried again instead).
        """
        self._began_s = self._monotonic()
        while not self._stopping():
            try:
                yield from self._once()
            except SourceError as error:
                if not self.source.live:
                    self._becomes(Sight.BLIND, str(error))
                    raise
                yield from self._pause(str(error))
            else:
                break
        self._becomes(Sight.ENDED, "stopped" if self._stopping() else "the file ended")

    def _once(self) -> Iterator[Captured]:
        items = self._decode(self.source, self.counts)
        for item in self._live(items) if self.source.live else self._paced(items):
            if self.state.sight is not Sight.UP and (isinstance(item, Frame) or self._listens(item)):
                self._becomes(Sight.UP, "")
            yield item
            if self._stopping():
                return

    def _listens(self, item: Captured) -> bool:
        """A microphone is up when it is heard; a camera only when it shows something."""
        return isinstance(item, Sound) and self.source.expects is not Expects.PICTURES

    def _paced(self, items: Iterator[Captured]) -> Iterator[Captured]:
        if not self.source.paced:
            yield from items
            return
        for item in items:
            due_s = self._began_s + item.pts_s - self.source.start_s
            if (wait_s := due_s - self._monotonic()) > 0:
                self._sleep(wait_s)
            yield item

    def _live(self, items: Iterator[Captured]) -> Iterator[Captured]:
        self.clock.begin()
        timed = self._on_our_clock(items)
        for item in Ahead(timed, self.counts, self.source.place) if self._ahead else timed:
            now_s = self._now_s()
            if item is None:
                yield Waiting(max(self.origin_s, now_s - self.late_s))
            elif isinstance(item, Frame) and now_s - item.pts_s > self.late_s:
                self.counts.late += 1
                yield Skipped(item.pts_s)
            else:
                yield item

    def _on_our_clock(self, items: Iterator[Captured]) -> Iterator[Captured]:
        for item in items:
            steps = self.clock.steps
            pts_s = self.clock.ours(item.pts_s, self._now_s())
            if self.clock.steps > steps:
                self._log.warning("stream clock strayed, put right", steps=self.clock.steps)
            yield _at(item, pts_s)

    def _now_s(self) -> Seconds:
        return self._monotonic() - self._began_s + self.origin_s

    def _pause(self, reason: str) -> Iterator[Waiting]:
        failures = self.state.attempts + 1 if self.state.sight is Sight.BLIND else 1
        since_s = self.state.since_s if self.state.sight is Sight.BLIND else self._monotonic()
        pause_s = self._backoff.pause_s(failures, self._chance())
        until_s = self._monotonic() + pause_s
        self.state = CameraState(Sight.BLIND, since_s, reason, failures, until_s)
        self._log.warning("camera is blind, trying again", reason=reason, failures=failures, pause_s=round(pause_s, 2))
        while (left_s := until_s - self._monotonic()) > 0:
            self._sleep(min(left_s, 1.0))
            yield Waiting(self._now_s())
            if self._stopping():
                return

    def _becomes(self, sight: Sight, reason: str) -> None:
        self.state = CameraState(sight, self._monotonic(), reason)
        self._log.info("camera state", sight=sight.value, reason=reason)


def _at(item: Captured, pts_s: Seconds) -> Captured:
    if isinstance(item, Frame):
        return replace(item, pts_s=pts_s)
    if isinstance(item, Sound):
        return Sound(item.samples, pts_s)
    return Skipped(pts_s)
