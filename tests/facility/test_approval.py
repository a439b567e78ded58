"""A running service acts on what a person approved, and a kill right behind it changes nothing."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from attune_wire.v1 import sensing_pb2_grpc
from services.ledger import SnapshotRepository
from services.vocabulary import Policy
from tests.facility.test_threshold_stream import Service, converse, heartbeat, hello, samples, service
from threshold_service.engine import Engine
from threshold_service.kept_state import Kept

pytestmark = pytest.mark.facility
IN_FORCE, WANTED = 8.0, 11.0
__all__ = ["service"]


def kept(service: Service) -> Engine:
    """The engine as it lies in the ledger."""
    with service.database.read() as connection:
        snapshot = SnapshotRepository(connection).latest("edge-1")
    assert snapshot is not None
    return Engine.joined(Kept(snapshot.blob, snapshot.parts), Policy())[0]


def want_more(service: Service) -> None:
    """From now on calibration wants the composite's threshold of the resident higher than it may."""
    engine = kept(service)
    history = engine._state.history
    history.thresholds[0, 0], history.approved[0, 0], history.wanted[0, 0] = IN_FORCE, 6.0, WANTED
    with service.database.write() as connection:
        before = SnapshotRepository(connection).latest("edge-1")
        assert before is not None
        engine._state.stirred[:] = True
        state = engine.cut()
        SnapshotRepository(connection).save(
            "edge-1", before.epoch, before.sequence, state.quick, before.saved_at, state.slow
        )


class Connected:
    """An agent that stays on its stream, with heartbeats, until it is told to say something, or to leave."""

    def __init__(self, service: Service) -> None:
        self._say: queue.Queue[object] = queue.Queue()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{service.port}")
        self._call = sensing_pb2_grpc.SensingStub(self._channel).Stream(self._told(), timeout=300)
        self.say(hello())
        assert next(self._call).WhichOneof("body") == "welcome"
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def say(self, message: object) -> None:
        self._say.put(message)

    def _told(self) -> Iterator[object]:
        while True:
            try:
                message = self._say.get(timeout=0.2)
            except queue.Empty:
                message = heartbeat()
            if message is None:
                return
            yield message

    def _listen(self) -> None:
        try:
            for _ in self._call:
                pass
        except grpc.RpcError:
            pass

    def leave(self) -> None:
        self._say.put(None)
        self._listening.join(20)
        self._channel.close()


def attune_threshold(service: Service, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "threshold", *arguments], cwd=service.folder,
        env=service.environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_it_raises_a_threshold_for_a_named_person_and_keeps_it_through_a_kill(service: Service, tmp_path: Path) -> None:
    converse(service, hello(), samples(1, 40))
    want_more(service)
    agent = Connected(service)
    agent.say(samples(41, 20))
    end = threading.Event()
    while not (listed := attune_threshold(service, "proposals"))[1].count("composite"):
        assert listed[0] == 0 and not end.wait(0.2), listed
    status, said = attune_threshold(service, "approve", "r-1", "--by", "Dr Lang")
    assert status == 0 and "Dr Lang lets composite of r-1 rise from 8 to 11" in said, said
    assert "has acted on it" in said, said
    service.kill()
    agent.leave()
    assert float(kept(service)._state.history.thresholds[0, 0]) == WANTED
    assert np.isnan(kept(service)._state.history.wanted).all()
    assert attune_threshold(service, "approve", "r-1", "--by", "Dr Lang")[0] == 2, "nothing waits any more"
