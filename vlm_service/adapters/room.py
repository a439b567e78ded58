"""Composes what this process does for adapters: registry, store, door."""

import asyncio

from services.ledger import Database
from services.runtime.clock import Clock
from vlm_service.adapters.callers import Callers
from vlm_service.adapters.door import Desk, make_app
from vlm_service.adapters.intake import Intake
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.settings import AdapterSettings
from vlm_service.adapters.store import Store
from vlm_service.adapters.web import Web


class Adapters:
    """Everything about adapters in one process.

    Raises:
        OSError: the folder for bundles cannot be written.
    """

    def __init__(self, settings: AdapterSettings, database: Database, clock: Clock) -> None:
        self.registry, self.store = Registry(database, clock), Store(settings.adapters_folder)
        self.store.open()
        intake = Intake(self.store, self.registry, settings.takes, settings.adapters_trust)
        desk = Desk(settings, self.registry, intake, self.store, Callers(settings))
        self._web = Web(make_app(desk), settings)

    def check(self) -> str:
        """Empty once adapters are taken."""
        return self._web.check()

    async def run(self, stop: asyncio.Event) -> None:
        """Take adapters until `stop` is set."""
        await self._web.serve(stop)
