"""A camera that is gone: the agent keeps trying, the room turns blind on the page and in the metrics, and recovers."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from services.runtime.ports import free_port

pytestmark = pytest.mark.facility


@pytest.fixture
def started(tmp_path: Path, asset_mirror: Path) -> Iterator[dict[str, int]]:
    """Threshold service, console and an edge agent whose camera is a stream on loopback that nobody serves yet."""
    names = ("threshold", "threshold_health", "console", "console_health", "edge_health", "camera")
    ports = {name: free_port() for name in names}
    policy = tmp_path / "policy.toml"
    policy.write_text("[timing]\nblind_after_s = 4.0\n")
    camera = {"name": "c-1", "source": f"tcp://127.0.0.1:{ports['camera']}", "resident": "r-1", "room": "Room 1"}
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")},
        "ATTUNE_ASSET_MIRROR": str(asset_mirror),
        "ATTUNE_DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
        "ATTUNE_HISTORY_FOLDER": str(tmp_path / "history"),
        "ATTUNE_THRESHOLD_PORT": str(ports["threshold"]),
        "ATTUNE_THRESHOLD_HEALTH_PORT": str(ports["threshold_health"]),
        "ATTUNE_THRESHOLD_SNAPSHOT_S": "0.5",
        "ATTUNE_THRESHOLD_ASSESS": "",
        "ATTUNE_THRESHOLD_POLICY": str(policy),
        "ATTUNE_CONSOLE_PORT": str(ports["console"]),
        "ATTUNE_CONSOLE_SIGN_IN": "false",
        "ATTUNE_CONSOLE_HEALTH_PORT": str(ports["console_health"]),
        "ATTUNE_EDGE_SERVER": f"127.0.0.1:{ports['threshold']}",
        "ATTUNE_EDGE_HEALTH_PORT": str(ports["edge_health"]),
        "ATTUNE_EDGE_SPOOL": str(tmp_path / "spool.db"),
        "ATTUNE_EDGE_CAMERAS": json.dumps([camera]),
        "ATTUNE_EXIT_WITH_PARENT": "true",
    }
    rooms = ("threshold_service", "services.console", "edge_agent")
    processes = [subprocess.Popen([sys.executable, "-m", room], env=environment) for room in rooms]
    yield ports
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(30)


def eventually(holds: Callable[[], bool], what: str, limit_s: float = 240.0) -> None:
    end = time.monotonic() + limit_s
    while True:
        try:
            if holds():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end, what
        time.sleep(0.3)


def condition(ports: dict[str, int]) -> str:
    answer = httpx.get(f"http://127.0.0.1:{ports['console']}/api/v1/residents", trust_env=False)
    items = answer.raise_for_status().json()["items"]
    return str(items[0]["condition"]) if items else ""


def blind_metric(ports: dict[str, int]) -> bool:
    text = httpx.get(f"http://127.0.0.1:{ports['edge_health']}/metrics", trust_env=False).text
    return 'attune_edge_camera_blind{camera="c-1"} 1.0' in text


def serve_clip(port: int, clip: Path) -> None:
    """Send the clip again and again to whoever connects, over about ten seconds, as a camera would."""
    content = clip.read_bytes()
    step = len(content) // 100
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                for at in range(0, len(content), step):
                    connection.sendall(content[at : at + step])
                    time.sleep(0.1)


def test_it_turns_blind_on_the_page_and_in_the_metrics_and_sees_again(
    started: dict[str, int], asset_mirror: Path
) -> None:
    eventually(lambda: blind_metric(started), "the metric never said blind")
    eventually(lambda: condition(started) == "blind", "the page never said blind")
    page = httpx.get(f"http://127.0.0.1:{started['console']}/", trust_env=False).text
    assert "blind" in page.lower()
    clip = asset_mirror / "clips" / "intel" / "help.mkv"
    threading.Thread(target=serve_clip, args=(started["camera"], clip), daemon=True).start()
    eventually(lambda: condition(started) != "blind", "the camera came back and nobody saw it", 90.0)
