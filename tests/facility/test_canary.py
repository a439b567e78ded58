"""The canary goes the whole way between real processes; what stands in its way is told, and ends by itself."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from services.ledger import AlertRepository, Database
from services.runtime.ports import free_port
from tests.facility.test_cut_off import SECRET, Ear, eventually

pytestmark = pytest.mark.facility
MINUTES, SLACK_S = 0.04, 4.0
LIMIT_S = 2 * 60 * MINUTES + SLACK_S
SILENCE = 'attune_threshold_canary_silence_seconds{agent="edge-1"}'


@dataclass
class Facility:
    """Threshold service, alerting and an edge agent with one calm simulated resident."""

    folder: Path
    gateway: int
    board: int
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, *rooms: str) -> None:
        for room in rooms:
            self.processes[room] = subprocess.Popen([sys.executable, "-m", room], env=self.environment())

    def kill(self, room: str) -> None:
        self.processes[room].send_signal(signal.SIGKILL)
        self.processes.pop(room).wait()

    def environment(self) -> dict[str, str]:
        ports, at = self.ports, "http://127.0.0.1"
        receivers = [
            {"name": "gateway", "url": f"{at}:{self.gateway}/", "secret": SECRET},
            {"name": "board", "url": f"{at}:{self.board}/", "secret": SECRET, "technical": True},
        ]
        camera = {"name": "c-1", "source": "simulated", "resident": "r-1", "room": "Room 1"}
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")},
            "ATTUNE_ASSET_MIRROR": os.environ.get("ATTUNE_ASSET_MIRROR", ""),
            "ATTUNE_DATABASE_URL": f"sqlite:///{self.folder / 'ledger.db'}",
            "ATTUNE_HISTORY_FOLDER": str(self.folder / "history"),
            "ATTUNE_THRESHOLD_PORT": str(ports["threshold"]),
            "ATTUNE_THRESHOLD_HEALTH_PORT": str(ports["threshold_health"]),
            "ATTUNE_THRESHOLD_SNAPSHOT_S": "0.3",
            "ATTUNE_THRESHOLD_ASSESS": "",
            "ATTUNE_THRESHOLD_COMPILED": "numpy",
            "ATTUNE_ALERTS_HEALTH_PORT": str(ports["alerts_health"]),
            "ATTUNE_ALERTS_RECEIVERS": json.dumps(receivers),
            "ATTUNE_ALERTS_CANARY_SLACK_S": str(SLACK_S),
            "ATTUNE_EDGE_SERVER": f"127.0.0.1:{ports['threshold']}",
            "ATTUNE_EDGE_HEALTH_PORT": str(ports["edge_health"]),
            "ATTUNE_EDGE_SPOOL": str(self.folder / "spool.db"),
            "ATTUNE_EDGE_CAMERAS": json.dumps([camera]),
            "ATTUNE_EDGE_CANARY_MINUTES": str(MINUTES),
            "ATTUNE_EXIT_WITH_PARENT": "true",
        }

    def number(self, room: str, metric: str) -> float:
        """One number of a room's metrics; -1 while it does not answer or does not know it."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self.ports[room]}/metrics", trust_env=False).text
        except httpx.HTTPError:
            return -1.0
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(metric)), -1.0)


@pytest.fixture
def ears(tmp_path: Path) -> Iterator[tuple[Ear, Ear]]:
    with Ear(tmp_path / "gateway.jsonl") as gateway, Ear(tmp_path / "board.jsonl") as board:
        yield gateway, board


@pytest.fixture
def facility(tmp_path: Path, ears: tuple[Ear, Ear], asset_mirror: Path) -> Iterator[Facility]:
    names = ("threshold", "threshold_health", "alerts_health", "edge_health")
    made = Facility(tmp_path, ears[0].port, ears[1].port, {name: free_port() for name in names})
    made.start("threshold_service")
    eventually(lambda: made.number("threshold_health", "attune_threshold_streams") == 0.0, "threshold never got ready")
    made.start("services.alerting", "edge_agent")
    yield made
    for process in made.processes.values():
        process.terminate()
    for process in made.processes.values():
        process.wait(60)


def kinds(ear: Ear) -> list[object]:
    return [line["type"] for line in ear.heard()]


def once_more(ear: Ear, kind: str) -> Callable[[], bool]:
    """Whether the ear hears another one of a kind from now on."""
    before = kinds(ear).count(kind)
    return lambda: kinds(ear).count(kind) > before


def test_it_comes_out_as_a_test_and_a_cut_link_is_told_and_over_by_itself(
    facility: Facility, ears: tuple[Ear, Ear]
) -> None:
    gateway, board = ears
    eventually(lambda: kinds(gateway).count("alert.test") >= 2, "no canary came out")
    assert facility.number("alerts_health", "attune_canary_seconds_count") >= 1.0
    lost, returned = once_more(board, "canary.lost"), once_more(board, "canary.returned")
    facility.kill("threshold_service")
    eventually(lost, "nobody was told that the canary stays away")
    again = once_more(gateway, "alert.test")
    facility.start("threshold_service")
    eventually(again, "no canary came out when the link was back")
    eventually(returned, "nobody was told that the canary is back")
    assert all(line["verified"] for line in (*gateway.heard(), *board.heard()))
    assert set(kinds(gateway)) == {"alert.test"}
    database = Database(f"sqlite:///{facility.folder / 'ledger.db'}")
    with database.read() as connection:
        assert AlertRepository(connection).page(None, 10) == []
    database.close()


def test_it_is_missed_by_the_threshold_service_while_alerting_is_dead_and_not_any_more_when_it_is_back(
    facility: Facility, ears: tuple[Ear, Ear]
) -> None:
    gateway, _ = ears
    eventually(lambda: kinds(gateway).count("alert.test") >= 1, "no canary came out")
    eventually(lambda: facility.number("threshold_health", SILENCE) >= 0.0, "there is no gauge")
    facility.kill("services.alerting")
    killed = time.monotonic()
    passed = 'attune_threshold_canaries_total{fate="passed on"}'
    sent = facility.number("threshold_health", passed)
    eventually(lambda: facility.number("threshold_health", SILENCE) > LIMIT_S, "the gauge did not grow")
    eventually(lambda: facility.number("threshold_health", passed) >= sent + 2, "the agent sent no more canaries")
    assert facility.number("threshold_health", SILENCE) <= time.monotonic() - killed + LIMIT_S
    again = once_more(gateway, "alert.test")
    facility.start("services.alerting")
    eventually(again, "no canary came out when alerting was back")
    eventually(lambda: 0.0 <= facility.number("threshold_health", SILENCE) < LIMIT_S, "the gauge did not fall")
