"""Sample time: the monotonic clock plus one offset per boot, measured once and kept in the spool."""

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


class EdgeTime:
    """Time for samples that never jumps by itself when the wall clock is set.

    A wall clock that is more than `step_s` away when the agent starts is taken as a recorded step.
    """

    def __init__(self, clock: Clock, spool: Spool, boot: Callable[[], str] = boot_id, step_s: Seconds = 5.0) -> None:
        self._clock = clock
        kept, name = spool.fact("clock"), boot()
        measured = clock.now() - clock.monotonic()
        if kept and name and kept.startswith(name + " "):
            self._offset = float(kept.split(" ")[1])
            if abs(measured - self._offset) > step_s:
                logs.logger().warning("clock stepped", step_s=round(measured - self._offset, 3))
                self._offset = measured
        else:
            self._offset = measured
        try:
            spool.keep_fact("clock", f"{name} {self._offset!r}")
        except NoRoom as error:  # the next start measures it again
            logs.logger().warning("clock offset not kept", detail=str(error))

    def now(self) -> UnixSeconds:
        """The time of a sample whose window ends now."""
        return self._clock.monotonic() + self._offset

    def skew(self) -> Seconds:
        """How far the wall clock has moved away from sample time since the offset was measured."""
        return self._clock.now() - self.now()
