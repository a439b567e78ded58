"""Sample time: the monotonic clock plus an offset that is kept in the spool, and changes only for good reason."""

from collections.abc import Callable
from pathlib import Path

from edge_agent.spool import Spool
from edge_agent.spool_errors import NoRoom
from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary.time import Seconds, UnixSeconds


def boot_id() -> str:
    """The kernel's name for this boot; empty where the system has none (every start then counts as a boot)."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


LASTING_S: Seconds = 60.0
"""How long a wall clock has to stay away from sample time before it is believed (source: guess): a device without a
battery starts in another year and is put right by the network minutes later."""


class EdgeTime:
    """Time for samples that does not jump when the wall clock is set for a moment.

    A wall clock that is more than `step_s` away when the agent starts, or for `LASTING_S` while it runs, is taken as a
    recorded step.
    """

    def __init__(self, clock: Clock, spool: Spool, boot: Callable[[], str] = boot_id, step_s: Seconds = 5.0) -> None:
        self._clock, self._spool, self._boot, self._step_s = clock, spool, boot(), step_s
        self._away_since: Seconds | None = None
        kept, name = spool.fact("clock"), self._boot
        measured = clock.now() - clock.monotonic()
        if kept and name and kept.startswith(name + " "):
            self._offset = float(kept.split(" ")[1])
            if abs(measured - self._offset) > step_s:
                self._step(measured)
        else:
            self._offset = measured
        self._keep()

    def now(self) -> UnixSeconds:
        """The time of a sample whose window ends now."""
        return self._clock.monotonic() + self._offset

    def look(self) -> None:
        """Follow a wall clock that has been away for long enough; to be called about once a second."""
        if abs(self.skew()) <= self._step_s:
            self._away_since = None
            return
        now = self._clock.monotonic()
        if self._away_since is None:
            self._away_since = now
        elif now - self._away_since >= LASTING_S:
            self._away_since = None
            self._step(self._clock.now() - now)
            self._keep()

    def skew(self) -> Seconds:
        """How far the wall clock has moved away from sample time since the offset was measured."""
        return self._clock.now() - self.now()

    def _step(self, offset: Seconds) -> None:
        logs.logger().warning("clock stepped", step_s=round(offset - self._offset, 3))
        self._offset = offset

    def _keep(self) -> None:
        try:
            self._spool.keep_fact("clock", f"{self._boot} {self._offset!r}")
        except NoRoom as error:  # the next start measures it again
            logs.logger().warning("clock offset not kept", detail=str(error))
