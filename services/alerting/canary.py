"""A canary becomes a test notification, and what comes out, or stays away, is measured and told."""

import asyncio
import json
import uuid

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.alerting import metrics
from services.alerting.chains import Chains
from services.alerting.in_order import disabled
from services.alerting.message import stamp
from services.ledger import (
    AuditRepository,
    CanaryOutRepository,
    CanaryRepository,
    Database,
    DeliveryRepository,
    Dispatch,
    OutboxMessage,
)
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.codec import from_json
from services.runtime.lifecycle import until
from services.vocabulary import Canary, CanaryNow, Notice, Seconds, UnixSeconds
from services.vocabulary.canary import CANARY_NAMESPACE, canary_message

PERIOD_S: Seconds = 5.0
TEST_NOTE = "A test of Attune by itself: nothing has happened, and nobody has to do anything."
REMEDY = "Until it comes out again, do not rely on alerts of this agent: look in, and see attune doctor and the log."
NOBODY = "no receiver takes tests: set tests = true at one (ATTUNE_ALERTS_RECEIVERS)"


class Canaries:
    """Turns canaries into test notifications, outside of all stages: no alert, no chain, no budget, no history."""

    def __init__(self, clock: Clock, chains: Chains) -> None:
        self._clock, self._chains = clock, chains

    def sent(self, connection: Connection, message: OutboxMessage) -> None:
        """A canary has come: it goes to the receivers that take tests; a late one is dropped."""
        canary, now = from_json(Canary, message.body), self._clock.now()
        if canary.late(now):
            metrics.CANARIES.labels("late").inc()
            return
        gone = disabled(connection)
        takers = [name for name in self._chains.tests if name not in gone]
        metrics.CANARIES.labels("going" if takers else "nobody").inc()
        for receiver in takers:
            body = _body(canary, now)
            dispatch = Dispatch(canary_message(canary), "", Notice.TEST, receiver, body, canary.sent_at, now)
            DeliveryRepository(connection).queue(dispatch)


def came_out(connection: Connection, dispatch: Dispatch, now: UnixSeconds) -> None:
    """A receiver took a test notification: how long it took from the edge, and that it came out."""
    CanaryOutRepository(connection).came_out(json.loads(dispatch.body)["data"]["agent"], now)
    metrics.CANARY_SECONDS.observe(max(0.0, now - dispatch.created_at))


class CanaryWatch:
    """Looks whether canaries come out. One that stays away for two intervals and `slack_s` is told once to the
    receivers of technical alerts (without any, to those of tests), in the log, in `problem` and in the audit chain;
    that it comes out again is told as well. A service that has just started gives them time to come."""

    def __init__(self, database: Database, clock: Clock, chains: Chains, slack_s: Seconds) -> None:
        self._database, self._clock, self._chains, self._slack_s = database, clock, chains, slack_s
        self._began = clock.now()
        self._lost: list[str] = []
        self._shown: set[str] = set()

    def problem(self) -> str:
        """Empty while every canary comes out in time."""
        return f"do not come out: those of {', '.join(self._lost)}" if self._lost else ""

    def look(self) -> None:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            found = CanaryRepository(connection).all()
        now = self._clock.now()
        late = {one.agent for one in found if self._away(one, now)}
        for one in found:
            metrics.CANARY_SILENCE.labels(one.agent).set(one.silent_s(now))
            if one.agent in late and one.lost_at is None:
                self._tell(Notice.CANARY_LOST, one, now)
            elif one.agent not in late and one.lost_at is not None and _out_since(one, one.lost_at):
                self._tell(Notice.CANARY_RETURNED, one, now)
        for gone in self._shown - {one.agent for one in found}:
            metrics.CANARY_SILENCE.remove(gone)
        self._shown, self._lost = {one.agent for one in found}, sorted(late)

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("canaries not looked at", detail=str(error.orig))

    def _away(self, one: CanaryNow, now: UnixSeconds) -> bool:
        patience = one.patience_s(self._slack_s)
        known = one.lost_at is not None and not _out_since(one, one.lost_at)
        return known or (one.silent_s(now) > patience and now - self._began > patience)

    def _tell(self, notice: Notice, one: CanaryNow, now: UnixSeconds) -> None:
        with self._database.write() as connection:
            out = CanaryOutRepository(connection)
            if notice is Notice.CANARY_LOST:
                out.lost(one.agent, now)
            else:
                out.returned(one.agent, now)
            data = _data(notice, one, now, not self._chains.tests)
            AuditRepository(connection).append(notice.value, json.dumps(data), now)
            self._queue(connection, notice, data, now)
        say = logs.logger().error if notice is Notice.CANARY_LOST else logs.logger().info
        say("canary stays away" if notice is Notice.CANARY_LOST else "canary is back", agent=one.agent)

    def _queue(self, connection: Connection, notice: Notice, data: dict[str, object], now: UnixSeconds) -> None:
        body = json.dumps({"type": notice.value, "timestamp": stamp(now), "data": data})
        message = str(uuid.uuid5(CANARY_NAMESPACE, "\x1f".join((notice.value, str(data["agent"]), repr(now)))))
        gone = disabled(connection)
        for receiver in self._chains.technical or self._chains.tests:
            if receiver not in gone:
                DeliveryRepository(connection).queue(Dispatch(message, "", notice, receiver, body, now, now))


def _out_since(one: CanaryNow, at: UnixSeconds) -> bool:
    return one.delivered_at is not None and one.delivered_at > at


def _body(canary: Canary, now: UnixSeconds) -> str:
    said = f"Test: alerts of the agent '{canary.agent[:64]}' reach this receiver. Nothing has happened."
    data = {
        "test": True, "canary": canary_message(canary), "agent": canary.agent, "sent_at": stamp(canary.sent_at),
        "headline": said, "note": TEST_NOTE,
    }  # fmt: skip
    return json.dumps({"type": Notice.TEST.value, "timestamp": stamp(now), "data": data})


def _data(notice: Notice, one: CanaryNow, now: UnixSeconds, nobody: bool) -> dict[str, object]:
    since = max(one.since, one.delivered_at or 0.0)
    over = notice is Notice.CANARY_RETURNED
    minutes = one.silent_s(now) / 60.0
    said = f"Test alerts of the agent '{one.agent[:64]}' come out again."
    if not over:
        said = f"Test alerts of the agent '{one.agent[:64]}' have not come out for {minutes:.0f} minutes: {_where(one)}"
        said += f" {NOBODY}." if nobody else ""
    return {
        "agent": one.agent, "headline": said, "remedy": "" if over else REMEDY,
        "opened_at": stamp(since if one.lost_at is None else one.lost_at), "ended_at": stamp(now) if over else None,
        "note": "Technical: about Attune itself, not about a person.",
    }  # fmt: skip


def _where(one: CanaryNow) -> str:
    """How far they come."""
    arrives = one.received_at is not None and one.received_at > max(one.since, one.delivered_at or 0.0)
    if arrives:
        return "they reach the threshold service, but no receiver takes them."
    return "they do not reach the threshold service; the agent or its link is away."
