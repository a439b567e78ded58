"""`attune simulate --into` tells a real threshold service a facility that never was, as an edge agent would."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from edge_agent import facility as told
from edge_agent.played import Truth
from edge_agent.spool import Spool
from services.evaluation.simulated import SimulatedRecording
from services.ledger import SnapshotRepository
from services.runtime import wire
from services.runtime.batch import Batch
from services.runtime.ports import free_port
from services.simulator.facility import Facility
from services.vocabulary import Policy, Resident
from tests.facility.test_threshold_stream import Service, running
from threshold_service.engine import Engine
from threshold_service.evaluated_engine import START, batch
from threshold_service.kept_state import Kept

pytestmark = pytest.mark.facility
SEED, DAY_S = 7, 86_400
AGENT = f"simulated-{SEED}"


class Guarded(Service):
    """A service whose agents must show a token."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "ATTUNE_THRESHOLD_TOKEN": "of-this-house"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Guarded]:
    started = Guarded(tmp_path, free_port(), free_port())
    with running(started):
        yield started


def simulate(service: Service, token: str, *options: str) -> "subprocess.Popen[str]":
    command = ["simulate", "--into", f"127.0.0.1:{service.port}", "--residents=1", "--days=1", f"--seed={SEED}"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "services.cli.main", *command, *options], cwd=service.folder, text=True,
        stderr=subprocess.PIPE, env=kept | {"ATTUNE_EDGE_TOKEN": token}, start_new_session=True,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]", patience_s: float = 400.0) -> tuple[int, str]:
    said = process.communicate(timeout=patience_s)[1]
    return process.returncode, said


def durable(service: Service) -> int:
    with service.database.read() as connection:
        kept = SnapshotRepository(connection).latest(AGENT)
    return 0 if kept is None else kept.sequence


def spool(service: Service) -> Spool:
    (file,) = (service.folder / "var" / "simulated").glob("*.db")
    return Spool(file, ballast_bytes=0)


def test_it_is_judged_as_the_engine_alone_judges_it_though_it_was_interrupted(service: Guarded) -> None:
    process = simulate(service, "of-this-house")
    end = time.monotonic() + 240
    while durable(service) < 5000:
        assert process.poll() is None and time.monotonic() < end, ended(process)
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does: the command and its process hear it
    status, said = ended(process)
    assert status == told.INTERRUPTED and "the same command goes on" in said, said
    assert 5000 <= durable(service) < DAY_S, "it was interrupted on its way"
    status, said = ended(simulate(service, "of-this-house"))
    assert status == 0 and "Going on after sample" in said and "86,400 samples durable" in said, said
    assert durable(service) == DAY_S

    kept, truth = spool(service), Facility(SEED, 1, 1)
    own = Truth.of(truth, None, time.time(), kept)
    alone = Engine(truth.channels, own.seats(AGENT), Policy(), AGENT, kept.epoch, "UTC")
    block = SimulatedRecording(truth).block(0)
    for begin in range(0, DAY_S, 3600):
        alone.judge(arrived(batch(block, begin, begin + 3600), own.origin - START))
    with service.database.read() as connection:
        snapshot = SnapshotRepository(connection).latest(AGENT)
    assert snapshot is not None
    assert Engine.joined(Kept(snapshot.blob, snapshot.parts), Policy())[0].dump() == alone.dump()
    assert own.origin % DAY_S == 0 and own.origin + DAY_S <= time.time(), "whole days, and none of them to come"

    status, said = ended(simulate(service, "of-this-house"))
    assert status == 0 and "has taken all 86,400 samples of this facility before" in said, said
    status, said = ended(simulate(service, "of-this-house", "--benign=2"))
    assert status == 2 and "name another --seed" in said, said


def arrived(of: Batch, later_s: float) -> Batch:
    """As the wire carries it: a cue's probability has half of its digits."""
    sent = Batch(of.sequences, of.seats, of.times + later_s, of.values, of.quality, of.persons, of.cues)
    return wire.batch_from_wire(wire.batch_to_wire(sent), of.values.shape[1], 1)


def test_it_keeps_the_pace_it_is_given(service: Guarded) -> None:
    process = simulate(service, "of-this-house", "--speed=600")
    began = time.monotonic()
    end = began + 240
    while durable(service) < 1200:
        assert process.poll() is None and time.monotonic() < end, ended(process)
        time.sleep(0.02)
    after_s = time.monotonic() - began
    os.killpg(process.pid, signal.SIGTERM)
    ended(process)
    assert spool(service).newest <= 600 * (time.monotonic() - began), "nothing came before it was due"
    assert after_s >= 2.0, "two thousandths of a day take two seconds at this pace"


def test_it_says_whose_token_was_refused(service: Guarded) -> None:
    status, said = ended(simulate(service, "of-another-house"))
    assert status == 1 and "set ATTUNE_EDGE_TOKEN to the service's ATTUNE_THRESHOLD_TOKEN" in said, said
    assert durable(service) == 0


def test_it_says_whose_residents_it_may_not_have(service: Guarded) -> None:
    seat = wire.seat_to_wire(Resident(f"{AGENT}-r000", "Room 1"))
    first = sensing_pb2.Hello(
        agent="edge-1", epoch="a1" * 16, channels=["motion.ratio"], seats=[seat], sample_period_s=1.0,
        sent_at=time.time(), token="of-this-house",
    )  # fmt: skip
    done = threading.Event()

    def talk() -> Iterator[sensing_pb2.EdgeMessage]:
        yield sensing_pb2.EdgeMessage(hello=first)
        done.wait(600)

    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        call = sensing_pb2_grpc.SensingStub(channel).Stream(talk())
        assert next(call).WhichOneof("body") == "welcome"
        status, said = ended(simulate(service, "of-this-house"))
        done.set()
        assert status == 1 and f"{AGENT}-r000" in said and "edge-1" in said, said


def test_it_says_that_nobody_answers(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    options = ["--into", address, "--residents=1", "--days=1", "--patience=0.5"]
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_agent.facility", *options], cwd=tmp_path, env=kept, text=True,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    status, said = ended(process, 180)
    assert status == 1 and f"nobody answers at {address}" in said, said


def test_it_tells_nothing_of_the_future(tmp_path: Path) -> None:
    class Noon:
        def now(self) -> float:
            return 40 * DAY_S + 43_200.0

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None: ...

    kept = Spool(tmp_path / "spool.db", ballast_bytes=0)
    truth = Truth.of(Facility(SEED, 1, 1), 40.0 * DAY_S, Noon().now(), kept)
    play = told.Play(truth, kept, Noon(), speed=0.0)
    while play.write() or play.waiting:
        kept.forget(play.newest, kept.epoch)
    assert play.newest == 43_200
    kept.close()
