"""Raises, tells, keeps and reports the alarms that an agent raises by itself."""

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from edge_agent import metrics
from edge_agent.edge_time import EdgeTime
from edge_agent.own_alarm.rule import CueRule
from edge_agent.own_alarm.settings import OwnAlarmSettings
from edge_agent.spool import Spool
from edge_agent.spool_errors import NoRoom
from edge_agent.standing import Standing
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.runtime.webhook.courier import Courier
from services.vocabulary import HEARD, Cue, EdgeAlarm, Outcome, Position, Resident, Seconds, UnixSeconds, alarm_id

FACT, ASIDE = "own_alarms", "own_alarms_refused"
MOST_ASIDE = 100
PERIOD_S: Seconds = 0.25
RETRIES_S: tuple[Seconds, ...] = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Waits between attempts, the last one again and again (source: guess, as at the server)."""
NOTE = "Raised by the edge agent itself, because the server did not answer. Decision support: a person decides."


class Link(Protocol):
    """What has to be known of the way to the server."""

    @property
    def silent_s(self) -> Seconds:
        """How long the server has said nothing."""

    def standing(self, epoch: str, sequence: int) -> Standing:
        """How far a sample has come."""


@dataclass(slots=True)
class _Raised:
    """An alarm on its way; `settled`: it was told, or is left to the server."""

    alarm: EdgeAlarm
    next_attempt_at: Seconds = 0.0
    settled: bool = False
    attempt: "asyncio.Task[None] | None" = None


class OwnAlarms:
    """Every held cue waits for the server's word that its sample is durable; one that waits too long is told here.

    What was raised is kept beside the samples until the server has it, so that neither a restart nor a long outage
    loses or repeats it. Without a webhook nothing is ever raised.
    """

    def __init__(self, settings: OwnAlarmSettings, agent: str, spool: Spool, clock: Clock, when: EdgeTime) -> None:
        self._settings, self._agent = settings, agent
        self._spool, self._clock, self._when = spool, clock, when
        self._rule = CueRule(settings)
        self._lock = threading.Lock()
        self._waiting: list[EdgeAlarm] = []
        self._reported: set[str] = set()
        self._log = logs.logger(part="own alarm")
        self._courier: Courier | None = None
        if settings.webhook is not None:
            self._courier = Courier(settings.webhook, settings.guard, settings.timeout_s, clock)
        told = json.loads(spool.fact(FACT) or "[]")
        alarms = [codec.from_json(EdgeAlarm, text) for text in told]
        self._raised = {alarm.id: _Raised(alarm, settled=alarm.told_at is not None) for alarm in alarms}

    def remember(self, seats: Sequence[Resident]) -> None:
        """What was told before a restart is not told again while it goes on."""
        rows = {seat.id: row for row, seat in enumerate(seats)}
        for raised in self._raised.values():
            if raised.alarm.resident in rows:
                self._rule.told(rows[raised.alarm.resident], raised.alarm.at, raised.alarm.cue)

    def hear(self, row: int, seat: Resident, sequence: int, time: UnixSeconds, cues: Sequence[Cue]) -> None:
        """One second of one room, already in the spool under `sequence`; called from the cameras' threads."""
        if self._courier is None:
            return
        with self._lock:
            cue = self._rule.hear(row, time, cues)
            if cue is not None:
                where = Position(self._agent, self._spool.epoch, sequence)
                alarm = EdgeAlarm(
                    alarm_id(seat.id, where), seat.id, seat.room, where, time, cue.name, cue.probability, 0.0
                )
                self._waiting.append(replace(alarm, unattributed=cue.unattributed))

    async def run(self, link: Link, stop: asyncio.Event) -> None:
        """Raise what waited too long and tell it, until `stop`."""
        if self._courier is None:
            await stop.wait()
            return
        try:
            while not await until(stop, PERIOD_S):
                self.step(link)
        finally:
            await self._under_way()
            await self._courier.close()

    def step(self, link: Link) -> None:
        """Raise what is due and start the attempts that are due."""
        with self._lock:
            due, waiting = [], []
            for alarm in self._waiting:
                how = link.standing(alarm.position.epoch, alarm.position.sequence)
                if self._due(alarm, how, link.silent_s):
                    due.append(alarm)
                elif how is not Standing.DURABLE:
                    waiting.append(alarm)
            self._waiting = waiting
        for alarm in due:
            self._raise(alarm)
        now = self._clock.monotonic()
        for raised in self._raised.values():
            if not raised.settled and raised.attempt is None and now >= raised.next_attempt_at:
                raised.attempt = asyncio.create_task(self._tell(raised))

    async def ready(self, first: bool, silent_s: Seconds) -> list[EdgeAlarm] | None:
        """What the server has to know before it is given another sample: it is there again, so that attempts under way
        are waited for and nothing is attempted any more. `first`: of a stream, which is told everything anew. None:
        give it no sample, it says nothing, and somebody is being told meanwhile."""
        if first:
            self._reported.clear()
        if silent_s >= self._settings.after_s and any(not raised.settled for raised in self._raised.values()):
            return None
        await self._under_way()
        for raised in self._raised.values():
            if not raised.settled:
                self._settle(raised, "the server answers again and is left to tell")
        found = [raised.alarm for raised in self._raised.values() if raised.alarm.id not in self._reported]
        self._reported.update(alarm.id for alarm in found)
        return found

    def kept(self, ids: Sequence[str]) -> None:
        """The server has these."""
        for identity in ids:
            self._raised.pop(identity, None)
        self._keep()

    def refused(self, ids: Sequence[str], reason: str) -> None:
        """The server will not have these: they are put aside, to be looked at, and not reported any more."""
        gone = [self._raised.pop(identity) for identity in ids if identity in self._raised]
        if not gone:
            return
        for raised in gone:
            metrics.OWN_ALARMS.labels("refused").inc()
            self._log.error("own alarm refused by the server, put aside", alarm=raised.alarm.id, reason=reason,
                            told=raised.alarm.told_at is not None)  # fmt: skip
        aside = json.loads(self._spool.fact(ASIDE) or "[]")
        aside += [{"alarm": codec.to_json(raised.alarm), "reason": reason[:1000]} for raised in gone]
        self._keep_fact(ASIDE, json.dumps(aside[-MOST_ASIDE:]))
        self._keep()

    def _due(self, alarm: EdgeAlarm, how: Standing, silent_s: Seconds) -> bool:
        """A sample that lies at a server which speaks is about to be judged there."""
        after = self._settings.after_s
        aged = how is Standing.WAITING and self._when.now() - alarm.at >= after
        return how is not Standing.DURABLE and (silent_s >= after or aged)

    def _raise(self, alarm: EdgeAlarm) -> None:
        raised = _Raised(replace(alarm, raised_at=self._when.now()))
        self._raised[alarm.id] = raised
        self._keep()
        metrics.OWN_ALARMS.labels("raised").inc()
        self._log.warning("own alarm raised", alarm=alarm.id, cue=alarm.cue.value, sequence=alarm.position.sequence)

    async def _tell(self, raised: _Raised) -> None:
        assert self._courier is not None and self._settings.webhook is not None
        alarm = raised.alarm
        attempt = await self._courier.attempt(alarm.id, self._body(alarm))
        told = attempt.outcome is Outcome.DELIVERED
        now = self._when.now()
        raised.alarm = replace(
            alarm, receiver=self._settings.webhook.name, told_at=now if told else None, attempts=alarm.attempts + 1,
            detail="".join(c if c.isprintable() else " " for c in attempt.detail[:200]),
        )  # fmt: skip
        wait = RETRIES_S[min(alarm.attempts, len(RETRIES_S) - 1)]
        raised.next_attempt_at, raised.attempt = self._clock.monotonic() + wait, None
        if told or attempt.final or now - alarm.raised_at >= self._settings.give_up_s:
            self._settle(raised, raised.alarm.detail)
        self._keep()

    def _settle(self, raised: _Raised, why: str) -> None:
        raised.settled = True
        told = raised.alarm.told_at is not None
        if not told:
            raised.alarm = replace(raised.alarm, detail=raised.alarm.detail or why)
        metrics.OWN_ALARMS.labels("told" if told else "untold").inc()
        self._log.warning("own alarm settled", alarm=raised.alarm.id, told=told, attempts=raised.alarm.attempts,
                          detail=raised.alarm.detail)  # fmt: skip

    async def _under_way(self) -> None:
        tasks = [raised.attempt for raised in self._raised.values() if raised.attempt is not None]
        if tasks:
            await asyncio.wait(tasks)

    def _keep(self) -> None:
        self._keep_fact(FACT, json.dumps([codec.to_json(raised.alarm) for raised in self._raised.values()]))

    def _keep_fact(self, name: str, value: str) -> None:
        try:
            self._spool.keep_fact(name, value)
        except NoRoom as error:  # it is still told and reported, unless the agent is started again before
            self._log.error("own alarms not kept", detail=str(error))

    def _body(self, alarm: EdgeAlarm) -> str:
        what = HEARD[alarm.cue] + (" (not clear whose)" if alarm.unattributed else "")
        data = {
            "alert": alarm.id, "resident": alarm.resident, "room": alarm.room, "tier": 1, "urgency": "immediate",
            "headline": f"{what[0].upper()}{what[1:]}.", "opened_at": _stamp(alarm.at), "cue": alarm.cue.value,
            "probability": round(alarm.probability, 3), "late_s": round(max(0.0, self._when.now() - alarm.at), 3),
            "told_by": self._agent, "note": NOTE,
        }  # fmt: skip
        return json.dumps({"type": "edge.alarm", "timestamp": _stamp(self._when.now()), "data": data}, sort_keys=True)


def _stamp(at: UnixSeconds) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
