"""The loop that tells: opens what is due, attempts what is pending, records how it ended."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.alerting import metrics, standing
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
    EscalationRepository,
    EventRepository,
)
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.runtime.webhook.courier import Attempt, Courier
from services.vocabulary import Alert, AlertStatus, Outcome, Seconds, UnixSeconds

AT_ONCE = 8
"""Attempts to one receiver that run side by side (source: guess); a slow one never holds up the others."""


class Dispatcher:
    """Delivers the ledger's dispatches; everything it knows is in the ledger, so that a crash loses nothing."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        couriers: Mapping[str, Courier],
        plan: Plan,
    ) -> None:
        self._database = database
        self._clock = clock
        self._couriers = couriers
        self._plan = plan
        self._turns = {name: asyncio.Semaphore(AT_ONCE) for name in couriers}
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._count_again_at: UnixSeconds = 0.0
        self._log = logs.logger(part="dispatcher")

    async def run(self, stop: asyncio.Event, period_s: Seconds = 0.1) -> None:
        """Until `stop`; then attempts under way get a moment to end. What does not end is sent again at the start."""
        away = False
        while not stop.is_set():
            try:
                await self.step()
                away = False
            except DBAPIError as error:
                if not away:
                    self._log.warning("database is away", error=type(error).__name__, detail=str(error.orig))
                away = True
            await until(stop, 1.0 if away else period_s)
        await self.settle(2.0)

    async def step(self) -> None:
        """Open what is due and start an attempt at everything that is pending and not under way."""
        for dispatch in await asyncio.to_thread(self._look):
            key = (dispatch.alert, dispatch.receiver)  # one after the other, so that an end never overtakes its alert
            if key not in self._under_way:
                task = asyncio.create_task(self._tell(dispatch))
                self._under_way[key] = task
                task.add_done_callback(partial(self._ended, key))

    async def settle(self, limit_s: Seconds) -> None:
        """Wait for the attempts under way, then cancel what is left."""
        if self._under_way:
            _, left = await asyncio.wait(list(self._under_way.values()), timeout=limit_s)
            for task in left:
                task.cancel()

    def _ended(self, key: tuple[str, str], task: "asyncio.Task[None]") -> None:
        self._under_way.pop(key, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("attempt could not be recorded", error=type(error).__name__, detail=str(error))

    def _look(self) -> list[Dispatch]:
        now = self._clock.now()
        with self._database.read() as connection:
            due = AlertRepository(connection).due(now)
            pending = DeliveryRepository(connection).pending(now, limit=200)
            asking = EscalationRepository(connection).due(now, limit=1)
            if now >= self._count_again_at:
                metrics.UNDELIVERED.set(len(AlertRepository(connection).page(None, 1000, AlertStatus.UNDELIVERED)))
                self._count_again_at = now + 2.0
        fresh = [alert for alert in due if not any(d.alert == alert.id for d in pending)]
        if fresh or asking:
            with self._database.write() as connection:
                take_turn(connection)
                open_due(connection, now, self._plan)
                escalate_due(connection, now, self._plan)
                return DeliveryRepository(connection).pending(now, limit=200)
        return pending

    async def _tell(self, dispatch: Dispatch) -> None:
        courier = self._couriers.get(dispatch.receiver)
        if courier is None:
            await asyncio.to_thread(self._withdraw, dispatch, "this receiver is not configured any more")
            return
        async with self._turns[dispatch.receiver]:
            ready = await asyncio.to_thread(self._make_ready, dispatch)
            if ready is None:
                return
            attempt = await courier.attempt(dispatch.message, dated(dispatch.body, ready.age_s))
            await asyncio.to_thread(self._record, ready.dispatch, attempt)
        if attempt.outcome is not Outcome.DELIVERED:
            self._log.warning(
                "not delivered", receiver=dispatch.receiver, outcome=attempt.outcome.value, detail=attempt.detail,
                message=dispatch.message, attempt=dispatch.attempts + 1,
            )  # fmt: skip

    def _make_ready(self, dispatch: Dispatch) -> Go | None:
        """The dispatch if it may go now; otherwise it is put off or withdrawn, in the ledger."""
        with self._database.read() as connection:
            judged = readiness(connection, dispatch, self._clock.now(), self._plan.timing)
        match judged:
            case Later():
                self._put_off(judged.dispatch, judged.at)
            case Never():
                self._withdraw(judged.dispatch, judged.why)
            case Go():
                return judged
        return None

    def _withdraw(self, dispatch: Dispatch, why: str) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            take_turn(connection)
            withdraw(connection, dispatch, why, now)
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

    def _put_off(self, dispatch: Dispatch, at: UnixSeconds) -> None:
        with self._database.write() as connection:
            DeliveryRepository(connection).update(replace(dispatch, next_attempt_at=at))

    def _record(self, dispatch: Dispatch, attempt: Attempt) -> None:
        with self._database.write() as connection:
            take_turn(connection)
            record(connection, dispatch, attempt, self._clock.now(), self._plan)
