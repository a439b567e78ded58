"""One camera's thread: when it dies of an error the room is blind, and after a pause it is started again."""

import math
import random
import threading

from edge_agent.camera import Camera, Emit, SecondOfRoom
from edge_agent.capture.supervisor import Backoff
from edge_agent.edge_time import EdgeTime
from edge_agent.identity import CameraReport
from services.runtime import logs
from services.vocabulary import Seconds, UnixSeconds

PAUSES = Backoff()
WELL_S: Seconds = 60.0
"""A camera that ran this long before it failed begins again with short pauses."""

MOST_S: Seconds = 60.0
"""No more seconds than these are told of afterwards, by a machine that slept."""


class Watch:
    """Runs one camera in a thread of its own; `look` is called about once a second from outside."""

    def __init__(
        self, camera: Camera, emit: Emit, when: EdgeTime, stopping: threading.Event, backoff: Backoff = PAUSES
    ) -> None:
        self.camera = camera
        self._emit, self._when, self._stopping, self._backoff = emit, when, stopping, backoff
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._failure = ""
        self._failures = 0
        self._since: UnixSeconds = 0.0
        self._started: UnixSeconds = 0.0
        self._next_try: UnixSeconds = 0.0
        self._told: UnixSeconds | None = None

    @property
    def name(self) -> str:
        """The camera's name."""
        return self.camera.settings.name

    @property
    def alive(self) -> bool:
        """Whether its thread runs now."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin in a new thread."""
        self._started = self._when.now()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def look(self) -> list[SecondOfRoom]:
        """Start a failed camera again when its pause is over; the rows of the seconds that it is not there to tell.

        A camera that runs tells its own, blind or not: every second is told once.
        """
        now = self._when.now()
        missed = self._missed(now) if not self.alive and self.report().blind else []
        if self._failure and not self.alive and not self._stopping.is_set() and now >= self._next_try:
            logs.logger().info("camera is started again", camera=self.name, failures=self._failures)
            self.start()
        return missed

    def _missed(self, now: UnixSeconds) -> list[SecondOfRoom]:
        unknown = self._told is None or self._told > now + 1.0  # the clock was set back
        told = math.floor(now) - 1.0 if unknown or self._told is None else max(self._told, math.floor(now) - MOST_S)
        missed = [self.camera.blind_second(told + k) for k in range(1, int(now - told) + 1)]
        self._told = told + len(missed)
        return missed

    def report(self) -> CameraReport:
        """How the camera is; one whose thread has died of an error is blind until it gives a second again."""
        with self._lock:
            failure, since = self._failure, self._since
        if not failure:
            return self.camera.report()
        return CameraReport(self.name, (self.camera.settings.resident,), True, since, failure)

    def join(self, limit_s: Seconds) -> None:
        """Wait for the thread to end, at most so long."""
        if self._thread is not None:
            self._thread.join(timeout=max(0.0, limit_s))

    def _run(self) -> None:
        try:
            self.camera.run(self._seen, self._stopping)
        except Exception as error:  # noqa: BLE001 - the outermost frame of a thread
            self._failed(error)
        else:
            self._failure = ""  # it ended by itself and says how

    def _seen(self, second: SecondOfRoom) -> None:
        self._emit(second)
        self._told = second.time
        self._failure = ""

    def _failed(self, error: Exception) -> None:
        now = self._when.now()
        with self._lock:
            if not self._failure:
                self._since = now
            self._failures = 1 if now - self._started > WELL_S else self._failures + 1
            self._failure = f"{type(error).__name__}: {error}"
            pause = self._backoff.pause_s(self._failures, random.random())
            self._next_try = now + pause
        logs.logger().error(
            "camera failed", camera=self.name, reason=self._failure, pause_s=round(pause, 2), exc_info=error
        )
