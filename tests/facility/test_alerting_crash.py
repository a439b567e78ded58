"""Alerting is killed in the middle of a delivery: the alert still arrives, and the receiver takes it once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.ledger import AlertRepository, Database
from services.runtime.ports import free_port
from services.vocabulary import AlertStatus, Event
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
