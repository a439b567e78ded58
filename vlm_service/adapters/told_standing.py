"""Tells of who is heard by outdated gates or signed by nobody trusted: by metrics, the log, the page of operations."""

import asyncio
import json

from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary import AdapterReport
from services.vocabulary.adapter import STANDING
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.adapters.hearing import Hearing
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.states import HEARD, SERVED

TELL_S: Seconds = 60.0
"""How often it is looked (source: guess)."""
GATES, TRUST = "gates", "trust"


class ToldStanding:
    """One process's part: what changed is kept as the version's report `standing`, which the page of operations shows.
    Why nobody is told twice: the report says what was said."""

    def __init__(self, registry: Registry, hearing: Hearing, clock: Clock) -> None:
        self._registry, self._hearing, self._clock = registry, hearing, clock
        self._said: dict[str, dict[str, str]] = {}
        self._again_at: Seconds = 0.0
        self._log = logs.logger(room="vlm")

    async def look(self) -> None:
        """Say what changed since the last look, at most every `TELL_S`.

        Raises:
            SQLAlchemyError: the ledger does not answer.
        """
        if self._clock.monotonic() < self._again_at:
            return
        self._again_at = self._clock.monotonic() + TELL_S
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        served = {one.served_name: one for one in self._registry.all() if one.state in SERVED}
        found = {}
        for name, version in served.items():
            old = self._hearing.outdated(name) if version.state in HEARD else ""
            found[name] = {GATES: old, TRUST: self._hearing.untrusted(name)}
        metrics.OUTDATED.set(sum(bool(one[GATES]) for one in found.values()))
        metrics.UNTRUSTED.set(sum(bool(one[TRUST]) for one in found.values()))
        for name, doubts in found.items():
            if doubts != self._said.get(name):
                self._tell(name, doubts)
        self._said = found

    def _tell(self, name: str, doubts: dict[str, str]) -> None:
        known = {GATES: "", TRUST: ""} | self._said.get(name, {})
        if doubts[GATES] and doubts[GATES] != known[GATES]:
            self._log.warning("an adapter is heard by outdated gates", adapter=name, why=doubts[GATES],
                              remedy=f"attune adapters judge {name}")  # fmt: skip
        if doubts[TRUST] and doubts[TRUST] != known[TRUST]:
            self._log.warning("an adapter is not trusted", adapter=name, why=doubts[TRUST])
        rows = [[what, why] for what, why in doubts.items() if why]
        body = json.dumps({"headings": ("what is doubted", "why"), "rows": rows})
        self._registry.report(AdapterReport(name, STANDING, self._clock.now(), not rows, body))
