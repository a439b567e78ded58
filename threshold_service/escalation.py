"""Asks the second opinion about serious events; no alert waits for it longer than its own bound."""

import asyncio
import json

import grpc
import grpc.aio
from sqlalchemy.exc import DBAPIError

from attune_wire.v1 import judgement_pb2, judgement_pb2_grpc
from services.ledger.assessments import AssessmentRepository
from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.inbox import InboxRepository
from services.ledger.outbox import OutboxMessage, OutboxRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec, logs, wire
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Event, Picture, Tier
from services.vocabulary.time import Seconds
from threshold_service import metrics
from threshold_service.pictures import Pictures

CONSUMER = "escalation"
TOO_OLD_S: Seconds = 3600.0
"""An opinion about something older helps nobody who is on shift (source: guess)."""
LOOK_S: Seconds = 0.2
"""How often a question looks whether its pictures have come."""
AGAIN_S: Seconds = 4.0
"""How long a question that could not be asked waits (source: guess)."""
MOST_AT_ONCE = 32
_NOT_AGAIN = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
"""Answers after which it is no use to ask again: nothing is wrong with the second opinion, but with the question."""


class Escalation:
    """Reads event.changed from the outbox and calls vlm_service; what fails is tried again until it is too old.

    Every question is its own task: a slow answer keeps no other event waiting. With `pictures`, a question waits for
    those of its event until `pictures_s` after it opened, and goes without them then.
    """

    def __init__(
        self, database: Database, clock: Clock, address: str, token: str, deadline_s: Seconds,
        pictures: Pictures | None = None, pictures_s: Seconds = 0.0,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._pictures, self._pictures_s = pictures, pictures_s
        self._address = address
        self._token = token
        self._deadline_s = deadline_s
        self._log = logs.logger(room="threshold")
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Seconds] = {}

    async def run(self, stop: asyncio.Event, period_s: Seconds = 0.5) -> None:
        """Until asked to stop; a database that is away is waited for. What was not answered is asked again later."""
        async with grpc.aio.insecure_channel(self._address) as channel, asyncio.TaskGroup() as group:
            stub = judgement_pb2_grpc.SecondOpinionStub(channel)  # type: ignore[no-untyped-call]
            while not stop.is_set():
                wait = period_s
                try:
                    await self.step(stub, group)
                except DBAPIError as error:
                    self._log.warning("database is away", error=type(error).__name__, detail=str(error.orig))
                    wait = max(period_s, 1.0)
                await until(stop, wait)
            for task in self._asking.values():
                task.cancel()

    async def step(self, stub: judgement_pb2_grpc.SecondOpinionStub, group: asyncio.TaskGroup) -> int:
        """Begin to ask about everything new that waits, without waiting for an answer; how many questions began.

        Raises:
            sqlalchemy.exc.DBAPIError: the ledger does not answer.
        """
        now = self._clock.monotonic()
        self._again = {identity: due for identity, due in self._again.items() if due > now}
        waiting = await asyncio.to_thread(self._waiting, MOST_AT_ONCE + len(self._asking) + len(self._again))
        new = [message for message in waiting if message.id not in self._asking and message.id not in self._again]
        begun = new[: max(0, MOST_AT_ONCE - len(self._asking))]
        for message in begun:
            self._asking[message.id] = group.create_task(self._handle(stub, message))
        return len(begun)

    async def _handle(self, stub: judgement_pb2_grpc.SecondOpinionStub, message: OutboxMessage) -> None:
        try:
            if not await self._settled(stub, message):
                self._again[message.id] = self._clock.monotonic() + AGAIN_S
                return
            await asyncio.to_thread(self._done, message)
        except DBAPIError as error:
            self._log.warning("database is away", error=type(error).__name__, detail=str(error.orig))
            self._again[message.id] = self._clock.monotonic() + AGAIN_S
        finally:
            self._asking.pop(message.id, None)

    async def _settled(self, stub: judgement_pb2_grpc.SecondOpinionStub, message: OutboxMessage) -> bool:
        """Whether nothing is left to ask."""
        try:
            event = codec.from_json(Event, message.body)
        except codec.CodecError as error:
            self._log.error("message passed over: it tells of no event", message=message.id, detail=str(error))
            return True
        if not await asyncio.to_thread(self._wants_opinion, event):
            return True
        try:
            await self._ask(stub, event)
        except grpc.aio.AioRpcError as error:
            metrics.ASSESSMENTS.labels("failed").inc()
            self._log.warning("no second opinion yet", code=error.code().name, event_id=event.id)
            return error.code() in _NOT_AGAIN
        return True

    async def _ask(self, stub: judgement_pb2_grpc.SecondOpinionStub, event: Event) -> None:
        shown = await self._shown(event)
        request = judgement_pb2.AssessRequest(
            event=wire.event_to_wire(event), deadline_s=self._deadline_s, frames=map(wire.picture_to_wire, shown)
        )
        metadata = [("authorization", f"Bearer {self._token}")] if self._token else []
        await stub.Assess(request, timeout=self._deadline_s + 5.0, metadata=metadata)
        metrics.ASSESSMENTS.labels("made").inc()

    async def _shown(self, event: Event) -> tuple[Picture, ...]:
        """The pictures of an event, where there are some; who was shown them, and how many, is written down."""
        if self._pictures is None:
            return ()
        late = event.opened_at + self._pictures_s
        while not self._pictures.answered(event.id) and self._clock.now() < late:
            await self._clock.sleep(LOOK_S)
        shown = self._pictures.of(event.id)
        if shown:
            await asyncio.to_thread(self._audited, event, len(shown))
        return shown

    def _audited(self, event: Event, count: int) -> None:
        said = {"event": event.id, "revision": event.revision, "pictures": count, "to": "second opinion"}
        with self._database.write() as connection:
            AuditRepository(connection).append("evidence.shown", json.dumps(said), self._clock.now())

    def _wants_opinion(self, event: Event) -> bool:
        recent = self._clock.now() - event.opened_at < TOO_OLD_S
        if event.tier is Tier.MONITOR or not event.open or not recent:
            return False
        with self._database.read() as connection:
            made = AssessmentRepository(connection).of_event(event.id)
        # An open event has a later revision only where it became more urgent.
        return made is None or made.event_revision < event.revision

    def _waiting(self, limit: int) -> list[OutboxMessage]:
        with self._database.read() as connection:
            return OutboxRepository(connection).unconsumed(EVENT_CHANGED, CONSUMER, limit, self._clock.now())

    def _done(self, message: OutboxMessage) -> None:
        with self._database.write() as connection:
            InboxRepository(connection).first_time(CONSUMER, message.id, self._clock.now())
