"""Passes canaries on to alerting, and says how long none has come out, also while alerting is dead."""

import asyncio

from prometheus_client import Counter, Gauge
from sqlalchemy.exc import DBAPIError

from services.ledger.canaries import CanaryRepository
from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import CANARY_SENT
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Canary, CanaryNow, Seconds, UnixSeconds

PERIOD_S: Seconds = 5.0
SLACK_S: Seconds = 60.0
"""Beyond two intervals (source: guess)."""
RECEIVED = Counter(
    "attune_threshold_canaries",
    "Canaries of agents by what became of them: passed on, late, crowded (sooner than was promised)",
    ["fate"],
)
SILENCE = Gauge(
    "attune_threshold_canary_silence_seconds", "Since a canary of the agent last came out at a receiver", ["agent"]
)
OVERDUE = Gauge("attune_threshold_canaries_overdue", "Agents whose canary has not come out for too long")


def keep(database: Database, canary: Canary, now: UnixSeconds) -> str:
    """Pass a canary on with the ledger's outbox; what became of it. A late one is dropped, and so is one that comes in
    less than half of the interval that its agent promised.

    Raises:
        DBAPIError: the ledger does not answer.
    """
    with database.write() as connection:
        before = CanaryRepository(connection).received_at(canary.agent)
        fate = _fate(canary, before, now)
        if fate == "passed on":
            CanaryRepository(connection).received(canary.agent, now)
            OutboxRepository(connection).add(CANARY_SENT, canary.agent, codec.to_json(canary), now)
    RECEIVED.labels(fate).inc()
    return fate


def _fate(canary: Canary, before: UnixSeconds | None, now: UnixSeconds) -> str:
    if canary.late(now):
        return "late"
    crowded = before is not None and 0.0 <= now - before < canary.every_s / 2.0
    return "crowded" if crowded else "passed on"


class CanaryWatch:
    """Keeps the gauges and `problem` by what the ledger holds; alerting tells receivers, this tells of alerting."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._overdue: list[str] = []
        self._shown: set[str] = set()

    def problem(self) -> str:
        """Empty while every canary comes out in time."""
        return f"do not come out: those of {', '.join(self._overdue)}" if self._overdue else ""

    def look(self) -> None:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            found = CanaryRepository(connection).all()
        now = self._clock.now()
        self._overdue = [one.agent for one in found if one.silent_s(now) > one.patience_s(SLACK_S)]
        OVERDUE.set(len(self._overdue))
        self._show(found, now)

    def _show(self, found: list[CanaryNow], now: UnixSeconds) -> None:
        for one in found:
            SILENCE.labels(one.agent).set(one.silent_s(now))
        there = {one.agent for one in found}
        for gone in self._shown - there:
            SILENCE.remove(gone)
        self._shown = there

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("canaries not looked at", detail=str(error.orig))
