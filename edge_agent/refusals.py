"""Reports that the server refused: counted, said once in words, and put aside."""

from collections.abc import Sequence

from edge_agent.duties import Alarms
from edge_agent.metrics import REPORTS_REFUSED
from services.runtime import logs

KINDS = frozenset(("heartbeat", "evidence", "mode_states", "edge_alarms", "canary"))


class Refusals:
    """A report that the server cannot understand is not told again; stream and agent go on. What comes every two
    seconds anew is counted each time and logged when the reason is another."""

    def __init__(self, alarms: Alarms | None) -> None:
        self._alarms = alarms
        self._said: dict[str, str] = {}
        self._log = logs.logger(room="edge")

    def hear(self, kind: str, reason: str, ids: Sequence[str]) -> None:
        """`reason` is the server's: the value that was wrong and what was expected."""
        known = kind if kind in KINDS else "unknown"
        REPORTS_REFUSED.labels(known).inc()
        if self._said.get(known) != reason:
            self._said[known] = reason
            self._log.error("report refused by the server, put aside", kind=kind, reason=reason)
        if self._alarms is not None and ids:
            self._alarms.refused(ids, reason)
