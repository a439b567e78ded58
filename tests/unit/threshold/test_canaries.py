"""Canaries go on to alerting, never late and never in a crowd, and the service says how long none came out."""

import asyncio
import math

import grpc.aio
import pytest
from prometheus_client import REGISTRY

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from services.ledger.canaries import CanaryOutRepository, CanaryRepository
from services.ledger.outbox import OutboxMessage, OutboxRepository
from services.ledger.topics import CANARY_SENT
from services.runtime import wire
from services.runtime.clock import SystemClock
from services.runtime.codec import from_json
from services.vocabulary import Canary, Policy
from tests.unit.threshold.conftest import EPOCH, START, House, said
from threshold_service.canaries import CanaryWatch, keep
from threshold_service.intake import Intake
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings

pytestmark = pytest.mark.unit
EVERY_S = 900.0


def canary(sent_at: float, identity: str = "c1") -> Canary:
    return Canary(identity, "edge-1", sent_at, EVERY_S)


def passed_on(house: House) -> list[OutboxMessage]:
    with house.database.read() as connection:
        return OutboxRepository(connection).unpublished(10, [CANARY_SENT])


def test_it_passes_a_fresh_one_on_and_drops_what_is_late_or_crowded(house: House) -> None:
    house.connect(said(canary_every_s=EVERY_S))
    now = house.clock.now()
    assert keep(house.database, canary(now - 61.0), now) == "late"
    assert keep(house.database, canary(now - 1.0), now) == "passed on"
    assert keep(house.database, canary(now + 9.0, "c2"), now + 10.0) == "crowded"
    assert keep(house.database, canary(now + 899.0, "c3"), now + 900.0) == "passed on"
    assert [from_json(Canary, one.body).id for one in passed_on(house)] == ["c1", "c3"]


def test_it_says_how_long_none_has_come_out_although_alerting_is_dead(house: House) -> None:
    house.connect(said(canary_every_s=EVERY_S))
    with house.database.write() as connection:
        CanaryOutRepository(connection).came_out("edge-1", START)
    watch = CanaryWatch(house.database, house.clock)
    for silent_s, problem in ((1800.0, ""), (1861.0, "do not come out: those of edge-1")):
        house.clock.advance(START + silent_s - house.clock.now())
        watch.look()
        found = REGISTRY.get_sample_value("attune_threshold_canary_silence_seconds", {"agent": "edge-1"})
        assert (found, watch.problem()) == (silent_s, problem)


def test_another_interval_begins_a_new_count_and_none_is_not_missed(house: House) -> None:
    with house.database.write() as connection:
        canaries = CanaryRepository(connection)
        canaries.promise("edge-1", EVERY_S, START)
        canaries.promise("edge-1", EVERY_S, START + 50)
        (same,) = canaries.all()
        canaries.promise("edge-1", 60.0, START + 100)
        (faster,) = canaries.all()
        canaries.promise("edge-1", 0.0, START + 150)
        assert (same.since, faster.since, canaries.all()) == (START, START + 100, [])


@pytest.mark.parametrize(
    ("message", "every_s", "expected"),
    [
        (sensing_pb2.Canary(sent_at=1.0), EVERY_S, "expected 1 to 64 printable"),
        (sensing_pb2.Canary(id="c\n", sent_at=1.0), EVERY_S, "expected 1 to 64 printable"),
        (sensing_pb2.Canary(id="c", sent_at=math.nan), EVERY_S, "expected Unix seconds"),
        (sensing_pb2.Canary(id="c", sent_at=1.0), 0.0, "promised none"),
    ],
)
def test_it_refuses_what_is_no_canary_in_words(message: sensing_pb2.Canary, every_s: float, expected: str) -> None:
    with pytest.raises(wire.WireError, match=expected):
        wire.canary_from_wire(message, "edge-1", every_s, 0.0)


@pytest.mark.parametrize("every_s", [-1.0, 0.5, math.nan, math.inf])
def test_it_refuses_a_hello_that_promises_what_cannot_be(every_s: float) -> None:
    with pytest.raises(wire.WireError, match=r"hello\.canary_every_s"):
        wire.canary_interval(every_s)


def test_it_comes_over_the_stream_on_the_servers_clock_and_one_that_was_not_promised_is_put_aside(
    house: House,
) -> None:
    async def story() -> list[str]:
        clock = SystemClock()
        server = grpc.aio.server()
        settings = ThresholdSettings(assess="", snapshot_s=0.2)
        Intake(Roster(house.database, clock, Policy(), "replica-2"), clock, settings).join(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        refused = []
        for every_s in (EVERY_S, 0.0):
            ahead = clock.now() + 500.0  # an edge whose clock is wrong
            hello = sensing_pb2.Hello(
                agent="edge-1", epoch=EPOCH, software="t", channels=["motion.ratio"], sample_period_s=1.0,
                seats=[sensing_pb2.Seat(resident="r-1", room="Room 1", mode=sensing_pb2.MODE_OBSERVABLES)],
                sent_at=ahead, canary_every_s=every_s,
            )  # fmt: skip
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = sensing_pb2_grpc.SensingStub(channel).Stream()
                await call.write(sensing_pb2.EdgeMessage(hello=hello))
                await call.write(sensing_pb2.EdgeMessage(canary=sensing_pb2.Canary(id="c1", sent_at=ahead)))
                await call.done_writing()
                async for message in call:
                    if message.WhichOneof("body") == "report_refused":
                        refused.append(message.report_refused.kind)
        await server.stop(0)
        return refused

    assert asyncio.run(story()) == ["canary"]
    (message,) = passed_on(house)
    kept = from_json(Canary, message.body)
    assert abs(kept.sent_at - SystemClock().now()) < 200.0
