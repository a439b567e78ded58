"""Alerting is killed in the middle of a delivery: the alert still arrives, and the receiver takes it once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.console.writing import acknowledge
from services.ledger import AlertRepository, Database, EscalationRepository
from services.runtime.ports import free_port
from services.vocabulary import AlertStatus, EscalationState, Event
from tests.unit.alerting.line import SECRET, Endpoint
from tests.unit.console import house

pytestmark = pytest.mark.facility
PATIENCE_S = 60.0


def start(url: str, hook: str) -> "subprocess.Popen[bytes]":
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    environment = kept | {
        "ATTUNE_DATABASE_URL": url, "ATTUNE_EXIT_WITH_PARENT": "true", "ATTUNE_ALERTS_HEALTH_PORT": str(free_port()),
        "ATTUNE_ALERTS_RECEIVERS": json.dumps([{"name": "nurse-call", "url": hook, "secret": SECRET}]),
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-m", "services.alerting"], env=environment)


def status(database: Database, event: Event) -> AlertStatus | None:
    with database.read() as connection:
        alert = AlertRepository(connection).of_event(event.id)
    return alert.status if alert else None


def test_it_delivers_after_a_kill_under_the_same_idempotency_key(tmp_path: Path) -> None:
    database, url = house.ledger(tmp_path)
    endpoint = Endpoint(wait_s=30.0)
    event = house.event("room-12", time.time())
    end = time.monotonic() + PATIENCE_S
    running = start(url, endpoint.url)
    try:
        house.tell(database, event, time.time())
        while not endpoint.got:
            assert time.monotonic() < end and running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert status(database, event) is AlertStatus.PENDING
        endpoint.wait_s = 0.0
        running = start(url, endpoint.url)
        while status(database, event) is not AlertStatus.NOTIFIED:
            assert time.monotonic() < end and running.poll() is None
            time.sleep(0.05)
    finally:
        running.terminate()
        running.wait(timeout=180)
        endpoint.close()
        database.close()
    assert len(endpoint.got) == 2
    assert len({headers["webhook-id"] for headers, _ in endpoint.got}) == 1


def test_it_is_told_and_taken_once_however_often_alerting_is_killed(tmp_path: Path) -> None:
    database, url = house.ledger(tmp_path)
    endpoint = Endpoint(wait_s=0.2)
    events = [house.event(f"room-{number}", time.time() + number) for number in range(4)]
    end = time.monotonic() + 2 * PATIENCE_S
    running = start(url, endpoint.url)
    try:
        for kill, event in enumerate(events):
            house.tell(database, event, time.time())
            while len(endpoint.got) <= kill:
                assert time.monotonic() < end and running.poll() is None
                time.sleep(0.01)
            running.send_signal(signal.SIGKILL)
            running.wait()
            running = start(url, endpoint.url)
        while {status(database, event) for event in events} != {AlertStatus.NOTIFIED}:
            assert time.monotonic() < end and running.poll() is None
            time.sleep(0.05)
        take(database, events[0])
        running.send_signal(signal.SIGKILL)
        running.wait()
        running = start(url, endpoint.url)
        while status(database, events[0]) is not AlertStatus.ACKNOWLEDGED:
            assert time.monotonic() < end and running.poll() is None
            time.sleep(0.05)
    finally:
        running.terminate()
        running.wait(timeout=30)
        endpoint.close()
    with database.read() as connection:
        alert = AlertRepository(connection).of_event(events[0].id)
        asked = EscalationRepository(connection).of_alert(alert.id) if alert else None
    database.close()
    assert alert is not None and alert.acknowledged_by == "Ana"
    assert asked is not None and asked.state is EscalationState.ACKNOWLEDGED
    assert len({headers["webhook-id"] for headers, _ in endpoint.got}) == len(events)


def take(database: Database, event: Event) -> None:
    """Somebody presses the button twice; the first press stands."""
    with database.read() as connection:
        alert = AlertRepository(connection).of_event(event.id)
    assert alert is not None
    for by in ("Ana", "Ben"):
        acknowledge(database, alert.id, by, time.time(), "page")
