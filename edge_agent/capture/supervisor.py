"""Keeps one source alive: opens it again with growing pauses, and says since when it is up or blind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_agent.capture.decimation import Counts
from edge_agent.capture.frame import Captured, Frame, Skipped, Sound
from edge_agent.capture.source import Expects, Source, SourceError
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

    A live source gets stream times that continue across reconnections: seconds since `run` was called, on the clock
    `monotonic`; its own clock is followed between reconnections and put right when it strays by more than `stray_s`
    (counted in `steps`). Pictures that come more than `late_s` behind are handed on as `Skipped`. A file keeps its
    own times, paced to real time if the source says so, shows every picture however slow analysis is, and its end is
    the end.
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
    ) -> None:
        self.source = source
        self.counts = Counts()
        self.steps = 0
        self.state = CameraState(Sight.STARTING, monotonic())
        self.stray_s: Seconds = 3.0
        self.late_s: Seconds = 1.5
        self._decode, self._monotonic, self._sleep = decode, monotonic, sleep
        self._chance, self._stopping, self._backoff = chance, stopping, backoff
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
                self._wait(str(error))
            else:
                break
        self._becomes(Sight.ENDED, "stopped" if self._stopping() else "the file ended")

    def _once(self) -> Iterator[Captured]:
        items = self._decode(self.source, self.counts)
        timed = self._on_our_clock(items) if self.source.live else self._paced(items)
        for item in timed:
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

    def _on_our_clock(self, items: Iterator[Captured]) -> Iterator[Captured]:
        offset_s: Seconds | None = None
        for item in items:
            elapsed_s = self._monotonic() - self._began_s
            if offset_s is None:
                offset_s = elapsed_s - item.pts_s
            elif abs(item.pts_s + offset_s - elapsed_s) > self.stray_s:
                offset_s = elapsed_s - item.pts_s
                self.steps += 1
                self._log.warning("stream clock strayed, put right", steps=self.steps)
            behind_s = elapsed_s - (item.pts_s + offset_s)
            yield self._unless_late(_at(item, item.pts_s + offset_s), behind_s)

    def _unless_late(self, item: Captured, behind_s: Seconds) -> Captured:
        if isinstance(item, Frame) and behind_s > self.late_s:
            self.counts.late += 1
            return Skipped(item.pts_s)
        return item

    def _wait(self, reason: str) -> None:
        failures = self.state.attempts + 1 if self.state.sight is Sight.BLIND else 1
        since_s = self.state.since_s if self.state.sight is Sight.BLIND else self._monotonic()
        pause_s = self._backoff.pause_s(failures, self._chance())
        self.state = CameraState(Sight.BLIND, since_s, reason, failures, self._monotonic() + pause_s)
        self._log.warning("camera is blind, trying again", reason=reason, failures=failures, pause_s=round(pause_s, 2))
        self._sleep(pause_s)

    def _becomes(self, sight: Sight, reason: str) -> None:
        self.state = CameraState(sight, self._monotonic(), reason)
        self._log.info("camera state", sight=sight.value, reason=reason)


def _at(item: Captured, pts_s: Seconds) -> Captured:
    if isinstance(item, Frame):
        return replace(item, pts_s=pts_s)
    if isinstance(item, Sound):
        return Sound(item.samples, pts_s)
    return Skipped(pts_s)
