"""The engine's step, and gRPC ingest all the way to a decided tier beside a bare echo of the same messages."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import numpy as np

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from services.ledger.database import Database
from services.runtime import logs, wire
from services.runtime.batch import Batch
from services.runtime.clock import SystemClock
from services.vocabulary import Policy, Resident, known_channels
from tests.bench.echo import Echo
from tests.bench.table import Figure, publish
from threshold_service.engine import Engine
from threshold_service.intake import Intake
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings

KNOWN = tuple(name for name in known_channels() if not name.startswith(("emotion.", "affect.")))
CHANNELS = KNOWN + tuple(f"face.measure{i}" for i in range(20 - len(KNOWN)))
START = 1_750_000_000.0


def seats(residents: int) -> tuple[Resident, ...]:
    return tuple(Resident(f"r{i}", f"Room {i}") for i in range(residents))


def step_seconds(residents: int, waves: int) -> float:
    """Median processor seconds of one wave."""
    engine = Engine(CHANNELS, seats(residents), Policy(), "bench", "0" * 32)
    rng = np.random.default_rng(1)
    rows, ones, persons = np.arange(residents), np.ones(residents), np.ones(residents, np.int32)
    took = []
    for second in range(waves):
        values = rng.normal(0.5, 0.1, (residents, len(CHANNELS)))
        sequences = np.arange(residents, dtype=np.uint64) + second * residents
        began = time.process_time()
        engine.step(rows, np.full(residents, START + second), values, ones, persons, (), sequences)
        took.append(time.process_time() - began)
    return statistics.median(took)


def copy_seconds(residents: int, repeats: int = 200) -> float:
    """Median seconds to copy 112 bytes per channel-sample, what a step moves at the least (DETECTORS.md)."""
    block = np.zeros(residents * len(CHANNELS) * 14)
    took = []
    for _ in range(repeats):
        began = time.process_time()
        block.copy()
        took.append(time.process_time() - began)
    return statistics.median(took)


def messages(residents: int, seconds: int) -> list[sensing_pb2.EdgeMessage]:
    """The same prebuilt batches for both servers: 500 samples each."""
    rng = np.random.default_rng(2)
    n = residents * seconds
    columns = Batch(
        sequences=np.arange(1, n + 1, dtype=np.uint64),
        seats=np.tile(np.arange(residents, dtype=np.uint32), seconds),
        times=np.repeat(START + np.arange(seconds), residents),
        values=rng.normal(0.5, 0.1, (n, len(CHANNELS))).astype(np.float32),
        quality=np.ones(n, np.float32),
        persons=np.ones(n, np.int32),
    )
    hello = sensing_pb2.Hello(
        agent="bench", epoch="0" * 32, software="bench", channels=CHANNELS, sample_period_s=1.0, sent_at=time.time(),
        seats=[wire.seat_to_wire(seat) for seat in seats(residents)], time_zone="UTC",
    )  # fmt: skip
    cuts = [slice(i, min(i + 500, n)) for i in range(0, n, 500)]
    names = ("sequences", "seats", "times", "values", "quality", "persons")
    parts = [Batch(*(getattr(columns, name)[cut] for name in names)) for cut in cuts]
    return [
        sensing_pb2.EdgeMessage(hello=hello),
        *(sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(part)) for part in parts),
    ]


async def samples_per_second(servicer: sensing_pb2_grpc.SensingServicer, sent: list[sensing_pb2.EdgeMessage]) -> float:
    """Wall rate from the first message to the end of the stream."""
    server = grpc.aio.server()
    sensing_pb2_grpc.add_SensingServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async def talk() -> AsyncIterator[sensing_pb2.EdgeMessage]:
        for message in sent:
            yield message

    began = time.perf_counter()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        async for _ in sensing_pb2_grpc.SensingStub(channel).Stream(talk()):
            pass
    took = time.perf_counter() - began
    await server.stop(0)
    return sum(len(message.batch.sequence) for message in sent) / took


def ingest(residents: int, seconds: int) -> tuple[float, float]:
    """(decided, echoed) samples per second."""
    sent = messages(residents, seconds)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'ledger.db'}")
        database.migrate()
        roster = Roster(database, SystemClock(), Policy(), "bench")
        intake = Intake(roster, SystemClock(), ThresholdSettings())
        decided = asyncio.run(samples_per_second(intake, sent))
        database.close()
    return decided, asyncio.run(samples_per_second(Echo(), sent))


def main() -> int:
    """Measure and print. Steps in processor time; the two streams one after the other in wall time."""
    logs.configure("bench", "warning")
    figures = []
    for residents, waves in ((1, 1500), (30, 800), (1000, 120)):
        step, copy = step_seconds(residents, waves), copy_seconds(residents)
        each = step / residents / len(CHANNELS)
        what = f"engine step, {residents} residents x {len(CHANNELS)} channels, NumPy"
        figures.append(Figure(what, 1e6 * step, "us", "copying the bytes it moves", step / copy))
        figures.append(Figure("  the same per channel-sample", 1e9 * each, "ns"))
    for residents, seconds in ((10, 600), (1000, 30)):
        decided, echoed = ingest(residents, seconds)
        what = f"gRPC ingest to a decided tier, {residents} residents"
        figures.append(Figure(what, decided, "samples/s", f"bare echo {echoed:,.0f}/s", decided / echoed))
    return publish("threshold", figures)


if __name__ == "__main__":
    sys.exit(main())
