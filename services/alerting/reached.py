"""Who would be asked now, tier by tier and step by step; alerting keeps it in the ledger, where the page reads it."""

import asyncio
from collections.abc import Collection, Iterator

from sqlalchemy.exc import DBAPIError

from services.alerting.chains import EVERYBODY, Chains
from services.alerting.in_order import disabled
from services.ledger import Database
from services.ledger.oncall import OnCall, OnCallRepository, Reached
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Seconds, Tier, UnixSeconds

PERIOD_S: Seconds = 5.0
AGAIN_S: Seconds = 60.0
"""What has not changed is said again so often, so that a reader sees that it still holds."""
TOLD = (Tier.IMMEDIATE, Tier.URGENT)


def reached(chains: Chains, now: UnixSeconds, gone: Collection[str]) -> Iterator[Reached]:
    """Each step of each tier: its role, who has the shift, and the channels that would be used now and would not."""
    usable = chains.usable(now, gone)
    for tier in TOLD:
        chain = chains.of(tier, now)
        if chain is None:
            yield Reached(tier.value, "", 0, "")
            continue
        people = [()] if chain.name == EVERYBODY else chains.people(tier, now)
        for number, (step, names) in enumerate(zip(chain.steps, people, strict=True), 1):
            yield Reached(
                tier.value, chain.name, number, step.role, tuple(names),
                tuple(one for one in step.channels if one in usable),
                tuple(one for one in step.channels if one not in usable),
            )  # fmt: skip


class OnCallWatch:
    """Says in the ledger who is reached, whenever that changes."""

    def __init__(self, database: Database, clock: Clock, chains: Chains) -> None:
        self._database, self._clock, self._chains = database, clock, chains
        self._said: list[OnCall] = []
        self._said_at: UnixSeconds = 0.0

    def look(self) -> None:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        now = self._clock.now()
        with self._database.read() as connection:
            steps = list(reached(self._chains, now, disabled(connection)))
        chains = [OnCall(tier.value, tuple(s for s in steps if s.tier == tier.value and s.chain)) for tier in TOLD]
        if chains == self._said and now - self._said_at < AGAIN_S:
            return
        with self._database.write() as connection:
            OnCallRepository(connection).save(chains, now)
        self._said, self._said_at = chains, now

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("who is reached was not said", detail=str(error.orig))
            if await until(stop, period_s):
                return
