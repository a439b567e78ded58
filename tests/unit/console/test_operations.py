"""What an operator sees and mends, what an auditor reads, what a lead lets rise."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.console import operations
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import (
    AdapterRepository,
    AgentRepository,
    AuditRepository,
    CanaryOutRepository,
    CanaryRepository,
    Database,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    EndpointNow,
    EndpointRepository,
    ModelServer,
    ModelServerRepository,
    OutboxRepository,
    PolicyRepository,
    Role,
    StatusRepository,
)
from services.ledger.topics import DELIVERY_REPLAYED, RECEIVER_ENABLED, THRESHOLD_APPROVED
from services.runtime.clock import VirtualClock
from services.vocabulary import (
    AdapterMove,
    AdapterReport,
    AdapterState,
    AdapterVersion,
    AlertStatus,
    Budget,
    Delivery,
    MoveCause,
    Notice,
    Outcome,
    Own,
    Policy,
    Proposal,
    Timing,
)
from services.vocabulary.adapter import STANDING
from tests.unit.console import house, signed
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW
from tests.unit.console.signed import HOME
from tests.unit.console.test_shift import text

pytestmark = pytest.mark.unit
GIVEN_UP = Dispatch("m-1", "alert-1", Notice.OPENED, "pager", "{}", NOW - 900, NOW, 9, DispatchState.FAILED)


@pytest.fixture
def people(database: Database, clock: VirtualClock, tmp_path: Path) -> Room:
    return Room(database, clock, ConsoleSettings(history_folder=tmp_path / "history"))


def press(client: TestClient, path: str, **form: str) -> int:
    return client.post(path, data=form, headers={"origin": HOME, "accept": "text/html"}).status_code


def outbox(database: Database, topic: str) -> list[str]:
    with database.read() as connection:
        return [message.key for message in OutboxRepository(connection).unpublished(10, [topic])]


def test_it_says_first_what_needs_a_hand(client: TestClient, database: Database, clock: VirtualClock) -> None:
    assert "One thing needs a hand. Room 25 cannot be seen" in text(client.get("/operations").text)
    keep(database, 1, NOW - 900, AlertStatus.UNDELIVERED)
    with database.write() as connection:
        CanaryRepository(connection).promise("edge-1", 900.0, NOW - 7200)
        CanaryOutRepository(connection).lost("edge-1", NOW - 60)
        EndpointRepository(connection).save(EndpointNow("pager", NOW - 600, "answered 410"), NOW)
        DeliveryRepository(connection).queue(GIVEN_UP)
    page = text(client.get("/operations").text)
    for said in (
        "5 things need a hand.", "One alert has not reached anybody outside the page.",
        "Test alerts of edge-1 do not come out", "Nothing is sent to pager", "One delivery was given up.",
    ):  # fmt: skip
        assert said in page, said
    clock.advance(120)
    assert "No news from edge-1: its rooms are not watched." in text(client.get("/operations").text)


def test_it_runs_where_everything_does(client: TestClient, database: Database) -> None:
    cameras = [{"camera": "c", "residents": ["room-12"], "blind": False, "since": 0.0}]
    with database.write() as connection:
        AgentRepository(connection).seen(house.AGENT, NOW, "attune", "0" * 32, cameras=json.dumps(cameras))
    assert "Everything runs." in text(client.get("/operations").text)
    assert text(client.get("/operations/live").json()["operations"]).strip().startswith("Everything runs.")


def test_it_shows_how_many_pictures_a_camera_gives_and_how_many_are_left_out(
    client: TestClient, database: Database
) -> None:
    cameras = [{"camera": "hall", "residents": ["room-12"], "given_per_s": 25.0, "looked_at_per_s": 4.96}]
    with database.write() as connection:
        AgentRepository(connection).seen(house.AGENT, NOW, "attune", "0" * 32, cameras=json.dumps(cameras))
    page = text(client.get("/operations").text)
    assert "25.0 pictures a second, 5.0 looked at" in page and "left out" not in page
    with database.write() as connection:
        told = json.dumps([cameras[0] | {"skipped_per_s": 1.25}])
        AgentRepository(connection).seen(house.AGENT, NOW, "attune", "0" * 32, cameras=told)
    assert "1.2 left out" in text(client.get("/operations").text)


def test_it_shows_how_long_a_test_took_from_the_edge_to_a_receiver(client: TestClient, database: Database) -> None:
    body = json.dumps({"type": "alert.test", "data": {"agent": "edge-1"}})
    sent = Dispatch("t-1", "", Notice.TEST, "nurse", body, NOW - 100.0, NOW - 99.5, 1, DispatchState.DELIVERED)
    with database.write() as connection:
        CanaryRepository(connection).promise("edge-1", 900.0, NOW - 7200)
        CanaryOutRepository(connection).came_out("edge-1", NOW - 99)
        DeliveryRepository(connection).queue(sent)
        came = Delivery("t-1", "", Notice.TEST, "nurse", 1, NOW - 99.0, Outcome.DELIVERED, 204, "", 0.25)
        DeliveryRepository(connection).record(came)
    assert "1.25 s" in text(client.get("/operations").text)


def test_it_counts_receivers_by_what_they_took() -> None:
    def sent(number: int, outcome: Outcome, took_s: float, to: str = "nurse") -> Delivery:
        return Delivery(f"m{number}", "a", Notice.OPENED, to, 1, NOW + number, outcome, 0, "", took_s)

    log = [sent(n, Outcome.DELIVERED, 0.1 * n) for n in range(1, 21)] + [sent(21, Outcome.TIMED_OUT, 10.0)]
    nurse, pager = operations.receivers(log, [EndpointNow("pager", NOW)])
    assert (nurse.name, nurse.attempts, nurse.taken, nurse.last_taken_at) == ("nurse", 21, 20, NOW + 20)
    assert nurse.p95_s == pytest.approx(1.905)
    assert (pager.attempts, pager.state.disabled_at) == (0, NOW) and pager.p95_s != pager.p95_s


def test_it_counts_second_opinions_and_why_rules_stood_in() -> None:
    made = house.assessment(house.event("room-12", NOW), NOW)
    asked = [replace(made, reasoner="qwen", latency_s=4.0), replace(made, reasoner="qwen", latency_s=6.0)]
    found = operations.reasoners([*asked, replace(made, fallback_reason="timed out", latency_s=0.1)])
    assert [(one.name, one.n, one.median_s) for one in found] == [("qwen", 2, 5.0), ("rules", 1, 0.1)]
    assert found[1].fallbacks == (("timed out", 1),)


def test_it_tries_a_delivery_again_and_writes_down_who_said_so(people: Room, database: Database) -> None:
    with database.write() as connection:
        DeliveryRepository(connection).queue(GIVEN_UP)
        EndpointRepository(connection).save(EndpointNow("pager", NOW - 600, "answered 410"), NOW)
    olga, mia = signed.somebody(people, "olga", Role.OPERATOR), signed.somebody(people, "mia", Role.ML)
    assert "Try again" in olga.get("/operations").text and "Try again" not in mia.get("/operations").text
    form = {"message": "m-1", "receiver": "pager"}
    assert mia.press("/operations/replay", **form).status_code == 403
    assert olga.press("/operations/replay", **form).status_code == 303
    assert olga.press("/operations/receivers/pager/enable").status_code == 303
    assert outbox(database, DELIVERY_REPLAYED) == ["m-1"] and outbox(database, RECEIVER_ENABLED) == ["pager"]
    with database.read() as connection:
        kept = {entry.kind: json.loads(entry.body) for entry in AuditRepository(connection).page(None, 20)}
    assert kept[DELIVERY_REPLAYED] == {"message": "m-1", "receiver": "pager", "by": "Olga"}
    assert kept[RECEIVER_ENABLED] == {"receiver": "pager", "by": "Olga"}


def test_the_doctor_tells_an_operator_what_is_wrong_and_what_to_do(people: Room) -> None:
    olga = signed.somebody(people, "olga", Role.OPERATOR)
    assert 'href="/operations/doctor"' in olga.get("/operations").text
    page = text(olga.get("/operations/doctor").text)
    assert "database SQLite in" in page and "redis not set" in page and "GB free" in page and "not right" not in page
    people.settings.history_folder = Path("/proc/history")
    page = text(olga.get("/operations/doctor").text)
    assert "history folder not right nothing can be written" in page and "correct ATTUNE_HISTORY_FOLDER" in page
    assert signed.somebody(people, "ana", Role.CAREGIVER).get("/operations/doctor").status_code == 403


def test_it_says_how_the_servers_of_the_language_model_are(client: TestClient, database: Database) -> None:
    def _say(one: ModelServer, at: float) -> str:
        with database.write() as connection:
            ModelServerRepository(connection).save("vlm-1", [one], at)
        return text(client.get("/operations").text)

    nobody = "No server of the language model answers"
    page = _say(ModelServer("vllm:8000", "", NOW - 600), NOW)
    assert "vllm:8000 answers" in page and nobody not in page
    page = _say(ModelServer("vllm:8000", "is ill: HTTP 503", NOW - 60), NOW)
    assert "vllm:8000 is not asked is ill: HTTP 503" in page and nobody in page
    page = _say(ModelServer("vllm:8000", "", NOW - 600), NOW - 600)
    assert "vllm:8000 not known" in page and nobody in page


def test_it_names_no_resident_to_an_operator(people: Room, database: Database) -> None:
    keep(database, 1, NOW - 900)
    page = signed.somebody(people, "olga", Role.OPERATOR).get("/operations").text
    names = [label for _, _, label, *_ in house.PEOPLE if label in page]
    assert names == [] and "Crying" not in page and "/alerts/" not in page


def test_it_leads_an_operator_to_operations(people: Room) -> None:
    olga = signed.somebody(people, "olga", Role.OPERATOR)
    assert olga.get("/").headers["location"] == "/operations"
    assert 'href="/operations"' in olga.get("/me").text and 'href="/shift"' not in olga.get("/me").text
    assert signed.somebody(people, "ana", Role.CAREGIVER).get("/operations").status_code == 403


def test_it_shows_adapters_and_what_the_budget_came_to(client: TestClient, database: Database) -> None:
    version = AdapterVersion("night", "ab" * 32, AdapterState.CANARY, "Mia", NOW - 9, NOW - 5, "gates passed", 0.2)
    for number in range(1, 20):
        keep(database, number, NOW - 900)
    with database.write() as connection:
        move = AdapterMove(version.served_name, None, version.state, MoveCause.CHOSEN, "Mia", NOW)
        AdapterRepository(connection).keep(version, move)
        rows = [["trust", "bundle.sig: missing"], ["gates", "judged with another prompt"]]
        report = AdapterReport(version.served_name, STANDING, NOW, False, json.dumps({"rows": rows}))
        AdapterRepository(connection).report(report)
    page = text(client.get("/operations").text)
    assert "not signed by anybody trusted bundle.sig: missing" in page
    assert "its gates are outdated judged with another prompt" in page
    assert "night@abababababab canary 20 %" in page and "Now 1.4 2.1 over the budget" in page


def test_it_promises_what_the_policy_in_force_allows(client: TestClient, database: Database) -> None:
    def _follow(policy: Policy, at: float) -> None:
        with database.write() as connection:
            PolicyRepository(connection).follow(policy, at)

    strict = Policy("strict", Budget(tier1=0.7, tier2=2.0))
    own = Own("room-12", Budget(tier1=7.0, tier2=2.0), Timing(), 0.5, ())
    _follow(strict, NOW - 60)
    assert "Now 0.7 0.0" in text(client.get("/operations").text)
    _follow(replace(strict, residents=(own,)), NOW - 30)
    assert "Now 1.4 0.0" in text(client.get("/operations").text)
    assert client.get("/api/v1/load?hours=168").json()["allowed"] == pytest.approx(8 * 2.7 + 9.0)
    _follow(strict, NOW)
    assert "Now 0.7 0.0" in text(client.get("/operations").text)


def test_it_shows_the_audit_chain_to_the_auditor_and_finds_a_change(people: Room, database: Database) -> None:
    ada, ana = signed.somebody(people, "ada", Role.AUDITOR), signed.somebody(people, "ana", Role.CAREGIVER)
    ana.get("/residents/room-14")
    assert ana.get("/audit").status_code == 403
    page = text(ada.get("/audit?kind=viewed&about=room-14").text)
    assert "by ana page resident residents room-14" in page and "signed_in" not in page
    assert "signed_in" in text(ada.get("/audit").text)
    assert "no entry was changed" in text(ada.get("/audit?verify=true").text)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE audit SET body = replace(body, 'room-14', 'room-9') WHERE kind = 'viewed'")
    assert "was changed, or one before it is missing" in text(ada.get("/audit?verify=true").text)


def test_it_pages_through_the_audit_chain(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        for number in range(120):
            AuditRepository(connection).append("made", json.dumps({"n": number}), NOW)
    first = client.get("/audit?kind=made").text
    older = first.split('href="/audit?before=')[1].split('"')[0].replace("&amp;", "&")
    second = text(client.get(f"/audit?before={older}").text)
    assert "n 119" in text(first) and "n 70" in text(first) and "n 69" in second and "n 70 " not in second


def test_it_lets_a_threshold_rise_as_it_was_shown_and_no_farther(people: Room, database: Database) -> None:
    def propose(wanted: float) -> None:
        status = StatusRepository(connection).get("room-9")
        assert status is not None
        waiting = (Proposal("composite", 1.0, wanted, 1.2, 0.8),)
        StatusRepository(connection).save([replace(status, proposals=waiting)])

    with database.write() as connection:
        propose(1.5)
    lea, ana = signed.somebody(people, "lea", Role.LEAD), signed.somebody(people, "ana", Role.CAREGIVER)
    page = lea.get("/thresholds").text
    assert "For one resident a threshold waits" in text(page) and 'value="composite=1.5"' in page
    assert ana.get("/thresholds").status_code == 403
    path = "/thresholds/room-9/approve"
    assert lea.press(path, wanted="composite").status_code == 422
    assert lea.press("/thresholds/nobody/approve", wanted="composite=1.5").status_code == 404
    with database.write() as connection:
        propose(2.5)
    assert lea.press(path, wanted="composite=1.5").status_code == 409
    assert outbox(database, THRESHOLD_APPROVED) == []
    assert lea.press(path, wanted="composite=2.5").status_code == 303
    assert outbox(database, THRESHOLD_APPROVED) == ["room-9"]
