"""After a rollback: who was heard before is proven again, and only then heard again; until then the base speaks."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary import AdapterReport
from vlm_service import metrics
from vlm_service.adapters.registry import PROBE, Registry
from vlm_service.adapters.states import IllegalStep
from vlm_service.bundle import BundleError
from vlm_service.failures import EngineFailure


class Returning:
    """One process's part. `prove` has every server hold a version and show that it answers with it as training
    recorded. Who is to return follows from the ledger, so that a restart or another replica goes on with it."""

    def __init__(self, registry: Registry, prove: Callable[[str], Awaitable[None]], clock: Clock) -> None:
        self._registry, self._prove, self._clock = registry, prove, clock
        self._one_at_a_time = asyncio.Lock()
        self._waits_for = ""
        self._log = logs.logger(room="vlm")

    async def look(self) -> bool:
        """Whether somebody is heard again that was not before. One that is not proven stays retired, with a report
        that says why; where no server can be asked it is tried again at the next look."""
        async with self._one_at_a_time:
            back = await asyncio.to_thread(self._registry.returning)
            return back is not None and await self._bring_back(back.served_name)

    async def _bring_back(self, name: str) -> bool:
        try:
            await self._prove(name)
            await asyncio.to_thread(self._registry.bring_back, name)
        except EngineFailure as failure:
            if str(failure) != self._waits_for:
                self._log.warning("nobody is heard again yet", adapter=name, why=str(failure))
            self._waits_for = str(failure)
            return False
        except (BundleError, OSError, IllegalStep) as error:
            await self._stays_away(name, str(error))
            return False
        metrics.PROOFS.labels("passed").inc()
        self._waits_for = ""
        self._log.info("an adapter is heard again", adapter=name)
        return True

    async def _stays_away(self, name: str, why: str) -> None:
        if await asyncio.to_thread(self._registry.returning) is None:
            return  # somebody chose another one meanwhile
        metrics.PROOFS.labels("failed").inc()
        self._log.error("an adapter is not heard again", adapter=name, why=why,
                        remedy="the base model answers: promote another version, or push this one anew")  # fmt: skip
        body = json.dumps({"headings": ("before it was to be heard again",), "rows": [[why]]})
        await asyncio.to_thread(self._registry.report, AdapterReport(name, PROBE, self._clock.now(), False, body))
