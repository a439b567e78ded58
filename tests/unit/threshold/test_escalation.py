"""The second opinion is asked for once per urgency, and a slow, broken or absent answer holds nothing else up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from sqlalchemy import text

from attune_wire.v1 import judgement_pb2, judgement_pb2_grpc
from services.ledger.assessments import AssessmentRepository
from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec
from services.runtime.clock import VirtualClock
from services.vocabulary import (
    Assessment,
    Event,
    Evidence,
    Indicator,
    Mode,
    Opinion,
    Position,
    Reason,
    Tier,
    Verdict,
    event_id,
)  # fmt: skip
from tests.unit.threshold.conftest import EPOCH, START
from threshold_service.escalation import AGAIN_S, CONSUMER, TOO_OLD_S, Escalation

pytestmark = pytest.mark.unit


class Answering(judgement_pb2_grpc.SecondOpinionServicer):
    """A second opinion that notes what it was asked, and answers as it is told to."""

    def __init__(self, answer: Callable[[Any, Any], Awaitable[None]] | None = None) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answer = answer

    async def Assess(self, request: Any, context: Any) -> judgement_pb2.AssessReply:
        self.asked.append((request.event.resident, request.event.revision))
        if self._answer is not None:
            await self._answer(request, context)
        return judgement_pb2.AssessReply()


def event(resident: str = "r-1", revision: int = 1, tier: Tier = Tier.URGENT, ended: bool = False) -> Event:
    position = Position("edge-1", EPOCH, 7)
    return Event(
        id=event_id(resident, position), revision=revision, resident=resident, position=position, opened_at=START,
        updated_at=START, ended_at=START if ended else None, tier=tier, reason=Reason.COMPOSITE, detector="d",
        score=2.0, threshold=1.0, terms=(), deviations=(), evidence=Evidence(Mode.OBSERVABLES, 45.0),
        policy_version="shipped@1",
    )  # fmt: skip


def tell(database: Database, *bodies: str) -> None:
    with database.write() as connection:
        for body in bodies:
            OutboxRepository(connection).add(EVENT_CHANGED, "e", body, START)


def told(database: Database, *events: Event) -> None:
    tell(database, *map(codec.to_json, events))


def assessed(database: Database, of: Event) -> None:
    verdict = Verdict(Tier.URGENT, Opinion.AGREED, "now", "restless", (Indicator("up", "motion.ratio"),), "", "", 0.5)
    with database.write() as connection:
        AssessmentRepository(connection).record(Assessment("a", of.id, of.revision, START, "rules", "", "1", verdict))


def unsettled(database: Database) -> int:
    with database.read() as connection:
        return len(OutboxRepository(connection).unconsumed(EVENT_CHANGED, CONSUMER, 100, START + 1e6))


class Stage:
    """An escalation beside a second opinion on loopback; `look` is one look into the outbox."""

    def __init__(self, database: Database, stub: Any, group: asyncio.TaskGroup) -> None:
        self.database, self.clock = database, VirtualClock(START)
        self._stub, self._group = stub, group
        self.begin_anew()

    def begin_anew(self) -> None:
        self.escalation = Escalation(self.database, self.clock, "", "", 15.0)

    async def look(self, leave: int = 0) -> None:
        """Look, and wait until all messages but `leave` are settled or postponed."""
        await self.escalation.step(self._stub, self._group)
        while len(self.escalation._asking) > leave:
            await asyncio.wait(self.escalation._asking.values(), return_when=asyncio.FIRST_COMPLETED)


def play(database: Database, answering: Answering, scene: Callable[[Stage], Awaitable[None]]) -> None:
    async def whole() -> None:
        server = grpc.aio.server()
        judgement_pb2_grpc.add_SecondOpinionServicer_to_server(answering, server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel, asyncio.TaskGroup() as group:
            stub = judgement_pb2_grpc.SecondOpinionStub(channel)  # type: ignore[no-untyped-call]
            await scene(Stage(database, stub, group))
        await server.stop(None)

    asyncio.run(asyncio.wait_for(whole(), 20.0))


def test_it_asks_about_open_serious_recent_events_alone(database: Database) -> None:
    answering = Answering()
    told(database, event("r-1"), event("r-2", tier=Tier.MONITOR), event("r-3", ended=True))

    async def scene(stage: Stage) -> None:
        await stage.look()
        told(database, event("r-4"))
        stage.clock.advance(TOO_OLD_S)
        await stage.look()

    play(database, answering, scene)
    assert answering.asked == [("r-1", 1)]
    assert unsettled(database) == 0


def test_it_asks_again_about_an_event_that_became_more_urgent_also_after_a_restart(database: Database) -> None:
    answering = Answering()
    assessed(database, event())

    async def scene(stage: Stage) -> None:
        told(database, event())
        await stage.look()
        stage.begin_anew()
        told(database, event(revision=2, tier=Tier.IMMEDIATE))
        await stage.look()

    play(database, answering, scene)
    assert answering.asked == [("r-1", 2)]
    assert unsettled(database) == 0


def test_it_lets_no_slow_answer_keep_another_event_waiting(database: Database) -> None:
    released = asyncio.Event()

    async def answer(request: Any, _context: Any) -> None:
        if request.event.resident == "slow":
            await released.wait()

    answering = Answering(answer)

    async def scene(stage: Stage) -> None:
        told(database, event("slow"))
        await stage.look(leave=1)
        told(database, event("quick"))
        await stage.look(leave=1)
        assert {who for who, _ in answering.asked} == {"slow", "quick"}
        assert unsettled(database) == 1
        await stage.look(leave=1)
        released.set()
        await stage.look()

    play(database, answering, scene)
    assert sorted(answering.asked) == [("quick", 1), ("slow", 1)], "each was asked about once"
    assert unsettled(database) == 0


@pytest.mark.parametrize("never", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION])
def test_it_asks_again_when_there_was_no_answer_and_not_when_the_question_is_impossible(
    database: Database, never: grpc.StatusCode
) -> None:
    async def answer(request: Any, context: Any) -> None:
        if request.event.resident == "impossible":
            await context.abort(never, "no")
        if len(answering.asked) < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "later")

    answering = Answering(answer)
    told(database, event("impossible"), event("r-1"))

    async def scene(stage: Stage) -> None:
        await stage.look()
        assert unsettled(database) == 1
        await stage.look()
        assert len(answering.asked) == 2, "not at once"
        stage.clock.advance(AGAIN_S)
        await stage.look()

    play(database, answering, scene)
    assert sorted(answering.asked) == [("impossible", 1), ("r-1", 1), ("r-1", 1)]
    assert unsettled(database) == 0


def test_it_passes_over_a_message_that_tells_of_no_event(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    answering = Answering()
    tell(database, '{"id": 3}')
    told(database, event())

    async def scene(stage: Stage) -> None:
        await stage.look()

    play(database, answering, scene)
    assert answering.asked == [("r-1", 1)] and unsettled(database) == 0
    assert "it tells of no event" in capsys.readouterr().out


def test_it_waits_for_a_database_that_is_away_and_stops_when_asked(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    answering = Answering(lambda _request, _context: asyncio.sleep(60.0))
    told(database, event())
    rename(database, "inbox", "elsewhere")

    async def whole() -> None:
        server = grpc.aio.server()
        judgement_pb2_grpc.add_SecondOpinionServicer_to_server(answering, server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stop = asyncio.Event()
        escalation = Escalation(database, VirtualClock(START), f"127.0.0.1:{port}", "", 15.0)
        going = asyncio.create_task(escalation.run(stop, period_s=0.01))
        said = ""
        while "database is away" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
            assert not going.done()
        rename(database, "elsewhere", "inbox")
        while not answering.asked:
            assert not going.done()
            await asyncio.sleep(0.01)
        stop.set()
        await going
        await server.stop(None)

    asyncio.run(asyncio.wait_for(whole(), 20.0))


def rename(database: Database, table: str, to: str) -> None:
    with database.write() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))
