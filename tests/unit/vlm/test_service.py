"""The VLM service as a real process over real gRPC: answered once, kept once, refusing with words, never falling."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest

from attune_wire.v1 import judgement_pb2, judgement_pb2_grpc
from attune_wire.v1.sensing_pb2 import EvidenceFrame
from services.ledger.assessments import AssessmentRepository
from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import ASSESSMENT_MADE
from services.runtime import codec, wire
from services.runtime.ports import free_port
from services.vocabulary import RULES, Assessment, Event
from tests.unit.vlm.jpegs import jpeg
from tests.unit.vlm.model_server import Answer, completion, model_server
from tests.unit.vlm.specimens import AGITATED, RESTLESS, VERDICT
from vlm_service.dialogue import emotion_words, prompt_version, render_answer, verdict_to_json
from vlm_service.kept import assessment_id
from vlm_service.rules import reason_about

pytestmark = pytest.mark.facility

Change = Callable[[judgement_pb2.AssessRequest], object]
GOOD = completion("\n\n" + verdict_to_json(VERDICT), reasoning="thought")


@dataclass(frozen=True, slots=True)
class Service:
    """A running process and how to reach it."""

    process: subprocess.Popen[bytes]
    stub: judgement_pb2_grpc.SecondOpinionStub
    address: str
    health: str
    database: Database

    def assess(self, event: Event, deadline_s: float = 5.0, token: str = "") -> Assessment:
        request = judgement_pb2.AssessRequest(event=wire.event_to_wire(event), deadline_s=deadline_s)
        return self.ask(request, token)

    def ask(self, request: judgement_pb2.AssessRequest, token: str = "") -> Assessment:
        metadata = [("authorization", f"Bearer {token}")] if token else []
        reply = self.stub.Assess(request, timeout=90.0, metadata=metadata, wait_for_ready=True)
        return wire.assessment_from_wire(reply.assessment)

    def messages(self) -> list[str]:
        with self.database.read() as connection:
            return [m.body for m in OutboxRepository(connection).unconsumed(ASSESSMENT_MADE, "test", 100, time.time())]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.health + path, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextmanager
def service(url: str, **settings: str) -> Iterator[Service]:
    port, health = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_VLM_")}
    environment |= {"ATTUNE_DATABASE_URL": url, "ATTUNE_VLM_PORT": str(port), "ATTUNE_VLM_HEALTH_PORT": str(health)}
    adapters = tempfile.TemporaryDirectory()
    environment |= {"ATTUNE_VLM_ADAPTERS_PORT": "0", "ATTUNE_VLM_ADAPTERS_FOLDER": adapters.name}
    environment |= {f"ATTUNE_VLM_{key.upper()}": value for key, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "vlm_service"], env=environment, stderr=subprocess.DEVNULL)
    database = Database(url)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = judgement_pb2_grpc.SecondOpinionStub(channel)  # type: ignore[no-untyped-call]
            yield Service(process, stub, f"127.0.0.1:{port}", f"http://127.0.0.1:{health}", database)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        finally:
            process.kill()
            database.close()
            adapters.cleanup()


@pytest.fixture(scope="module")
def rules_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(f"sqlite:///{tmp_path_factory.mktemp('vlm')}/attune.db") as running:
        yield running


def test_it_answers_by_rules_where_no_model_is_configured(rules_only: Service) -> None:
    assessment = rules_only.assess(AGITATED)
    assert assessment.verdict == reason_about(AGITATED)
    assert (assessment.reasoner, assessment.adapter, assessment.thinking) == (RULES, "", "")
    assert assessment.fallback_reason == ""
    assert assessment.prompt_version == prompt_version()
    assert (assessment.policy_version, assessment.model_version) == (AGITATED.policy_version, "")
    assert (assessment.event, assessment.event_revision) == (AGITATED.id, 1)


def test_it_keeps_what_it_answers_and_tells_it_once(rules_only: Service) -> None:
    event = replace(AGITATED, id="kept", revision=3)
    first = rules_only.assess(event)
    again = rules_only.assess(event)
    assert again == first
    with rules_only.database.read() as connection:
        assert AssessmentRepository(connection).of_event("kept") == first
    told = [codec.from_json(Assessment, body) for body in rules_only.messages()]
    assert [one for one in told if one.event == "kept"] == [first]


def test_it_makes_a_new_assessment_of_a_new_revision(rules_only: Service) -> None:
    event = replace(AGITATED, id="revised")
    first, second = rules_only.assess(event), rules_only.assess(replace(event, revision=2))
    assert (first.id, second.id) == (assessment_id("revised", 1), assessment_id("revised", 2))
    assert second.event_revision == 2


def test_it_names_no_inner_state_of_somebody_in_observables_mode(rules_only: Service) -> None:
    assessment = rules_only.assess(RESTLESS)
    assert emotion_words(render_answer(assessment.verdict)) == ()
    assert emotion_words(codec.to_json(assessment)) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda request: request.ClearField("event"), "event: missing"),
        (lambda request: setattr(request.event, "id", ""), "expected an id"),
        (lambda request: setattr(request.event, "id", "a\nb"), "event.id"),
        (lambda request: setattr(request.event, "tier", 9), "tier 1, 2 or 3"),
        (lambda request: setattr(request.event, "reason", "hunch"), "known reason"),
        (lambda request: setattr(request, "deadline_s", float("nan")), "deadline_s = nan"),
        (lambda request: setattr(request, "deadline_s", -1.0), "deadline_s = -1.0"),
        (lambda request: setattr(request.event.evidence, "window_s", -1.0), "window_s = -1.0"),
        (lambda request: setattr(request.event.evidence, "seen_share", 40.0), "seen_share = 40.0"),
        (lambda request: setattr(request.event.evidence.cues[0], "probability", 2.0), "probability 2.0"),
    ],
)
def test_it_refuses_an_impossible_request_by_name_and_lives(rules_only: Service, change: Change, named: str) -> None:
    request = judgement_pb2.AssessRequest(event=wire.event_to_wire(AGITATED), deadline_s=5.0)
    change(request)
    with pytest.raises(grpc.RpcError) as refusal:
        rules_only.ask(request)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert named in refusal.value.details()
    assert "expected" in refusal.value.details()
    assert rules_only.process.poll() is None
    assert rules_only.assess(AGITATED).reasoner == RULES


def test_it_survives_bytes_that_are_no_message(rules_only: Service) -> None:
    with grpc.insecure_channel(rules_only.address) as channel:
        garbled = channel.unary_unary("/attune.v1.SecondOpinion/Assess")
        with pytest.raises(grpc.RpcError):
            garbled(b"\xff\xff\xff", timeout=60.0)
    assert rules_only.assess(AGITATED).reasoner == RULES


def test_it_is_ready_and_counts(rules_only: Service) -> None:
    rules_only.assess(AGITATED)
    assert rules_only.get("/healthz") == (200, "ok\n")
    assert rules_only.get("/readyz") == (200, "ready\n")
    status, text = rules_only.get("/metrics")
    assert status == 200
    assert 'attune_vlm_assessments_total{reasoner="rules",tier="1"}' in text
    assert "room-12" not in text


def test_it_keeps_the_opinion_of_a_model_with_its_name(tmp_path: Path) -> None:
    with (
        model_server(GOOD) as model,
        service(
            f"sqlite:///{tmp_path}/a.db", server_url=model.url, model="qwen3-vl", adapter="agitation@1",
            base_weights="0123456789abcdef" * 4,
        ) as running,
    ):  # fmt: skip
        assessment = running.assess(AGITATED)
    assert (assessment.policy_version, assessment.model_version) == (AGITATED.policy_version, "0123456789ab")
    assert (assessment.reasoner, assessment.adapter) == ("qwen3-vl", "agitation@1")
    assert (assessment.thinking, assessment.verdict, assessment.fallback_reason) == ("thought", VERDICT, "")
    assert assessment.latency_s > 0


FAILURES = {
    "overloaded": Answer(503),
    "timeout": Answer(hang=True),
    "invalid_answer": Answer(200, b"garbage"),
    "no_verdict": completion("<think>so the person", "length"),
    "forbidden_word": completion(verdict_to_json(replace(VERDICT, action="She is angry.")), reasoning="t"),
}


def test_it_answers_by_rules_and_says_why_when_the_model_fails(tmp_path: Path) -> None:
    with model_server(GOOD) as model, service(f"sqlite:///{tmp_path}/a.db", server_url=model.url) as running:
        for reason, answer in FAILURES.items():
            model.answers[:] = [answer]
            assessment = running.assess(replace(RESTLESS, id=reason), deadline_s=1.0)
            assert (assessment.reasoner, assessment.adapter) == (RULES, "")
            assert assessment.verdict == reason_about(RESTLESS)
            assert assessment.fallback_reason.startswith(f"{reason}: ")
            model.answers[:] = [GOOD]  # or else it would be given a rest
            assert running.assess(replace(RESTLESS, id=f"well-{reason}"), deadline_s=5.0).reasoner != RULES
            assert emotion_words(codec.to_json(assessment)) == ()
            assert f'attune_vlm_fallbacks_total{{reason="{reason}"}} 1.0' in running.get("/metrics")[1]
        model.answers[:] = [GOOD]
        assert running.assess(RESTLESS).reasoner == "qwen3-vl"


def test_it_asks_the_model_once_for_callers_who_come_together(tmp_path: Path) -> None:
    with model_server(GOOD) as model, service(f"sqlite:///{tmp_path}/a.db", server_url=model.url) as running:
        running.assess(replace(AGITATED, id="first"))
        with ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(lambda _: running.assess(AGITATED), range(8)))
        assert len({one.id for one in answers}) == 1
        assert all(one == answers[0] for one in answers)
        assert len(model.requests) == 2
        assert len(running.messages()) == 2


def test_it_remembers_across_a_restart_on_postgres(postgres_schema: str) -> None:
    event = replace(AGITATED, id="across a restart")
    with service(postgres_schema) as running:
        first = running.assess(event)
    with model_server(GOOD) as model, service(postgres_schema, server_url=model.url) as running:
        assert running.assess(event) == first
        assert model.requests == []


def test_it_wants_the_token_where_one_is_set(tmp_path: Path) -> None:
    with service(f"sqlite:///{tmp_path}/a.db", token="long-and-secret") as running:
        for token in ("", "guessed"):
            with pytest.raises(grpc.RpcError) as refusal:
                running.assess(AGITATED, token=token)
            assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert "ATTUNE_VLM_TOKEN" in refusal.value.details()
        assert running.assess(AGITATED, token="long-and-secret").reasoner == RULES


def test_it_does_not_start_with_an_open_door(tmp_path: Path) -> None:
    environment = {**os.environ, "ATTUNE_DATABASE_URL": f"sqlite:///{tmp_path}/a.db", "ATTUNE_VLM_HOST": "0.0.0.0"}
    ended = subprocess.run([sys.executable, "-m", "vlm_service"], env=environment, capture_output=True, timeout=120)
    assert ended.returncode == 2
    assert b"set ATTUNE_VLM_TOKEN" in ended.stderr


def test_it_does_not_share_its_port_with_a_second_service(rules_only: Service, tmp_path: Path) -> None:
    port = rules_only.address.rpartition(":")[2]
    environment = {**os.environ, "ATTUNE_DATABASE_URL": f"sqlite:///{tmp_path}/a.db", "ATTUNE_VLM_PORT": port}
    environment |= {"ATTUNE_VLM_HEALTH_PORT": "0", "ATTUNE_VLM_ADAPTERS_FOLDER": f"{tmp_path}/adapters"}
    ended = subprocess.run([sys.executable, "-m", "vlm_service"], env=environment, capture_output=True, timeout=120)
    assert ended.returncode == 1
    assert rules_only.address.encode() in ended.stderr


def test_it_ends_in_time_although_the_model_still_thinks(tmp_path: Path) -> None:
    with (
        model_server(Answer(hang=True)) as model,
        service(f"sqlite:///{tmp_path}/a.db", server_url=model.url, deadline_tier1_s="60") as running,
        ThreadPoolExecutor(1) as caller,
    ):
        asked = caller.submit(running.assess, AGITATED, 60.0)
        while not model.requests:
            assert not asked.done()
            time.sleep(0.02)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0, "long before the model's 60 s"
        assert isinstance(asked.exception(), grpc.RpcError)
        assert running.messages() == []


def test_it_shows_a_model_what_is_a_picture_and_says_how_many_it_saw(tmp_path: Path) -> None:
    """Garbage costs its own picture and nothing else; without the setting nothing is shown; nothing is written down."""
    at = AGITATED.opened_at
    contents = [b"garbage", jpeg(), jpeg()[:-30], jpeg(seed=1), b"\x89PNG"]
    frames = [EvidenceFrame(time=at - 5 + n, jpeg=one, silhouette=True) for n, one in enumerate(contents)]
    request = judgement_pb2.AssessRequest(event=wire.event_to_wire(AGITATED), deadline_s=5.0, frames=frames)
    database = f"sqlite:///{tmp_path}/a.db"
    with model_server(GOOD) as model, service(database, server_url=model.url, pictures="4") as running:
        assert running.ask(request).pictures == 2
        counted = running.get("/metrics")[1]
        assert 'attune_vlm_pictures_total{fate="no_jpeg"} 2.0' in counted
        assert 'attune_vlm_pictures_total{fate="truncated"} 1.0' in counted
        assert 'attune_vlm_pictures_total{fate="shown"} 2.0' in counted
    with model_server(GOOD) as model, service(database, server_url=model.url) as running:
        request.event.id = "without the setting"
        assert running.ask(request).pictures == 0
        assert isinstance(model.requests[0]["messages"][1]["content"], str)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"\xff\xd8\xff" not in written and b"data:image" not in written
