"""The ledger keeps what was told to whom, and what people answered."""

from dataclasses import replace

import pytest

from services.ledger import (
    AcknowledgementRepository,
    AlertRepository,
    AlertUnknown,
    AssessmentRepository,
    Database,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    FeedbackRepository,
    Silence,
    SilenceRefused,
    SilenceRepository,
)
from services.vocabulary import AlertStatus, Delivery, Feedback, FeedbackVerdict, Notice, Outcome, Tier
from tests.unit.ledger.nouns import NOON, alert, assessment

pytestmark = pytest.mark.unit


def test_it_makes_one_alert_per_event(database: Database) -> None:
    with database.write() as connection:
        alerts = AlertRepository(connection)
        assert alerts.create(alert(1)) is True
        assert alerts.create(alert(1)) is False
        assert alerts.create(replace(alert(2), event="event-1")) is False
        assert alerts.get("alert-2") is None
        assert alerts.of_event("event-1") == alerts.get("alert-1") == alert(1)


def test_it_refuses_to_change_an_alert_that_was_never_made(database: Database) -> None:
    with pytest.raises(AlertUnknown, match="alert-1"), database.write() as connection:
        AlertRepository(connection).update(alert(1))


def test_it_gives_out_what_is_due_with_the_most_urgent_first(database: Database) -> None:
    urgent = alert(3, tier=Tier.IMMEDIATE, notify_not_before=NOON)
    with database.write() as connection:
        alerts = AlertRepository(connection)
        for one in (alert(1), alert(2), urgent, alert(4, notify_not_before=NOON + 60)):
            alerts.create(one)
        alerts.update(replace(alert(2), status=AlertStatus.NOTIFIED, notified_at=NOON + 20))
        assert [one.id for one in alerts.due(NOON + 30)] == ["alert-3", "alert-1"]


def test_it_calls_an_alert_open_until_it_is_resolved_missed_or_expired(database: Database) -> None:
    with database.write() as connection:
        alerts = AlertRepository(connection)
        for number, status in enumerate(AlertStatus):
            alerts.create(alert(number, status=status))
        settled = {AlertStatus.RESOLVED, AlertStatus.MISSED, AlertStatus.EXPIRED}
        assert {one.status for one in alerts.open()} == set(AlertStatus) - settled


def test_it_pages_alerts_by_status_and_resident(database: Database) -> None:
    with database.write() as connection:
        alerts = AlertRepository(connection)
        for number in range(5):
            alerts.create(alert(number, resident=f"r{number % 2}"))
        assert [one.id for one in alerts.page(None, 2)] == ["alert-4", "alert-3"]
        assert [one.id for one in alerts.page(NOON + 3, 9)] == ["alert-2", "alert-1", "alert-0"]
        assert [one.id for one in alerts.page(None, 9, AlertStatus.PENDING, "r1")] == ["alert-3", "alert-1"]
        assert alerts.page(None, 9, AlertStatus.RESOLVED) == []


def test_it_shows_the_latest_assessment_of_an_event_and_keeps_the_first_of_an_id(database: Database) -> None:
    with database.write() as connection:
        assessments = AssessmentRepository(connection)
        assert assessments.record(assessment(2, at=NOON + 5)) is True
        assert assessments.record(assessment(1)) is True
        assert assessments.record(assessment(1, event="event-9")) is False
        assert assessments.of_event("event-1") == assessment(2, at=NOON + 5)
        assert assessments.get("assessment-1") == assessment(1)
        assert assessments.of_event("event-9") is None


def dispatch(receiver: str = "nurse-call", message: str = "m1", due: float = NOON) -> Dispatch:
    return Dispatch(message, "alert-1", Notice.OPENED, receiver, "{}", NOON, due)


def test_it_queues_one_message_for_each_receiver_once(database: Database) -> None:
    with database.write() as connection:
        deliveries = DeliveryRepository(connection)
        told = [deliveries.queue(dispatch(name)) for name in ("nurse-call", "chat", "chat")]
        assert told == [True, True, False]
        assert len(deliveries.dispatches_of("alert-1")) == 2


def test_it_gives_a_dispatch_out_when_its_next_attempt_is_due(database: Database) -> None:
    with database.write() as connection:
        deliveries = DeliveryRepository(connection)
        deliveries.queue(dispatch("chat"))
        deliveries.queue(dispatch("nurse-call", due=NOON + 5))
        deliveries.update(replace(dispatch("chat"), attempts=1, next_attempt_at=NOON + 10))
        assert [one.receiver for one in deliveries.pending(NOON + 5)] == ["nurse-call"]
        assert [one.attempts for one in deliveries.pending(NOON + 10)] == [0, 1]
        deliveries.update(replace(dispatch("chat"), state=DispatchState.DELIVERED))
        deliveries.update(replace(dispatch("nurse-call"), state=DispatchState.FAILED))
        assert deliveries.pending(NOON + 99) == []


def test_it_logs_every_attempt_in_order(database: Database) -> None:
    attempts = [
        Delivery("m1", "alert-1", Notice.OPENED, "chat", 1, NOON, Outcome.UNREACHABLE, detail="refused"),
        Delivery("m1", "alert-1", Notice.OPENED, "chat", 2, NOON, Outcome.DELIVERED, 204, duration_s=0.1),
    ]
    with database.write() as connection:
        for attempt in attempts:
            DeliveryRepository(connection).record(attempt)
        assert DeliveryRepository(connection).of_alert("alert-1") == attempts


def test_it_keeps_what_people_say_newest_first(database: Database) -> None:
    words = [
        Feedback("f1", "r1", FeedbackVerdict.TRUE, NOON, "anna", alert="alert-1"),
        Feedback("f2", "r1", FeedbackVerdict.FALSE, NOON + 5, "ben", alert="alert-1", note="visitors"),
        Feedback("f3", "r2", FeedbackVerdict.MISSED, NOON + 9, "ben", about_time=NOON - 60),
    ]
    with database.write() as connection:
        feedback = FeedbackRepository(connection)
        assert [feedback.record(word) for word in [*words, words[0]]] == [True, True, True, False]
        assert feedback.of_alert("alert-1") == [words[1], words[0]]
        assert feedback.recent(2) == [words[2], words[1]]


def test_it_keeps_who_acknowledged_first(database: Database) -> None:
    with database.write() as connection:
        words = AcknowledgementRepository(connection)
        words.record("alert-1", "ben", NOON + 5, "api")
        first = words.record("alert-1", "anna", NOON, "page")
        assert words.record("alert-1", "anna", NOON, "page") == first
        assert [word.by for word in words.of_alert("alert-1")] == ["anna", "ben"]


def test_it_knows_which_silences_run_and_ends_one_early(database: Database) -> None:
    with database.write() as connection:
        silences = SilenceRepository(connection)
        silences.record(Silence("s1", NOON, NOON + 60, "anna", "physiotherapy", resident="r1"))
        silences.record(Silence("s2", NOON + 30, NOON + 90, "anna", "cleaning", room="12"))
        assert [one.id for one in silences.active(NOON)] == ["s1"]
        assert [one.id for one in silences.active(NOON + 30)] == ["s1", "s2"]
        silences.end("s1", NOON + 40)
        assert [one.id for one in silences.active(NOON + 40)] == ["s2"]
        assert silences.active(NOON + 90) == []


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [({"ends_at": NOON}, "after its start"), ({"reason": " "}, "no reason"), ({"room": "12"}, "exactly one"),
     ({"resident": ""}, "exactly one"), ({"ends_at": float("nan")}, "after its start")],
)  # fmt: skip
def test_it_refuses_a_silence_without_end_reason_or_subject(facts: dict[str, object], complaint: str) -> None:
    plain = {"id": "s", "starts_at": NOON, "ends_at": NOON + 60, "by": "anna", "reason": "rest", "resident": "r1"}
    with pytest.raises(SilenceRefused, match=complaint):
        Silence(**plain | facts)  # type: ignore[arg-type]


def test_it_finds_what_is_open_near_an_alert_by_resident_or_room(database: Database) -> None:
    here, elsewhere = alert(1, resident="r1", room="7"), alert(2, resident="r2", room="7")
    moved, far = alert(3, resident="r1", room="9"), alert(4, resident="r3", room="9")
    nameless, over = alert(5, resident="r4", room=""), alert(6, resident="r1", room="7", status=AlertStatus.RESOLVED)
    with database.write() as connection:
        alerts = AlertRepository(connection)
        for one in (here, elsewhere, moved, far, nameless, over):
            alerts.create(one)
        assert {one.id for one in alerts.open_near("r1", "7")} == {"alert-1", "alert-2", "alert-3"}
        assert [one.id for one in alerts.open_near("r3", "")] == ["alert-4"]
        assert len(alerts.open_near("r1", "7", most=2)) == 2
