"""The uplink loses no sample, whatever the server at the other end does (a real one, on loopback)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from edge_agent import uplink as uplink_file
from edge_agent.identity import Identity
from edge_agent.narrowing import MOST_IN_A_ROW
from edge_agent.spool import Row, Spool
from edge_agent.uplink import Refused, Uplink
from services.runtime.clock import SystemClock
from services.vocabulary import Resident

pytestmark = pytest.mark.unit

IDENTITY = Identity("edge-1", "test", "", "UTC", ("motion.ratio",), (Resident("r-1", "Room 1"),))
Messages = AsyncIterator[sensing_pb2.EdgeMessage]
Context = grpc.aio.ServicerContext[Any, Any]


class Server(sensing_pb2_grpc.SensingServicer):
    """Keeps what each epoch sent and acknowledges every batch; subclasses misbehave."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.durable: dict[str, int] = {}
        self.hellos: list[sensing_pb2.Hello] = []

    async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
        hello = (await anext(aiter(messages))).hello
        self.hellos.append(hello)
        yield welcome(self.durable.get(hello.epoch, 0))
        async for message in messages:
            if message.WhichOneof("body") == "batch":
                self.take(hello.epoch, message.batch)
                async for answer in self.answers(hello.epoch, context):
                    yield answer

    def take(self, epoch: str, batch: sensing_pb2.SampleBatch) -> None:
        self.times.setdefault(epoch, []).extend(batch.time)
        self.durable[epoch] = max(self.durable.get(epoch, 0), batch.sequence[-1])

    async def answers(self, epoch: str, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
        yield ack(self.durable[epoch])


def welcome(durable: int) -> sensing_pb2.ServerMessage:
    return sensing_pb2.ServerMessage(
        welcome=sensing_pb2.Welcome(durable_sequence=durable, server_time=time.time(), max_batch=50)
    )


def ack(durable: int) -> sensing_pb2.ServerMessage:
    return sensing_pb2.ServerMessage(ack=sensing_pb2.Ack(durable_sequence=durable))


@asynccontextmanager
async def talking(servicer: Server, spool: Spool) -> AsyncIterator[tuple[Uplink, asyncio.Event, "asyncio.Task[None]"]]:
    server = grpc.aio.server()
    sensing_pb2_grpc.add_SensingServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    link, stop = Uplink(f"127.0.0.1:{port}", IDENTITY, spool, SystemClock(), list), asyncio.Event()
    task = asyncio.create_task(link.run(stop))
    try:
        yield link, stop, task
    finally:
        stop.set()
        await asyncio.wait([task])
        await server.stop(0)


async def eventually(holds: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.02)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


def rows(*times: float) -> list[Row]:
    return [Row(0, at, np.array([at], np.float32)) for at in times]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    it = Spool(tmp_path / "spool.db", ballast_bytes=0)
    yield it
    it.close()


def test_it_loses_no_sample_of_a_new_epoch_when_the_spool_is_deleted_while_it_streams(
    spool: Spool, tmp_path: Path
) -> None:
    class Slow(Server):
        async def answers(self, epoch: str, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            await asyncio.sleep(0.3)  # the acknowledgement comes when the spool is another one already
            yield ack(self.durable[epoch])

    async def story() -> None:
        servicer, old = Slow(), spool.epoch
        spool.append(rows(*range(60)))
        async with talking(servicer, spool) as (link, _, _):
            await eventually(lambda: bool(servicer.times), "nothing arrived")
            (tmp_path / "spool.db").unlink()
            spool.append(rows(*range(100, 120)))
            assert spool.epoch != old
            await eventually(lambda: link.drained, "the new epoch was not drained")
        assert servicer.times[spool.epoch] == list(range(100, 120))

    run(story)


def test_it_begins_a_new_epoch_when_the_server_knows_sequences_that_the_file_has_lost(spool: Spool) -> None:
    async def story() -> None:
        servicer, old = Server(), spool.epoch
        spool.append(rows(1.0, 2.0))
        servicer.durable[old] = 50
        async with talking(servicer, spool) as (link, _, _):
            await eventually(lambda: link.drained, "the samples never became durable")
        assert spool.epoch != old
        assert servicer.times == {spool.epoch: [1.0, 2.0]}
        assert [hello.epoch for hello in servicer.hellos] == [old, spool.epoch]

    run(story)


def test_it_sees_the_loss_even_when_new_samples_have_reached_the_same_sequences(spool: Spool) -> None:
    async def story() -> None:
        servicer, old = Server(), spool.epoch
        servicer.durable[old] = 50
        async with talking(servicer, spool) as (link, _, _):
            spool.append(rows(*range(60)))
            await eventually(lambda: link.drained, "the samples never became durable")
        assert servicer.times == {spool.epoch: [float(i) for i in range(60)]}

    run(story)


def test_it_deletes_nothing_that_it_has_not_sent_whatever_is_acknowledged(spool: Spool) -> None:
    class Eager(Server):
        async def answers(self, epoch: str, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            yield ack(2**64 - 1)

    async def story() -> None:
        servicer = Eager()
        spool.append(rows(*range(120)))
        async with talking(servicer, spool) as (link, _, _):
            await eventually(lambda: len(servicer.times.get(spool.epoch, ())) == 120, "not all arrived")
            await eventually(lambda: link.drained, "never drained")
        assert servicer.times[spool.epoch] == list(range(120))
        assert spool.append(rows(1.0)) == 121

    run(story)


def test_it_sends_again_what_a_broken_stream_did_not_acknowledge(spool: Spool) -> None:
    class Breaks(Server):
        broken = 0

        def take(self, epoch: str, batch: sensing_pb2.SampleBatch) -> None:
            if self.broken >= 2:
                super().take(epoch, batch)

        async def answers(self, epoch: str, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            if self.broken < 2:
                self.broken += 1
                await context.abort(grpc.StatusCode.UNAVAILABLE, "going away")
            yield ack(self.durable[epoch])

    async def story() -> None:
        servicer = Breaks()
        spool.append(rows(*range(60)))
        async with talking(servicer, spool) as (link, _, _):
            await eventually(lambda: link.drained, "never drained")
        assert servicer.times[spool.epoch] == list(range(60))
        assert link.acknowledged == 60

    run(story)


def test_it_dials_anew_when_the_server_never_says_welcome(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Server):
        asked = 0

        async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            self.asked += 1
            if self.asked == 1:
                await asyncio.sleep(60)
            async for answer in super().Stream(messages, context):
                yield answer

    async def story() -> None:
        servicer = Silent()
        spool.append(rows(1.0))
        async with talking(servicer, spool) as (link, _, _):
            await eventually(lambda: link.drained, "never drained")
        assert servicer.asked == 2

    monkeypatch.setattr(uplink_file, "WELCOME_S", 0.3)
    run(story)


@pytest.mark.parametrize("welcomes", [True, False])
def test_it_stops_in_time_when_the_server_hangs(spool: Spool, welcomes: bool) -> None:
    class Hangs(Server):
        async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            self.hellos.append((await anext(aiter(messages))).hello)
            if welcomes:
                yield welcome(0)
            await asyncio.sleep(60)

    async def story() -> None:
        servicer = Hangs()
        spool.append(rows(1.0))
        async with talking(servicer, spool) as (_, stop, task):
            await eventually(lambda: bool(servicer.hellos), "never dialled")
            began = time.monotonic()
            stop.set()
            await asyncio.wait([task])
            assert time.monotonic() - began < 5.5
            assert task.exception() is None
        assert len(spool) == 1

    run(story)


@pytest.mark.parametrize(
    ("code", "of_message"), [(grpc.StatusCode.INVALID_ARGUMENT, True), (grpc.StatusCode.UNAUTHENTICATED, False)]
)
def test_it_ends_with_the_servers_words_when_trying_again_cannot_help(
    spool: Spool, code: grpc.StatusCode, of_message: bool
) -> None:
    class Refuses(Server):
        async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            await context.abort(code, "set the other thing")
            yield welcome(0)

    async def story() -> None:
        async with talking(Refuses(), spool) as (_, _, task):
            with pytest.raises(Refused, match="set the other thing") as refusal:
                await task
            assert refusal.value.of_message is of_message

    run(story)


def test_it_counts_and_says_what_the_server_refused_and_goes_on(spool: Spool) -> None:
    class Picky(Server):
        async def answers(self, epoch: str, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            for kind in ("heartbeat", "heartbeat", "of tomorrow"):
                refused = sensing_pb2.ReportRefused(kind=kind, reason=f"{kind}.since = inf: expected Unix seconds")
                yield sensing_pb2.ServerMessage(report_refused=refused)
            yield ack(self.durable[epoch])

    def counted(kind: str) -> float:
        return REGISTRY.get_sample_value("attune_edge_reports_refused_total", {"kind": kind}) or 0.0

    async def story() -> None:
        before = counted("heartbeat"), counted("unknown")
        spool.append(rows(1.0))
        with capture_logs() as told:
            async with talking(Picky(), spool) as (link, _, task):
                await eventually(lambda: link.drained, "never drained")
                spool.append(rows(2.0))
                await eventually(lambda: link.drained, "the stream did not go on")
                assert not task.done()
        assert (counted("heartbeat") - before[0], counted("unknown") - before[1]) == (4.0, 2.0)
        said = [line["reason"] for line in told if line["event"] == "report refused by the server, put aside"]
        assert said == [
            "heartbeat.since = inf: expected Unix seconds",
            "of tomorrow.since = inf: expected Unix seconds",
        ]

    run(story)


def test_a_sample_that_cannot_be_read_is_put_aside_and_the_others_are_sent(spool: Spool) -> None:
    async def story() -> None:
        servicer = Server()
        spool.append(rows(1.0, 2.0))
        spool.append([Row(0, 3.0, np.zeros(3, np.float32))])  # three values against a schema of one channel
        spool.append(rows(4.0, 5.0))
        async with talking(servicer, spool) as (link, _, task):
            await eventually(lambda: link.drained, "never drained")
            assert not task.done()
        assert servicer.times[spool.epoch] == [1.0, 2.0, 4.0, 5.0]
        assert spool.aside == 1

    run(story)


def test_no_sample_is_lost_when_a_stream_breaks_while_nothing_waits(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink_file, "_backoff", lambda attempt: 0.001)

    class Breaks(Server):
        async def answers(self, epoch: str, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
            yield ack(self.durable[epoch])
            if len(self.times[epoch]) % 2:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "away")

    async def story() -> None:
        servicer = Breaks()
        async with talking(servicer, spool) as (link, _, _):
            for at in range(1, 31):
                spool.append(rows(float(at)))
                await eventually(lambda: link.drained, "never drained")
                await asyncio.sleep(0.03 * (at % 3))
        assert servicer.times[spool.epoch] == [float(at) for at in range(1, 31)]

    run(story)


class Particular(Server):
    """Takes every sample but those of some times, and says so by ending the stream, as the service does."""

    def __init__(self, *never: float) -> None:
        super().__init__()
        self.never = never

    def take(self, epoch: str, batch: sensing_pb2.SampleBatch) -> None:
        if any(at in self.never for at in batch.time):
            raise ValueError("impossible")
        super().take(epoch, batch)

    async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
        try:
            async for answer in super().Stream(messages, context):
                yield answer
        except ValueError:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a time that cannot be")


@pytest.mark.parametrize("never", [(1.0,), (70.0,), (31.0, 32.0, 120.0), (50.0, 51.0)])
def test_a_sample_that_the_server_refuses_is_found_and_put_aside_and_nothing_else_is_lost(
    spool: Spool, never: tuple[float, ...]
) -> None:
    async def story() -> None:
        servicer, sent = Particular(*never), [float(at) for at in range(1, 121)]
        spool.append(rows(*sent))
        with capture_logs() as told:
            async with talking(servicer, spool) as (link, _, task):
                await eventually(lambda: link.drained, "never drained")
                assert not task.done()
        assert sorted(set(servicer.times[spool.epoch])) == [at for at in sent if at not in never]
        assert spool.aside == len(never)
        said = [line["reason"] for line in told if line["event"] == "sample put aside, it is not sent"]
        assert said == ["a time that cannot be"] * len(never)

    run(story)


def test_a_server_that_refuses_every_sample_refuses_the_agent_and_not_its_days(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink_file, "_backoff", lambda attempt: 0.01)

    async def story() -> None:
        spool.append(rows(*[float(at) for at in range(1, 121)]))
        async with talking(Particular(*range(1, 121)), spool) as (_, _, task):
            with pytest.raises(Refused, match="a time that cannot be"):
                await task
        assert spool.aside == MOST_IN_A_ROW
        assert len(spool) == 120 - MOST_IN_A_ROW

    run(story)
