"""Composes what a process does for adapters: registry, store, door and, where there are servers, stage and steward."""

import asyncio

from services.ledger import Database
from services.runtime.clock import Clock
from services.runtime.lifecycle import together
from vlm_service.adapters.callers import Callers
from vlm_service.adapters.door import Desk, make_app
from vlm_service.adapters.gate_run import read_cases
from vlm_service.adapters.hearing import Hearing
from vlm_service.adapters.intake import Intake
from vlm_service.adapters.loras import Loras
from vlm_service.adapters.policy import read_policy
from vlm_service.adapters.probe import Prober
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.stage import Stage
from vlm_service.adapters.steward import Steward
from vlm_service.adapters.store import Store
from vlm_service.adapters.trust import Trust
from vlm_service.adapters.web import Web
from vlm_service.engine import Engine
from vlm_service.settings import VlmSettings


class Adapters:
    """Everything about adapters in one process.

    Raises:
        OSError: the folder for bundles cannot be written.
        PolicyUnreadable: the policy of the gates, or a case.
    """

    def __init__(self, settings: VlmSettings, database: Database, clock: Clock, engine: Engine | None) -> None:
        self._registry, self._store = Registry(database, clock), Store(settings.adapters_folder)
        self._store.open()
        policy = read_policy(settings.gates)
        read_cases(policy)
        trust = Trust(self._store, settings.takes, settings.adapters_trust)
        hearing = Hearing(self._registry, self._store, policy, trust)
        self._steward = self._with(engine, settings, hearing, database, clock) if engine else None
        intake = Intake(self._store, self._registry, trust)
        desk = Desk(settings, self._registry, intake, self._store, Callers(settings), hearing, database, self._steward)
        self._web = Web(make_app(desk), settings)

    def check(self) -> str:
        """Empty once adapters are taken."""
        return self._web.check()

    async def start(self) -> None:
        """Know who is heard, before the first event is asked about."""
        if self._steward is not None:
            await self._steward.recall()

    async def run(self, stop: asyncio.Event) -> None:
        """Take adapters and look after them until `stop` is set."""
        jobs = [self._web.serve(stop)]
        if self._steward is not None:
            jobs.append(self._steward.run(stop))
        await together(stop, *jobs)

    def _with(
        self, engine: Engine, settings: VlmSettings, hearing: Hearing, database: Database, clock: Clock
    ) -> Steward:
        loras = Loras(engine.client, lambda name: self._store.seen_at(settings.seen_by_servers, name))
        stage = Stage(engine, database, clock)
        engine.loras, engine.speakers = loras, stage
        prober = Prober(engine.client, loras, self._store, settings.model, settings.priorities)
        return Steward(engine, stage, self._registry, self._store, prober, hearing, database, clock)
