"""Two threshold services on one PostgreSQL: one of them serves an agent, and who was away too long writes nothing."""

import queue
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from services.ledger import SnapshotRepository
from services.runtime import wire
from services.runtime.batch import Batch
from services.vocabulary import Cue, CueName
from tests.bench.killing import life
from tests.bench.killing.house import House, Life, furnished
from tests.bench.killing.sender import AGENT

pytestmark = pytest.mark.facility
EPOCH = "c3" * 16
START = time.time() - 900.0
PATIENCE_S = 60.0


def hello() -> sensing_pb2.EdgeMessage:
    seats = [wire.seat_to_wire(seat) for seat in life.seats(1)]
    said = sensing_pb2.Hello(
        agent=AGENT, epoch=EPOCH, software="test", channels=life.CHANNELS, seats=seats, sample_period_s=1.0,
        sent_at=time.time(), time_zone="UTC",
    )  # fmt: skip
    return sensing_pb2.EdgeMessage(hello=said)


def samples(first: int, after: int, cry: int = 0) -> sensing_pb2.EdgeMessage:
    """Seconds `first` to `after` - 1; from `cry` on three with a cry."""
    sequences = np.arange(first, after, dtype=np.uint64)
    n = len(sequences)
    batch = Batch(
        sequences=sequences, seats=np.zeros(n, np.uint32), times=START + sequences.astype(float),
        values=np.tile(life.USUAL, (n, 1)).astype(np.float32), quality=np.ones(n, np.float32),
        persons=np.ones(n, np.int32),
        cues=tuple((i, Cue(CueName.CRY, 0.95, -0.5)) for i, s in enumerate(sequences) if cry <= int(s) < cry + 3),
    )  # fmt: skip
    return sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(batch))


def beat() -> sensing_pb2.EdgeMessage:
    return sensing_pb2.EdgeMessage(heartbeat=sensing_pb2.Heartbeat(sent_at=time.time()))


class Stream:
    """A stream to one service that says what it is told to, and keeps what it hears."""

    def __init__(self, port: int) -> None:
        self._said: queue.Queue[sensing_pb2.EdgeMessage | None] = queue.Queue()
        self.heard: list[sensing_pb2.ServerMessage] = []
        self.code: grpc.StatusCode | None = None
        self.words = ""
        self._port = port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.say(hello())
        self._thread.start()

    def say(self, message: sensing_pb2.EdgeMessage) -> None:
        self._said.put(message)

    def hang_up(self) -> None:
        self._said.put(None)
        self._thread.join(PATIENCE_S)

    @property
    def acknowledged(self) -> int:
        durable = [m.ack.durable_sequence for m in self.heard if m.WhichOneof("body") == "ack"]
        return max(durable, default=0)

    def _run(self) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self._port}") as channel:
            try:
                for message in sensing_pb2_grpc.SensingStub(channel).Stream(self._outgoing(), timeout=2 * PATIENCE_S):
                    self.heard.append(message)
                self.code = grpc.StatusCode.OK
            except grpc.RpcError as error:
                assert isinstance(error, grpc.Call)
                self.code, self.words = error.code(), error.details() or ""

    def _outgoing(self) -> Iterator[sensing_pb2.EdgeMessage]:
        while (message := self._said.get()) is not None:
            yield message


def until(what: str, stream: Stream, durable: int) -> None:
    """Until so many samples are acknowledged or the stream is ended: heartbeats keep it going meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while stream.acknowledged < durable and stream.code is None:
        assert time.monotonic() < end, what
        stream.say(beat())
        time.sleep(0.1)


def kept(house: House) -> tuple[int, bytes]:
    with house.database.read() as connection:
        snapshot = SnapshotRepository(connection).latest(AGENT)
    assert snapshot is not None
    return snapshot.sequence, snapshot.blob


def served(house: House) -> Stream:
    """A stream that the service accepts, once the lease of the other has run out."""
    end = time.monotonic() + PATIENCE_S
    while True:
        stream = Stream(house.port)
        while not stream.heard and stream.code is None:
            time.sleep(0.05)
        if stream.heard:
            return stream
        assert stream.code is grpc.StatusCode.UNAVAILABLE and "another replica" in stream.words, stream.words
        assert time.monotonic() < end
        time.sleep(0.3)


def test_it_gives_an_agent_to_one_of_two_and_takes_no_word_of_who_was_away_too_long(
    tmp_path: Path, fresh_schema: str
) -> None:
    nobody = Life(1, 1, START, 0, 1.0)
    one, other = House(tmp_path / "one", fresh_schema, nobody), House(tmp_path / "other", fresh_schema, nobody)
    with furnished(one), furnished(other):
        one.start("threshold")
        other.start("threshold")
        first = ready(one)
        first.say(samples(1, 41, cry=20))
        until("the first is durable", stream=first, durable=40)
        refused = ready_or_refused(other)
        assert refused.code is grpc.StatusCode.UNAVAILABLE and "another replica" in refused.words

        one.running["threshold"].send_signal(signal.SIGSTOP)
        first.say(samples(41, 500, cry=450))  # lies in its socket while it sleeps
        second = served(other)
        assert second.heard[0].welcome.durable_sequence == 40
        second.say(samples(41, 500, cry=450))
        until("the second is durable", stream=second, durable=499)
        before = kept(other)
        told = {event.id: event.revision for event in other.events().values()}
        assert len(told) == 2

        one.running["threshold"].send_signal(signal.SIGCONT)
        until("the first is turned away", stream=first, durable=10**9)
        assert first.code is grpc.StatusCode.UNAVAILABLE and "is lost" in first.words, (first.code, first.words)
        assert kept(other) == before
        assert {event.id: event.revision for event in one.events().values()} == told
        assert one.conflicts() == 0

        second.say(samples(500, 600))
        until("the second goes on", stream=second, durable=599)
        second.hang_up()
        assert second.code is grpc.StatusCode.OK
        again = ready(one)  # at once: the lease was given back
        assert again.heard[0].welcome.durable_sequence == 599
        again.hang_up()


def ready(house: House) -> Stream:
    """The stream of a service that has only to start."""
    end = time.monotonic() + PATIENCE_S
    while True:
        stream = ready_or_refused(house)
        if stream.heard:
            return stream
        assert time.monotonic() < end, stream.words
        house.check()
        time.sleep(0.2)


def ready_or_refused(house: House) -> Stream:
    stream = Stream(house.port)
    while not stream.heard and stream.code is None:
        time.sleep(0.02)
    return stream
