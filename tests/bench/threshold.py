"""The engine's step, and gRPC ingest all the way to a decided tier beside a bare echo of the same messages."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
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
from threshold_service import kept_state
from threshold_service.agent_run import AgentHello
from threshold_service.engine import Engine
from threshold_service.intake import Intake
from threshold_service.paths import Path as Judging
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings
from threshold_service.warming import warm

KNOWN = tuple(name for name, one in known_channels().items() if one.judged and not one.affect_only)
CHANNELS = (KNOWN + tuple(f"face.measure{i}" for i in range(20)))[:20]
"""Judged ones, as many as the bars are about."""
START = 1_750_000_000.0


def seats(residents: int) -> tuple[Resident, ...]:
    return tuple(Resident(f"r{i}", f"Room {i}") for i in range(residents))


def step_seconds(residents: int, waves: int, path: Judging) -> float:
    """Median processor seconds of one wave, after the first ones (which may compile)."""
    engine = Engine(CHANNELS, seats(residents), Policy(), "bench", "0" * 32, path=path)
    rng = np.random.default_rng(1)
    rows, ones, persons = np.arange(residents), np.ones(residents), np.ones(residents, np.int32)
    some = rng.normal(0.5, 0.1, (20, residents, len(CHANNELS)))
    took = []
    for second in range(waves + 10):
        sequences = np.arange(residents, dtype=np.uint64) + second * residents
        began = time.process_time()
        engine.step(rows, np.full(residents, START + second), some[second % 20], ones, persons, (), sequences)
        took.append(time.process_time() - began)
    return statistics.median(took[10:])


def river_seconds(values: int = 20_000) -> float:
    """Seconds per value of what a stream object per channel costs: mean, variance and a two-sided Page-Hinkley."""
    from river import drift, stats

    mean, variance, change = stats.EWMean(0.01), stats.EWVar(0.01), drift.PageHinkley()
    some = np.random.default_rng(1).normal(0.5, 0.1, values).tolist()
    began = time.process_time()
    for value in some:
        mean.update(value), variance.update(value)
        change.update((value - mean.get()) / (variance.get() ** 0.5 + 1e-9))
    return (time.process_time() - began) / values


def copy_seconds(residents: int, repeats: int = 200) -> float:
    """Median seconds to copy 112 bytes per channel-sample, what a step moves at the least (DETECTORS.md)."""
    block = np.zeros(residents * len(CHANNELS) * 14)
    took = []
    for _ in range(repeats):
        began = time.process_time()
        block.copy()
        took.append(time.process_time() - began)
    return statistics.median(took)


def batches(residents: int, seconds: int) -> list[Batch]:
    """Everybody once a second, 500 samples each."""
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
    names = ("sequences", "seats", "times", "values", "quality", "persons")
    cuts = [slice(i, min(i + 500, n)) for i in range(0, n, 500)]
    return [Batch(*(getattr(columns, name)[cut] for name in names)) for cut in cuts]


def messages(residents: int, seconds: int) -> list[sensing_pb2.EdgeMessage]:
    """The same prebuilt messages for both servers."""
    hello = sensing_pb2.Hello(
        agent="bench", epoch="0" * 32, software="bench", channels=CHANNELS, sample_period_s=1.0, sent_at=time.time(),
        seats=[wire.seat_to_wire(seat) for seat in seats(residents)], time_zone="UTC",
    )  # fmt: skip
    parts = batches(residents, seconds)
    return [
        sensing_pb2.EdgeMessage(hello=hello),
        *(sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(part)) for part in parts),
    ]


async def samples_per_second(join: Callable[[grpc.aio.Server], None], sent: list[sensing_pb2.EdgeMessage]) -> float:
    """Wall rate from the first message to the end of the stream."""
    server = grpc.aio.server()
    join(server)
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


def _echo(server: grpc.aio.Server) -> None:
    sensing_pb2_grpc.add_SensingServicer_to_server(Echo(), server)


def ingest(residents: int, seconds: int) -> tuple[float, float]:
    """(decided, echoed) samples per second, the echo being the median of one stream before and one after."""
    sent = messages(residents, seconds)
    first = asyncio.run(samples_per_second(_echo, sent))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'ledger.db'}")
        database.migrate()
        roster = Roster(database, SystemClock(), Policy(), "bench")
        intake = Intake(roster, SystemClock(), ThresholdSettings())
        decided = asyncio.run(samples_per_second(intake.join, sent))
        database.close()
    return decided, statistics.median((first, asyncio.run(samples_per_second(_echo, sent))))


def latency_seconds(residents: int, seconds: int) -> float:
    """99th percentile, over samples, of the time from a second's samples to the end of the batch that judged them: all
    residents at once, 1 Hz, in batches of 500, the ledger included."""
    columns = batches(residents, seconds)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'ledger.db'}")
        database.migrate()
        hello = AgentHello("bench", "0" * 32, "bench", CHANNELS, seats(residents), "UTC", 0.0)
        run = Roster(database, SystemClock(), Policy(), "bench").connect(hello)
        run.accept(columns[0])
        waited = []
        each = residents // 500
        for second in range(1, seconds):
            began = time.perf_counter()
            for batch in columns[second * each : (second + 1) * each]:
                run.accept(batch)
                waited.append(time.perf_counter() - began)
        database.close()
    return float(np.quantile(waited, 0.99))


def state_figures(residents: int) -> list[Figure]:
    """Bytes of state per resident, of them those of every snapshot, and how long it takes to read everybody's again:
    what a second needs, and the rest, which waits for the first block's end. The whole: make bench-restart."""
    engine = Engine(CHANNELS, seats(residents), Policy(), "bench", "0" * 32)
    engine.judge(batches(residents, 1)[0])
    whole = len(engine.dump())
    engine._state.stirred[:] = True
    kept = engine.cut()
    began = time.perf_counter()
    again, _ = Engine.joined(kept, Policy())
    read = time.perf_counter()
    kept_state.complete(again._state)
    done = time.perf_counter()
    return [
        Figure("state per resident", whole / residents, "bytes"),
        Figure("  of them in every snapshot", len(kept.quick) / residents, "bytes"),
        Figure(f"reading the state of {residents:,} residents again", read - began, "s"),
        Figure("  and the rest of it when there is time", done - read, "s"),
    ]


def step_figures(residents: int, waves: int, bars: bool) -> list[Figure]:
    """Both paths at one size; the bars are the issue's, for 1,000 residents."""
    figures, copy = [], copy_seconds(residents)
    for path, most in ((Judging.NUMBA, 250e-6), (Judging.NUMPY, 1e-3)):
        step = step_seconds(residents, waves, path)
        what = f"engine step, {residents} residents x {len(CHANNELS)} channels, {path.value}"
        bar = (f"<= {1e6 * most:.0f} us", step <= most) if bars else ("", None)
        figures.append(Figure(what, 1e6 * step, "us", "copying the bytes it moves", step / copy, *bar))
        each = step / residents / len(CHANNELS)
        river = river_seconds()
        beside = f"river {1e9 * river:,.0f} ns"
        figures.append(Figure("  the same per channel-sample", 1e9 * each, "ns", beside, each / river))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Steps in processor time; the streams one after the other in wall time."""
    quick = "--quick" in (sys.argv[1:] if arguments is None else arguments)
    logs.configure("bench", "warning")
    warm(Judging.AUTO, Path("build/compiled"), SystemClock())
    figures = []
    for residents, waves in ((1, 400 if quick else 1500), (30, 300 if quick else 800), (1000, 60 if quick else 400)):
        figures += step_figures(residents, waves, residents == 1000)
    for residents, seconds in ((10, 600), (1000, 30)) if quick else ((10, 20_000), (1000, 1000)):
        decided, echoed = ingest(residents, seconds)
        what, ratio = f"gRPC ingest to a decided tier, {residents} residents", decided / echoed
        beside = f"bare echo {echoed:,.0f}/s"
        figures.append(Figure(what, decided, "samples/s", beside, ratio, ">= 0.5", ratio >= 0.5))
    many = 2000 if quick else 10_000
    waited = latency_seconds(many, 4 if quick else 10)
    figures.append(Figure(f"p99 from sample to event, {many:,} residents, 1 Hz", 1e3 * waited, "ms"))
    figures += state_figures(many)
    return publish("threshold", figures)


if __name__ == "__main__":
    sys.exit(main())
