"""The loop that tells: opens what is due, attempts what is pending, records how it ended."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.alerting import metrics, standing
from services.alerting.channel import Channel
from services.alerting.escalate import OPENINGS, escalate_due, wake
from services.alerting.message import dated
from services.alerting.opening import open_due, take_turn, tell_missed
from services.alerting.plan import Plan
from services.alerting.readiness import Go, Later, Never, readiness
from services.alerting.record import record, withdraw
from services.ledger import (
    AlertRepository,
    Database,
    DeliveryRepository,
    Dispatch,
    EndpointNow,
    EndpointRepository,
    EscalationRepository,
    EventRepository,
)
from services.runtime import logs
from services.runtime.bell import Bell
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.runtime.webhook.courier import Attempt
from services.vocabulary import Alert, AlertStatus, Outcome, Seconds, UnixSeconds

AT_ONCE = 8
"""Attempts to one receiver that run side by side (source: guess); a slow one never holds up the others."""
DUE_S: Seconds = 0.1
"""How often it is looked whether the time of an alert or of an asking has come (source: guess)."""
LOOKED_AT = 40
"""Pending dispatches that one look takes, besides those under way (source: guess; the next look is a moment later)."""
NOT_CONFIGURED = "this receiver is not configured any more"

Key = tuple[str, str]
"""Alert and receiver: what is told of one alert goes to one receiver in order, so that an end never overtakes it."""


class Dispatcher:
    """Delivers the ledger's dispatches; everything it knows is in the ledger, so that a crash loses nothing."""

    def __init__(self, database: Database, clock: Clock, channels: Mapping[str, Channel], plan: Plan) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels
        self._plan = plan
        self._under_way: dict[Key, asyncio.Task[None]] = {}
        self._ended: list[tuple[Key, Dispatch, Attempt]] = []
        self._recording: asyncio.Task[None] | None = None
        self._count_again_at: Seconds = float("-inf")
        self._due_again_at: Seconds = float("-inf")
        self._bell = Bell()
        self._log = logs.logger(part="dispatcher")

    def wake(self) -> None:
        """There may be something to tell."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event, period_s: Seconds = 0.25) -> None:
        """Until `stop`, whenever it is woken and now and then; then attempts under way get a moment to end. What does
        not end is sent again at the start."""
        away = False
        while not stop.is_set():
            try:
                await self.step()
                away = False
            except DBAPIError as error:
                if not away:
                    self._log.warning("database is away", error=type(error).__name__, detail=str(error.orig))
                away = True
            if away:
                await until(stop, 1.0)
            else:
                await self._bell.wait(stop, period_s)
        await self.settle(2.0)

    async def step(self) -> None:
        """Open what is due and start an attempt at everything that may go and is not under way."""
        for go in await asyncio.to_thread(self._look, frozenset(self._under_way)):
            key = _key(go.dispatch)
            self._under_way[key] = task = asyncio.create_task(self._tell(go))
            task.add_done_callback(partial(self._let_go, key))

    async def settle(self, limit_s: Seconds) -> None:
        """Wait for the attempts under way and their recording, then cancel what is left."""
        if self._under_way:
            _, left = await asyncio.wait(list(self._under_way.values()), timeout=limit_s)
            for task in left:
                task.cancel()
        if self._recording is not None:
            await self._recording

    def _let_go(self, key: Key, task: "asyncio.Task[None]") -> None:
        """An attempt that never came to its end is not under way any more; the others are until they are recorded."""
        if task.cancelled() or task.exception() is not None:
            self._under_way.pop(key, None)
            self.wake()
            if not task.cancelled():
                self._log.error("attempt failed", error=type(task.exception()).__name__, detail=str(task.exception()))

    def _look(self, under_way: Collection[Key]) -> list[Go]:
        """What may go now; what may not is put off or withdrawn in the ledger. The pauses between looks pass also where
        somebody sets the clock back."""
        now, awake = self._clock.now(), self._clock.monotonic()
        with self._database.read() as connection:
            due = awake >= self._due_again_at and self._due(connection, now)
            if awake >= self._count_again_at:
                metrics.UNDELIVERED.set(AlertRepository(connection).count(AlertStatus.UNDELIVERED))
                self._count_again_at = awake + 2.0
            judged = [] if due else self._pending(connection, under_way, now)
        if due:
            with self._database.write() as connection:
                take_turn(connection)
                open_due(connection, now, self._plan)
                escalate_due(connection, now, self._plan)
                judged = self._pending(connection, under_way, now)
        self._put_off_or_withdraw([one for one in judged if not isinstance(one, Go)])
        return [one for one in judged if isinstance(one, Go)]

    def _due(self, connection: Connection, now: UnixSeconds) -> bool:
        """Whether time alone made something due; what a message makes due is handed over when it is handled."""
        self._due_again_at = self._clock.monotonic() + DUE_S
        return bool(AlertRepository(connection).due_unsent(now) or EscalationRepository(connection).due(now, limit=1))

    def _pending(
        self, connection: Connection, under_way: Collection[Key], now: UnixSeconds
    ) -> list[Go | Later | Never]:
        busy = Counter(receiver for _, receiver in under_way)
        full = [receiver for receiver, count in busy.items() if count >= AT_ONCE]
        pending = DeliveryRepository(connection).pending(now, LOOKED_AT + len(under_way), full)
        return self._judged(connection, pending, under_way, busy, now) if pending else []

    def _judged(
        self, connection: Connection, pending: list[Dispatch], under_way: Collection[Key], busy: Counter[str],
        now: UnixSeconds,
    ) -> list[Go | Later | Never]:  # fmt: skip
        endpoints = {endpoint.receiver: endpoint for endpoint in EndpointRepository(connection).all()}
        taken = set(under_way)
        found: list[Go | Later | Never] = []
        for dispatch in sorted(pending, key=lambda one: one.notice not in OPENINGS):
            key, receiver = _key(dispatch), dispatch.receiver
            if key in taken or busy[receiver] >= AT_ONCE:
                continue
            taken.add(key)
            if receiver not in self._channels:
                found.append(Never(dispatch, NOT_CONFIGURED))
                continue
            endpoint = endpoints.get(receiver, EndpointNow(receiver))
            found.append(readiness(connection, dispatch, endpoint, now, self._plan.timing))
            busy[receiver] += isinstance(found[-1], Go)
        return found

    async def _tell(self, go: Go) -> None:
        dispatch = go.dispatch
        attempt = await self._channels[dispatch.receiver].attempt(dispatch.message, dated(dispatch.body, go.age_s))
        self._ended.append((_key(dispatch), dispatch, attempt))
        if self._recording is None or self._recording.done():
            self._recording = asyncio.create_task(self._record())
        if attempt.outcome is not Outcome.DELIVERED:
            self._log.warning(
                "not delivered", receiver=dispatch.receiver, outcome=attempt.outcome.value, detail=attempt.detail,
                message=dispatch.message, attempt=dispatch.attempts + 1,
            )  # fmt: skip

    async def _record(self) -> None:
        """Write down what has ended, together, until nothing is left; what cannot be written is attempted again."""
        while self._ended:
            ended, self._ended = self._ended, []
            try:
                await asyncio.to_thread(self._write_down, ended)
            except DBAPIError as error:
                self._log.error("attempts could not be recorded", error=type(error).__name__, detail=str(error.orig))
            finally:
                for key, _, _ in ended:
                    self._under_way.pop(key, None)
                self.wake()

    def _write_down(self, ended: list[tuple[Key, Dispatch, Attempt]]) -> None:
        with self._database.write() as connection:
            take_turn(connection)
            for _, dispatch, attempt in ended:
                record(connection, dispatch, attempt, self._clock.now(), self._plan)
        if any(attempt.outcome is not Outcome.DELIVERED for _, _, attempt in ended):
            self._due_again_at = float("-inf")  # the next one may have to be asked at once

    def _put_off_or_withdraw(self, judged: list[Later | Never]) -> None:
        if not judged:
            return
        with self._database.write() as connection:
            take_turn(connection)
            for one in judged:
                if isinstance(one, Later):
                    DeliveryRepository(connection).update(replace(one.dispatch, next_attempt_at=one.at))
                else:
                    self._withdraw(connection, one)
                    self._due_again_at = float("-inf")

    def _withdraw(self, connection: Connection, never: Never) -> None:
        now, dispatch = self._clock.now(), never.dispatch
        withdraw(connection, dispatch, never.why, now)
        alert = AlertRepository(connection).get(dispatch.alert)
        if alert is not None and dispatch.notice in OPENINGS:
            wake(connection, alert.id, now)
            after = standing.undelivered(standing.judged_late(alert, now, self._plan.timing))
            if after != alert:
                AlertRepository(connection).update(after)
                self._say_missed(connection, after, now)

    def _say_missed(self, connection: Connection, alert: Alert, now: UnixSeconds) -> None:
        event = EventRepository(connection).get(alert.event)
        if alert.status is AlertStatus.MISSED and event is not None:
            tell_missed(connection, alert, event, now, self._plan)


def _key(dispatch: Dispatch) -> Key:
    return dispatch.alert or dispatch.message, dispatch.receiver
