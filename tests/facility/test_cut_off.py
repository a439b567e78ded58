"""An edge that is cut off tells by itself, once, and says so when it is back: nobody is told twice or missed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from services.alerting.receiver import Book, server
from services.ledger import AlertRepository, Database, DeliveryRepository, EventRepository
from services.runtime.ports import free_port
from services.vocabulary import Alert, AlertStatus, Tier

pytestmark = pytest.mark.facility
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1vbmx5LW5vdC1hLWZhY2lsaXR5"


@dataclass
class Facility:
    """Threshold service, alerting and an edge agent with one simulated resident who cries once."""

    folder: Path
    local: str = ""
    cries_after_s: float = 6.0
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, room: str) -> None:
        self.processes[room] = subprocess.Popen([sys.executable, "-m", room], env=self.environment())

    def kill(self, room: str) -> None:
        self.processes[room].send_signal(signal.SIGKILL)
        self.processes.pop(room).wait()

    def environment(self) -> dict[str, str]:
        folder, ports = self.folder, self.ports
        camera = {"name": "c-1", "source": "simulated", "resident": "r-1", "room": "Room 1",
                  "episode_after_s": self.cries_after_s}  # fmt: skip
        webhook = {"name": "nurse-call", "url": self.local, "secret": SECRET}
        told = {"name": "ward", "url": f"http://127.0.0.1:{ports['ward']}/", "secret": SECRET}
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")},
            "ATTUNE_ASSET_MIRROR": os.environ.get("ATTUNE_ASSET_MIRROR", ""),
            "ATTUNE_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
            "ATTUNE_HISTORY_FOLDER": str(folder / "history"),
            "ATTUNE_THRESHOLD_PORT": str(ports["threshold"]),
            "ATTUNE_THRESHOLD_HEALTH_PORT": str(ports["threshold_health"]),
            "ATTUNE_THRESHOLD_SNAPSHOT_S": "0.3",
            "ATTUNE_THRESHOLD_ASSESS": "",
            "ATTUNE_THRESHOLD_COMPILED": "numpy",
            "ATTUNE_ALERTS_HEALTH_PORT": str(ports["alerts_health"]),
            "ATTUNE_ALERTS_RECEIVERS": json.dumps([told]),
            "ATTUNE_EDGE_SERVER": f"127.0.0.1:{ports['threshold']}",
            "ATTUNE_EDGE_HEALTH_PORT": str(ports["edge_health"]),
            "ATTUNE_EDGE_SPOOL": str(folder / "spool.db"),
            "ATTUNE_EDGE_CAMERAS": json.dumps([camera]),
            "ATTUNE_EDGE_OWN_ALARM": json.dumps({"webhook": webhook, "after_s": 1.5, "timeout_s": 10.0}),
            "ATTUNE_EXIT_WITH_PARENT": "true",
        }

    def ready(self) -> bool:
        try:
            return httpx.get(self._health("threshold", "readyz"), trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def edge(self, metric: str) -> float:
        """One number of the agent's metrics; 0 while it does not answer."""
        try:
            text = httpx.get(self._health("edge", "metrics"), trust_env=False).text
        except httpx.HTTPError:
            return 0.0
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(metric)), 0.0)

    def alerts(self) -> list[Alert]:
        database = Database(f"sqlite:///{self.folder / 'ledger.db'}")
        with database.read() as connection:
            return AlertRepository(connection).page(None, 100)

    def _health(self, room: str, page: str) -> str:
        return f"http://127.0.0.1:{self.ports[f'{room}_health']}/{page}"


@pytest.fixture
def facility(tmp_path: Path) -> Iterator[Facility]:
    names = ("threshold", "threshold_health", "alerts_health", "edge_health", "ward")
    made = Facility(tmp_path, ports={name: free_port() for name in names})
    yield made
    for process in made.processes.values():
        process.terminate()
    for process in made.processes.values():
        process.wait(30)


@dataclass
class Ear:
    """A receiver of webhooks that checks signatures."""

    file: Path
    port: int = 0

    def __enter__(self) -> "Ear":
        self.server = server("127.0.0.1", self.port, Book(self.file, SECRET))
        self.port = self.server.server_port
        threading.Thread(target=lambda: self.server.serve_forever(0.05), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def heard(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []


def eventually(holds: Callable[[], bool], what: str, limit_s: float = 240.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def test_it_is_told_once_by_the_edge_and_stands_on_the_page_when_the_link_is_back(
    facility: Facility, tmp_path: Path, asset_mirror: Path
) -> None:
    with Ear(tmp_path / "nurse.jsonl") as nurse, Ear(tmp_path / "ward.jsonl", facility.ports["ward"]) as ward:
        facility.local = f"http://127.0.0.1:{nurse.port}/"
        facility.cries_after_s = 15.0  # the link has to be up, and cut, before
        facility.start("threshold_service")
        eventually(facility.ready, "the threshold service never got ready")
        facility.start("services.alerting")
        facility.start("edge_agent")
        eventually(lambda: facility.edge("attune_edge_samples_acknowledged_total") > 0, "nothing became durable")
        facility.kill("threshold_service")
        eventually(lambda: bool(nurse.heard()), "nobody was told while the link was cut")
        (told,) = nurse.heard()
        assert told["verified"] and told["type"] == "edge.alarm"
        assert told["headline"] == "Crying was heard."
        facility.start("threshold_service")
        eventually(lambda: any(alert.told_by for alert in facility.alerts()), "the alert never said who was told")
        eventually(lambda: facility.edge("attune_edge_samples_spooled") < 5, "the spool never drained")
        time.sleep(2.0)  # long enough for anything that would be told a second time
        (alert,) = facility.alerts()
        assert (alert.told_by, alert.resident, alert.tier) == ("edge-1", "r-1", Tier.IMMEDIATE)
        assert alert.status in (AlertStatus.NOTIFIED, AlertStatus.RESOLVED)
        assert len(nurse.heard()) == 1
        assert ward.heard() == []
        with Database(f"sqlite:///{tmp_path / 'ledger.db'}").read() as connection:
            (delivery,) = DeliveryRepository(connection).of_alert(alert.id)
            assert len(EventRepository(connection).page(None, 10, max_tier=Tier.IMMEDIATE)) == 1
        assert delivery.receiver == "nurse-call"
        assert "edge agent edge-1" in delivery.detail


def test_it_goes_out_normally_when_nobody_took_the_edges_own_alarm(
    facility: Facility, tmp_path: Path, asset_mirror: Path
) -> None:
    with Ear(tmp_path / "ward.jsonl", facility.ports["ward"]) as ward, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen: refused, and nobody else gets the port
        facility.local = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        facility.start("edge_agent")
        facility.start("services.alerting")
        raised = 'attune_edge_own_alarms_total{fate="raised"}'
        eventually(lambda: facility.edge(raised) == 1.0, "no alarm was raised while the link was cut")
        facility.start("threshold_service")
        eventually(lambda: bool(ward.heard()), "nobody was told when the link was back")
        time.sleep(2.0)
        assert [line["type"] for line in ward.heard() if line["type"] == "alert.opened"] == ["alert.opened"]
        (alert,) = facility.alerts()
        assert alert.told_by == ""
