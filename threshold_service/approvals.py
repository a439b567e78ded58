"""Notices what a person approved, and has the agent's thresholds rise at a recorded position, once."""

import asyncio
import math

from sqlalchemy.exc import DBAPIError

from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import THRESHOLD_APPROVED
from services.runtime import codec, logs
from services.runtime.lifecycle import until
from services.vocabulary import Approval, Seconds
from threshold_service.agent_run import APPROVALS
from threshold_service.roster import Roster

PERIOD_S: Seconds = 2.0
AT_ONCE = 1000


class Approvals:
    """Looks into the ledger. What is about a resident whose agent is not connected here waits until it is."""

    def __init__(self, database: Database, roster: Roster) -> None:
        self._database = database
        self._roster = roster

    def look(self) -> int:
        """Act on what was approved and not acted on; how many approvals that were.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            waiting = OutboxRepository(connection).unconsumed(THRESHOLD_APPROVED, APPROVALS, AT_ONCE, math.inf)
        return sum(self._roster.approve(codec.from_json(Approval, one.body), one.id) for one in waiting)

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("approvals not read", detail=str(error.orig))
