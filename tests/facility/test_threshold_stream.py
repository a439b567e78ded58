"""A real threshold service on a real stream: what it acknowledges, refuses, keeps and never tells twice."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
from sqlalchemy import text

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import wire
from services.runtime.batch import Batch
from services.runtime.ports import free_port
from services.vocabulary import Cue, CueName, Event, Resident, Tier

pytestmark = pytest.mark.facility

CHANNELS = ("motion.erratic", "motion.ratio", "audio.loudness")
EPOCH = "a1" * 16
START = time.time() - 600.0


@dataclass
class Service:
    """A threshold service that can be killed and started again on the same ledger."""

    folder: Path
    port: int
    health: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def database(self) -> Database:
        return Database(f"sqlite:///{self.folder / 'ledger.db'}")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("ATTUNE_")},
            "ATTUNE_DATABASE_URL": f"sqlite:///{self.folder / 'ledger.db'}",
            "ATTUNE_THRESHOLD_PORT": str(self.port),
            "ATTUNE_THRESHOLD_HEALTH_PORT": str(self.health),
            "ATTUNE_HISTORY_FOLDER": str(self.folder / "history"),
            "ATTUNE_THRESHOLD_SNAPSHOT_S": "0.3",
            "ATTUNE_THRESHOLD_ASSESS": "",
        }

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "threshold_service"], env=self.environment)
        end = time.monotonic() + 240  # a busy machine that has to compile the engine first
        while not self._ready():
            assert self.process.poll() is None and time.monotonic() < end, "the service did not start"
            time.sleep(0.1)

    def _ready(self) -> bool:
        said = self.answers("readyz")
        return said is not None and said[0] == 200

    def answers(self, path: str) -> tuple[int, str] | None:
        """Status and text of a health page; None while nobody answers."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.health}/{path}", trust_env=False)
        except httpx.HTTPError:
            return None
        return answer.status_code, answer.text

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def events(self) -> list[Event]:
        with self.database.read() as connection:
            return EventRepository(connection).page(None, 100)


@contextmanager
def running(service: Service) -> Iterator[None]:
    """Started, and ended however the block ends."""
    try:
        service.start()
        yield
    finally:
        if service.process is not None and service.process.poll() is None:
            service.process.terminate()
            service.process.wait(20)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path, free_port(), free_port())
    with running(started):
        yield started


def hello(
    agent: str = "edge-1", epoch: str = EPOCH, resident: str = "r-1", time_zone: str = "UTC",
    sent_at: float | None = None, period_s: float = 1.0,
) -> sensing_pb2.EdgeMessage:  # fmt: skip
    seat = wire.seat_to_wire(Resident(resident, "Room 1"))
    return sensing_pb2.EdgeMessage(
        hello=sensing_pb2.Hello(
            agent=agent, epoch=epoch, software="test", channels=CHANNELS, seats=[seat], sample_period_s=period_s,
            sent_at=time.time() if sent_at is None else sent_at, time_zone=time_zone,
        )
    )  # fmt: skip


def heartbeat(dropped: int = 0, spooled: int = 0, since: float = 0.0, pace: float = 5.0) -> sensing_pb2.EdgeMessage:
    camera = sensing_pb2.CameraState(camera="hall", residents=["r-1"], since=since, looked_at_per_s=pace)
    return sensing_pb2.EdgeMessage(heartbeat=sensing_pb2.Heartbeat(dropped=dropped, spooled=spooled, cameras=[camera]))


def samples(first: int, n: int, *, cry: tuple[int, ...] = (), times: tuple[float, ...] = ()) -> sensing_pb2.EdgeMessage:
    """n seconds from sequence `first` on, at their `times` after START where they are given; sequences in `cry` carry a
    cry."""
    sequences = np.arange(first, first + n, dtype=np.uint64)
    rng = np.random.default_rng(first)
    values = np.column_stack([rng.normal(0.1, 0.02, n), rng.normal(0.05, 0.01, n), rng.normal(-50, 2, n)])
    batch = Batch(
        sequences=sequences,
        seats=np.zeros(n, np.uint32),
        times=START + (np.array(times) if times else sequences.astype(float)),
        values=values.astype(np.float32),
        quality=np.ones(n, np.float32),
        persons=np.ones(n, np.int32),
        cues=tuple((i, Cue(CueName.CRY, 0.95, -0.5)) for i, s in enumerate(sequences) if int(s) in cry),
    )
    return sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(batch))


def converse(service: Service, *messages: sensing_pb2.EdgeMessage) -> list[sensing_pb2.ServerMessage]:
    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        return list(sensing_pb2_grpc.SensingStub(channel).Stream(iter(messages), timeout=180))


def refusal(service: Service, *messages: sensing_pb2.EdgeMessage) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        converse(service, *messages)
    error = caught.value
    assert isinstance(error, grpc.Call)
    return error.code(), error.details() or ""


def test_it_welcomes_judges_and_acknowledges(service: Service) -> None:
    answers = converse(service, hello(), samples(1, 60), samples(61, 10, cry=(65, 66, 67)))
    assert answers[0].welcome.durable_sequence == 0
    assert answers[0].welcome.policy_version.startswith("shipped@")
    assert answers[-1].ack.durable_sequence == 70
    (event,) = service.events()
    assert (event.tier, event.resident, event.position.epoch) == (Tier.IMMEDIATE, "r-1", EPOCH)
    assert event.opened_at == pytest.approx(START + event.position.sequence)
    with service.database.read() as connection:
        assert len(OutboxRepository(connection).unconsumed(EVENT_CHANGED, "nobody", 10, time.time() + 1)) == 1


def test_it_judges_an_agent_that_sends_every_five_seconds_and_hears_its_alarms_at_once(service: Service) -> None:
    quiet = tuple(5.0 * k for k in range(1, 31))
    cries = (153.0, 154.0, 159.0)
    answers = converse(
        service, hello(period_s=5.0), samples(1, 30, times=quiet), samples(31, 3, cry=(31, 32), times=cries)
    )
    assert answers[-1].ack.durable_sequence == 33
    (event,) = service.events()
    assert (event.tier, event.opened_at, event.position.sequence) == (Tier.IMMEDIATE, START + 154.0, 32)


@pytest.mark.parametrize("period_s", [0.0, 2.5, 11.0, float("nan")])
def test_it_says_which_periods_it_understands(service: Service, period_s: float) -> None:
    code, why = refusal(service, hello(period_s=period_s))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert why.endswith("expected whole seconds from 1 to 10, as the agent's sample_period_s is set")


@pytest.mark.parametrize(
    ("channel", "variance", "why"),
    [("affect.valence", 0.06, "expected one of hello.channels"), ("audio.loudness", -1.0, "expected 0 or more")],
)
def test_it_refuses_to_hear_that_something_impossible_was_derived(
    service: Service, channel: str, variance: float, why: str
) -> None:
    greeting = hello()
    greeting.hello.derived.add(channel=channel, variance=variance)
    code, said = refusal(service, greeting)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert said.endswith(why)


def test_it_resumes_from_what_is_durable_and_passes_over_repeats(service: Service) -> None:
    converse(service, hello(), samples(1, 40, cry=(20, 21, 22)))
    again = converse(service, hello(), samples(1, 40, cry=(20, 21, 22)), samples(41, 5))
    assert again[0].welcome.durable_sequence == 40
    assert again[-1].ack.durable_sequence == 45
    assert len(service.events()) == 1


def test_it_tells_nothing_twice_after_a_kill_and_loses_nothing(service: Service) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:

        def talk() -> Iterator[sensing_pb2.EdgeMessage]:
            yield hello()
            yield samples(1, 40, cry=(20, 21, 22))
            end = time.monotonic() + 180
            while not service.events():
                assert time.monotonic() < end
                time.sleep(0.05)
            service.kill()

        with pytest.raises(grpc.RpcError):
            list(sensing_pb2_grpc.SensingStub(channel).Stream(talk(), timeout=40))
    before = service.events()
    service.start()
    end = time.monotonic() + 180
    while True:  # the dead process's lease has to run out
        try:
            answers = converse(service, hello(), samples(1, 40, cry=(20, 21, 22)), samples(41, 120))
            break
        except grpc.RpcError as error:
            assert isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE, error
            assert time.monotonic() < end
            time.sleep(0.3)
    assert answers[-1].ack.durable_sequence == 160
    after = service.events()
    assert [event.id for event in after] == [event.id for event in before]
    assert after[0].ended_at is not None, "the crying ended a minute before the last sample"


def test_it_swallows_no_event_of_a_new_epoch(service: Service) -> None:
    converse(service, hello(), samples(1, 40, cry=(20, 21, 22)), samples(41, 400))
    fresh = converse(service, hello(epoch="b2" * 16), samples(441, 120, cry=(541, 542, 543)))
    assert fresh[0].welcome.durable_sequence == 0
    assert sorted(event.position.epoch for event in service.events()) == [EPOCH, "b2" * 16]


@pytest.mark.parametrize(
    ("messages", "code", "says"),
    [
        ([samples(1, 3)], grpc.StatusCode.INVALID_ARGUMENT, "send Hello first"),
        ([hello(epoch="short")], grpc.StatusCode.INVALID_ARGUMENT, "32 lower-case hex digits"),
        ([hello(agent="")], grpc.StatusCode.INVALID_ARGUMENT, "hello.agent is empty"),
        ([hello(), hello()], grpc.StatusCode.INVALID_ARGUMENT, "a hello in mid-stream"),
        (
            [hello(time_zone="Europe/Vinna")],
            grpc.StatusCode.INVALID_ARGUMENT,
            "hello.time_zone: time zone 'Europe/Vinna'",
        ),
        ([hello(time_zone="Europe")], grpc.StatusCode.INVALID_ARGUMENT, "hello.time_zone: time zone 'Europe'"),
        ([hello(sent_at=math.nan)], grpc.StatusCode.INVALID_ARGUMENT, "hello.sent_at = nan"),
        ([hello(agent="edge\0")], grpc.StatusCode.INVALID_ARGUMENT, "printable"),
    ],
)
def test_it_refuses_a_malformed_stream_in_words_and_lives_on(
    service: Service, messages: list[sensing_pb2.EdgeMessage], code: grpc.StatusCode, says: str
) -> None:
    refused = refusal(service, *messages)
    assert refused[0] is code
    assert says in refused[1]
    assert converse(service, hello(agent="edge-2", resident="r-2"), samples(1, 3))[-1].ack.durable_sequence == 3


def own_alarm(identity: str, cue: str) -> sensing_pb2.EdgeAlarm:
    return sensing_pb2.EdgeAlarm(
        id=identity, resident="r-1", room="Room 1", epoch=EPOCH, sequence=2, at=START, cue=cue, probability=0.9,
        raised_at=START,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("report", "kind", "says"),
    [
        (heartbeat(dropped=2**63), "heartbeat", "heartbeat.dropped = 9223372036854775808: expected at most"),
        (heartbeat(spooled=2**64 - 1), "heartbeat", "heartbeat.spooled"),
        (heartbeat(since=math.inf), "heartbeat", "has since inf: expected Unix seconds"),
        (heartbeat(pace=-1.0), "heartbeat", "has looked_at_per_s -1.0: expected pictures a second, 0 or more"),
        (heartbeat(pace=math.nan), "heartbeat", "has looked_at_per_s nan: expected pictures a second, 0 or more"),
        (sensing_pb2.EdgeMessage(evidence=sensing_pb2.Evidence()), "evidence", "evidence of no event: expected the id"),
        (
            sensing_pb2.EdgeMessage(mode_states=sensing_pb2.ModeStates(states=[sensing_pb2.ModeState()])),
            "mode_states", "expected a resident and a time",
        ),
        (sensing_pb2.EdgeMessage(), "unknown", "a message without a body that is known here"),
    ],
)  # fmt: skip
def test_it_puts_one_impossible_report_aside_and_the_stream_goes_on(
    service: Service, report: sensing_pb2.EdgeMessage, kind: str, says: str
) -> None:
    answers = converse(service, hello(), samples(1, 3), report, samples(4, 3))
    refused = [answer.report_refused for answer in answers if answer.WhichOneof("body") == "report_refused"]
    assert [one.kind for one in refused] == [kind]
    assert says in refused[0].reason
    assert answers[-1].ack.durable_sequence == 6
    counted = service.answers("metrics")
    assert counted is not None
    assert f'attune_threshold_reports_refused_total{{kind="{kind}"}} 1.0' in counted[1]


def test_it_keeps_the_sound_alarms_of_a_report_and_refuses_the_others_by_name(service: Service) -> None:
    report = sensing_pb2.EdgeAlarms(alarms=[own_alarm("one", "scream"), own_alarm("two", "sneeze")])
    answers = converse(service, hello(), sensing_pb2.EdgeMessage(edge_alarms=report), samples(1, 3))
    by_kind = {answer.WhichOneof("body"): answer for answer in answers}
    assert list(by_kind["edge_alarms_kept"].edge_alarms_kept.ids) == ["one"]
    assert list(by_kind["report_refused"].report_refused.ids) == ["two"]
    assert "edge alarm of 'sneeze': expected one of scream" in by_kind["report_refused"].report_refused.reason
    assert answers[-1].ack.durable_sequence == 3


def test_it_refuses_bytes_that_do_not_fit_the_schema(service: Service) -> None:
    spoiled = samples(1, 3)
    spoiled.batch.values = b"\0" * 5
    assert "expected 36" in refusal(service, hello(), spoiled)[1]


def test_it_gives_one_resident_to_one_agent(service: Service) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        held = iter([hello()])

        def hold() -> Iterator[sensing_pb2.EdgeMessage]:
            yield next(held)
            time.sleep(3)

        call = sensing_pb2_grpc.SensingStub(channel).Stream(hold(), timeout=180)
        assert next(call).WhichOneof("body") == "welcome"
        code, words = refusal(service, hello(agent="edge-2"))
        assert code is grpc.StatusCode.ALREADY_EXISTS
        assert "'r-1'" in words and "'edge-1'" in words
        list(call)


def test_it_is_not_ready_before_it_listens(tmp_path: Path) -> None:
    service = Service(tmp_path, free_port(), free_port())
    cold = {**service.environment, "NUMBA_CACHE_DIR": str(tmp_path / "cold")}
    process = subprocess.Popen([sys.executable, "-m", "threshold_service"], env=cold)
    try:
        end = time.monotonic() + 180
        while (said := service.answers("readyz")) is None:
            assert process.poll() is None and time.monotonic() < end, "the service did not start"
            time.sleep(0.02)
        assert said == (503, "engine: the engine is being compiled\n")
    finally:
        process.kill()
        process.wait()


def test_it_lets_no_second_process_listen_on_its_port(service: Service) -> None:
    second = {**service.environment, "ATTUNE_THRESHOLD_HEALTH_PORT": str(free_port())}
    ended = subprocess.run([sys.executable, "-m", "threshold_service"], env=second, timeout=180, check=False)
    assert ended.returncode == 1
    assert converse(service, hello(), samples(1, 3))[-1].ack.durable_sequence == 3


def test_it_swallows_no_event_while_the_ledger_refuses_to_write(service: Service) -> None:
    with service.database.write() as connection:
        connection.execute(
            text("CREATE TRIGGER refused BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        )
    code, words = refusal(service, hello(), samples(1, 40, cry=(20, 21, 22)))
    assert code is grpc.StatusCode.UNAVAILABLE and "ledger does not answer" in words
    assert service.events() == []
    with service.database.write() as connection:
        connection.execute(text("DROP TRIGGER refused"))
    again = converse(service, hello(), samples(1, 40, cry=(20, 21, 22)))
    assert again[0].welcome.durable_sequence == 0
    (event,) = service.events()
    assert event.open and event.revision == 1
