"""What edge agents told by themselves: kept before their samples are judged, and never left without an event."""

import asyncio
import json
import math
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.edge_alarms import EdgeAlarmRepository
from services.ledger.events import EventRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.snapshots import SnapshotRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import (
    Cue,
    EdgeAlarm,
    Event,
    Evidence,
    Mode,
    PriorEpisodes,
    Reason,
    Seconds,
    Tier,
    UnixSeconds,
)
from threshold_service import metrics

PERIOD_S: Seconds = 2.0
PATIENCE_S: Seconds = 600.0
"""An alarm whose samples have not come by then, such as of a spool that was deleted, has its event without them."""
DETECTOR = "the edge agent's own alarm, while it was cut off"
POLICY = "edge"


def keep(database: Database, alarms: Sequence[EdgeAlarm], now: UnixSeconds) -> list[str]:
    """Keep what an agent reports; the ids that are kept now or were before.

    Raises:
        DBAPIError: the ledger does not answer.
    """
    with database.write() as connection:
        for alarm in alarms:
            if EdgeAlarmRepository(connection).record(alarm, now):
                AuditRepository(connection).append("edge.alarm", codec.to_json(alarm), now)
                metrics.EDGE_ALARMS.labels("untold" if alarm.told_at is None else "told").inc()
    return [alarm.id for alarm in alarms]


class EdgeAlarms:
    """Once the samples around an alarm are judged, an event tells of it: the engine's own, or one made of the alarm,
    so that what nobody took is told and what somebody took stands on the page."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self) -> int:
        """Settle what can be settled; how many alarms that were.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            waiting = EdgeAlarmRepository(connection).unsettled()
        now = self._clock.now()
        return sum(self._settle(alarm, kept_at, now) for alarm, kept_at in waiting)

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("edge alarms not read", detail=str(error.orig))

    def _settle(self, alarm: EdgeAlarm, kept_at: UnixSeconds, now: UnixSeconds) -> bool:
        with self._database.write() as connection:
            if now - kept_at < PATIENCE_S and not _judged(connection, alarm):
                return False
            events = EventRepository(connection)
            near = events.page(alarm.at + PATIENCE_S, 100, alarm.resident, Tier.URGENT)
            known = next((event for event in near if alarm.tells_of(event)), None)
            if known is None:
                known = event_of(alarm)
                events.record(known)
                OutboxRepository(connection).add(EVENT_CHANGED, known.id, codec.to_json(known), now)
                metrics.EVENTS.labels(str(known.tier.value), known.reason.value).inc()
            EdgeAlarmRepository(connection).settle(alarm.id, now)
            told = json.dumps({"alarm": alarm.id, "event": known.id})
            AuditRepository(connection).append("edge.alarm.settled", told, now)
        return True


def event_of(alarm: EdgeAlarm) -> Event:
    """An event that says what the alarm said and nothing else: it is over when it is told."""
    return Event(
        id=alarm.id, revision=1, resident=alarm.resident, position=alarm.position, opened_at=alarm.at,
        updated_at=alarm.at, ended_at=alarm.at, tier=Tier.IMMEDIATE, reason=Reason.CUE, detector=DETECTOR,
        score=alarm.probability, threshold=math.nan, terms=(), deviations=(), evidence=_evidence(alarm),
        policy_version=POLICY,
    )  # fmt: skip


def _evidence(alarm: EdgeAlarm) -> Evidence:
    return Evidence(
        mode=Mode.OBSERVABLES, window_s=math.nan, profile=(), trends=(), volatility=math.nan,
        usual_volatility=math.nan, transition_rate=math.nan, cues=(Cue(alarm.cue, alarm.probability),),
        erratic_motion=math.nan, usual_erratic_motion=math.nan, place=alarm.room, time_of_day="",
        prior=PriorEpisodes(), seen_share=math.nan,
    )  # fmt: skip


def _judged(connection: Connection, alarm: EdgeAlarm) -> bool:
    where = alarm.position
    epoch, sequence = SnapshotRepository(connection).position(where.agent) or ("", 0)
    return epoch == where.epoch and sequence >= where.sequence
