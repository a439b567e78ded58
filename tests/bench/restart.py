"""How long a facility of 10,000 residents waits for the threshold service after a restart, and what its state weighs.

`python -m tests.bench.restart [--quick]`: a real process on SQLite, and on PostgreSQL where ATTUNE_TEST_DATABASE_URL
names one; agents of 100 residents whose states lie in the ledger all connect again at once.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import grpc.aio
import httpx
import numpy as np

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from services.ledger import Database, SnapshotRepository
from services.runtime import wire
from services.runtime.batch import Batch
from services.vocabulary import Policy, Resident
from tests.bench.killing.house import House, Life, furnished
from tests.bench.sigkill import schemas
from tests.bench.table import Figure, publish
from tests.bench.threshold import CHANNELS
from threshold_service.engine import Engine
from threshold_service.engine_state import SLOW
from threshold_service.statistics import state_bytes

EACH = 100
"""Residents of one agent."""
EPOCH = "e5" * 16
LIVED_S = 30
BAR_S = 5.0
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Back:
    """Seconds from the start of the process until it answers, until the first agent is welcomed, until the last is, and
    until everybody's next samples are durable."""

    ready_s: float
    first_s: float
    welcomed_s: float
    durable_s: float
    processor_s: float
    """Processor time of the service until the last agent is welcomed: what else the machine does matters least."""


class Served(NamedTuple):
    """One agent: seconds until it is welcomed and until its next second of samples is durable, and the processor time
    that the service had taken when it was welcomed."""

    welcomed_s: float
    durable_s: float
    processor_s: float


def seats(agent: int) -> tuple[Resident, ...]:
    """The residents of one agent."""
    return tuple(Resident(f"r-{agent}-{i}", f"Room {agent}.{i}") for i in range(EACH))


def keep_states(database: Database, agents: int, origin: float) -> int:
    """Put the state of every agent into the ledger, as a service that ended left it; bytes of one agent's."""
    rng = np.random.default_rng(1)
    size = 0
    for agent in range(agents):
        name = f"edge-{agent}"
        engine = Engine(CHANNELS, seats(agent), Policy(), name, EPOCH)
        for second in range(LIVED_S):
            values = rng.normal(0.5, 0.1, (EACH, len(CHANNELS)))
            sequences = np.arange(EACH, dtype=np.uint64) + 1 + second * EACH
            times, ones = np.full(EACH, origin + second), np.ones(EACH)
            engine.step(np.arange(EACH), times, values, ones, ones.astype(np.int32), (), sequences)
        _age(engine, rng)
        kept = engine.cut()
        size = len(kept.quick) + sum(len(blob) for _, blob in kept.slow.values())
        with database.write() as connection:
            SnapshotRepository(connection).save(name, EPOCH, EACH * LIVED_S, kept.quick, origin, kept.slow)
    return size


def _age(engine: Engine, rng: np.random.Generator) -> None:
    """Fill every long memory with numbers that do not repeat, as a month leaves them: none is small by being empty."""
    state = engine._state
    for _, array in state_bytes.walk({name: getattr(state, name) for name in SLOW}):
        if array.ndim > 2 and array.dtype.kind == "f":
            array[...] = rng.normal(0.5, 0.1, array.shape)
    state.stirred[:] = True


def restarted(house: House, agents: int, origin: float) -> Back:
    """Start the service while every agent is already trying to connect."""
    began = time.monotonic()
    house.start("threshold")
    ready, found = asyncio.run(_connected(house, agents, origin, began))
    house.check()
    welcomed, durable, spent = zip(*found, strict=True)
    return Back(ready, min(welcomed), max(welcomed), max(durable), max(spent))


def _processor_seconds(pid: int) -> float:
    """Of a process and all its threads, from the kernel's books."""
    facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


async def _connected(house: House, agents: int, origin: float, began: float) -> tuple[float, list[Served]]:
    waiting = asyncio.create_task(_ready(house.health["threshold"], began))
    found = await asyncio.gather(*(_agent(house, agent, origin, began) for agent in range(agents)))
    return await waiting, found


async def _ready(port: int, began: float) -> float:
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() - began < PATIENCE_S:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return time.monotonic() - began
            except httpx.HTTPError:
                await asyncio.sleep(0.02)
    raise TimeoutError("the service did not become ready")


async def _agent(house: House, agent: int, origin: float, began: float) -> Served:
    while time.monotonic() - began < PATIENCE_S:
        try:
            return await _conversation(house, agent, origin, began)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(0.05)
    raise TimeoutError(f"agent {agent} was not served")


async def _conversation(house: House, agent: int, origin: float, began: float) -> Served:
    welcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def talk() -> AsyncIterator[sensing_pb2.EdgeMessage]:
        yield _hello(agent)
        after = await welcome
        yield _samples(after, origin)

    async with grpc.aio.insecure_channel(f"127.0.0.1:{house.port}") as channel:
        welcomed = spent = 0.0
        async for message in sensing_pb2_grpc.SensingStub(channel).Stream(talk()):
            if message.WhichOneof("body") == "welcome":
                welcomed, spent = time.monotonic() - began, _processor_seconds(house.running["threshold"].pid)
                assert message.welcome.durable_sequence == EACH * LIVED_S, message
                welcome.set_result(message.welcome.durable_sequence)
        return Served(
            welcomed, time.monotonic() - began, spent
        )  # the stream ends with the acknowledgement of everything


def _hello(agent: int) -> sensing_pb2.EdgeMessage:
    said = sensing_pb2.Hello(
        agent=f"edge-{agent}", epoch=EPOCH, software="bench", channels=CHANNELS, sample_period_s=1.0,
        sent_at=time.time(), seats=[wire.seat_to_wire(seat) for seat in seats(agent)], time_zone="UTC",
    )  # fmt: skip
    return sensing_pb2.EdgeMessage(hello=said)


def _samples(after: int, origin: float) -> sensing_pb2.EdgeMessage:
    batch = Batch(
        sequences=np.arange(after + 1, after + 1 + EACH, dtype=np.uint64), seats=np.arange(EACH, dtype=np.uint32),
        times=np.full(EACH, origin + LIVED_S), values=np.full((EACH, len(CHANNELS)), 0.5, np.float32),
        quality=np.ones(EACH, np.float32), persons=np.ones(EACH, np.int32),
    )  # fmt: skip
    return sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(batch))


def measured(where: str, house: House, agents: int, repeats: int) -> list[Figure]:
    """Restart several times over the same states; medians."""
    origin = time.time() - 600.0
    size = keep_states(house.database, agents, origin)
    found = []
    for _ in range(repeats + 1):  # the first warms up what a machine keeps on its disk
        found.append(restarted(house, agents, origin))
        house.kill("threshold") if house.running["threshold"].poll() is None else None
        size = keep_states(house.database, agents, origin)
        _forget_leases(house.database)
    kept = found[1:]
    ready, first, welcomed, durable, spent = (
        statistics.median(getattr(back, name) for back in kept) for name in Back.__slots__
    )
    people = f"{agents * EACH:,} residents, {agents} agents"
    return [
        Figure(f"{where}: state", size / EACH, "bytes per resident", f"{len(CHANNELS)} channels"),
        Figure(f"{where}: until the process answers", ready, "s", "imports and migrations"),
        Figure(f"{where}: until the first agent is welcomed", first, "s", people),
        Figure(f"{where}: until everybody is watched again", welcomed, "s", people, None, f"{BAR_S:g} s at 10,000",
               welcomed < BAR_S if agents * EACH >= 10_000 else None),
        Figure(f"{where}: processor time of the service until then", spent, "s", f"{os.cpu_count()} processors"),
        Figure(f"{where}: until everybody's next second is durable", durable, "s", people),
    ]  # fmt: skip


def _forget_leases(database: Database) -> None:
    """As an orderly end leaves them; after a kill the lease of the dead process has to run out, 6 s."""
    from sqlalchemy import update

    from services.ledger.tables import leases

    with database.write() as connection:
        connection.execute(update(leases).values(expires_at=0.0, holder=""))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 residents, once")
    given = parser.parse_args()
    agents, repeats = (10, 1) if given.quick else (100, 3)
    nobody = Life(1, 1, time.time(), 0, 1.0)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with furnished(House(folder / "one", f"sqlite:///{folder / 'ledger.db'}", nobody)) as house:
            figures += measured("SQLite", house, agents, repeats)
        base = os.environ.get("ATTUNE_TEST_DATABASE_URL", "")
        if base:
            with schemas(base) as urls, furnished(House(folder / "two", urls[0], nobody)) as house:
                figures += measured("PostgreSQL", house, agents, repeats)
    return publish("restart", figures)


if __name__ == "__main__":
    sys.exit(main())
