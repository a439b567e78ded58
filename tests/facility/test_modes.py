"""A mode decided on the page is in force at the edge within seconds, and one withdrawn there while the link is cut."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from services.runtime.ports import free_port

pytestmark = pytest.mark.facility
ROOMS = ("threshold_service", "services.console", "edge_agent")


class House:
    """Threshold service, console and an edge agent with one simulated resident in observables."""

    def __init__(self, folder: Path) -> None:
        names = ("threshold", "threshold_health", "console", "console_health", "edge_health")
        self.ports = {name: free_port() for name in names}
        camera = {"name": "c-1", "source": "simulated", "resident": "r-1", "room": "Room 1"}
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")},
            "ATTUNE_ASSET_MIRROR": os.environ.get("ATTUNE_ASSET_MIRROR", ""),
            "ATTUNE_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
            "ATTUNE_HISTORY_FOLDER": str(folder / "history"),
            "ATTUNE_THRESHOLD_PORT": str(self.ports["threshold"]),
            "ATTUNE_THRESHOLD_HEALTH_PORT": str(self.ports["threshold_health"]),
            "ATTUNE_THRESHOLD_SNAPSHOT_S": "0.3",
            "ATTUNE_THRESHOLD_ASSESS": "",
            "ATTUNE_THRESHOLD_COMPILED": "numpy",
            "ATTUNE_CONSOLE_PORT": str(self.ports["console"]),
            "ATTUNE_CONSOLE_SIGN_IN": "false",
            "ATTUNE_CONSOLE_HEALTH_PORT": str(self.ports["console_health"]),
            "ATTUNE_EDGE_SERVER": f"127.0.0.1:{self.ports['threshold']}",
            "ATTUNE_EDGE_HEALTH_PORT": str(self.ports["edge_health"]),
            "ATTUNE_EDGE_SPOOL": str(folder / "spool.db"),
            "ATTUNE_EDGE_CAMERAS": json.dumps([camera]),
            "ATTUNE_EXIT_WITH_PARENT": "true",
        }
        self.processes = {room: self.start(room) for room in ROOMS}

    def start(self, room: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", room], env=self.environment)

    def mode(self) -> str:
        try:
            answer = httpx.get(f"{self.console}/api/v1/residents", trust_env=False).raise_for_status().json()
        except httpx.HTTPError:
            return ""
        return answer["items"][0]["resident"]["mode"] if answer["items"] else ""

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.ports['console']}"


@pytest.fixture
def house(tmp_path: Path, asset_mirror: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    for process in made.processes.values():
        process.terminate()
    for process in made.processes.values():
        process.wait(30)


def eventually(holds: Callable[[], bool], what: str, limit_s: float = 240.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def test_it_follows_the_page_and_a_withdrawal_at_the_bedside_while_nobody_answers(house: House) -> None:
    eventually(lambda: house.mode() == "observables", "the resident never came")
    given = {"mode": "affect", "consent": "folder 7", "by": "Ana"}
    httpx.post(f"{house.console}/api/v1/residents/r-1/mode", json=given, trust_env=False).raise_for_status()
    eventually(lambda: house.mode() == "affect", "the consent never reached the edge")
    house.processes["threshold_service"].send_signal(signal.SIGKILL)
    house.processes["threshold_service"].wait()
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "edge", "mode", "r-1", "observables", "--by", "Ben"],
        env=house.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    house.processes["edge_agent"].terminate()
    house.processes["edge_agent"].wait(30)
    house.processes |= {room: house.start(room) for room in ("edge_agent", "threshold_service")}
    eventually(lambda: house.mode() == "observables", "the withdrawal was forgotten")
    time.sleep(3.0)  # long enough for the server to tell what it had decided before
    assert house.mode() == "observables"
    page = httpx.get(f"{house.console}/residents/r-1", trust_env=False).text
    assert "Decided by edge: Ben" in page
