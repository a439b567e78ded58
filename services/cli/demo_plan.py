"""The demonstration's facility: which rooms there are, who is in them, and what each process is told."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import SettingsConfigDict

from services.cli.processes import Room
from services.runtime.ports import free_port
from services.runtime.settings import RoomSettings, load

CLIP = "demo_open_56s.mp4"
RESIDENT = "room-12"
ROOMS = ("console", "threshold", "vlm", "edge", "edge_simulated", "alerts", "receiver")


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of the demonstration: its folder, its ports, its cameras and whether real senses see real pictures."""

    folder: Path
    ports: Mapping[str, int]
    cameras: tuple[dict[str, Any], ...]
    mode: str
    """`clip`, `camera` (the user's own) or `simulated` (no picture or no model to look at it with)."""
    headless: bool

    @property
    def page(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self.ports['console']}"

    @property
    def received(self) -> Path:
        """What the webhook receiver wrote down, as JSON lines."""
        return self.folder / "received.jsonl"

    @property
    def secret(self) -> Path:
        """The file with this run's signing secret."""
        return self.folder / "webhook.secret"


class DemoSettings(RoomSettings):
    """Where a demonstration keeps its ledger and its queue; environment variables begin with `ATTUNE_DEMO_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_DEMO_")

    database_url: str = ""
    """A database for the demonstration alone; empty: a SQLite file in its folder."""
    redis_url: str = ""
    """Empty: the queue lives in the database."""


def stores() -> DemoSettings:
    """What this shell says about the demonstration's database and Redis.

    Raises:
        SettingError: an unknown or wrong setting.
    """
    return load(DemoSettings)


def choose_ports() -> dict[str, int]:
    """The usual ports where they are free, others where not."""
    usual = {"console": 7080, "threshold": 7081, "vlm": 7082, "adapters": 7083, "receiver": 7085, "edge_health": 7090,
             "threshold_health": 7091, "vlm_health": 7092, "alerts_health": 7093, "console_health": 7094,
             "simulated_health": 7095}  # fmt: skip
    return {name: free_port(port) for name, port in usual.items()}


def clip_cameras(clip: Path, headless: bool) -> tuple[dict[str, Any], ...]:
    """The three people of the shipped clip, each a resident of their own; seconds 14 to 42 are the demo's resident. The
    page may show how they moved, never a picture."""
    cameras = (
        _camera(RESIDENT, str(clip), 14, 42, learn=(15, 24), affect=True, label="Mr Vogel", loop=not headless),
        _camera("room-11", str(clip), 0, 14, learn=(1, 13), label="Mr Brandt", loop=not headless),
        _camera("room-14", str(clip), 42, 56, learn=(43, 55), label="Mrs Aydin", loop=not headless),
    )
    return tuple({**camera, "evidence": "silhouette"} for camera in cameras)


def own_camera(source: str) -> tuple[dict[str, Any], ...]:
    """The user's own camera or file: nobody has consented to anything, so it is watched in observables."""
    learn = (0.0, 10.0) if Path(source).is_file() else None
    return (_camera("room-1", source, 0, None, learn=learn, label="Your camera"),)


def simulated_resident() -> tuple[dict[str, Any], ...]:
    """The demo's resident where nothing can be seen: simulated scores with a scripted episode."""
    camera = _camera(RESIDENT, "simulated", 0, 60, learn=(0, 1), label="Mr Vogel (simulated)", affect=True)
    return ({**camera, "episode_after_s": 10.0, "seed": 12},)


def neighbours() -> tuple[dict[str, Any], ...]:
    """Simulated residents, so that the page looks like a facility."""
    people = ("Mrs Lindner", "Mr Okafor", "Mrs Marek", "Ms Sato", "Mr Haas")
    return tuple(
        {**_camera(f"room-{21 + i}", "simulated", 0, None, learn=(0, 1), label=f"{name} (simulated)"), "seed": 100 + i}
        for i, name in enumerate(people)
    )


def _camera(
    resident: str,
    source: str,
    start_s: float,
    end_s: float | None,
    learn: tuple[float, float] | None,
    label: str,
    affect: bool = False,
    loop: bool = False,
) -> dict[str, Any]:
    camera: dict[str, Any] = {
        "name": resident, "source": source, "resident": resident, "room": resident.replace("room-", "Room "),
        "label": label, "start_s": start_s, "end_s": end_s, "loop": loop,
        "mode": "affect" if affect else "observables", "consent": "demo-consent" if affect else "",
    }  # fmt: skip
    if learn is not None:
        camera["rehearsal"] = {"hours": 24.0 if source != "simulated" or affect else 6.0, "learn_from_s": learn}
    return camera


def rooms(plan: Plan) -> list[Room]:
    """Every process of the demonstration, in starting order."""
    port, log = plan.ports, plan.folder / "logs"
    edge = {
        "ATTUNE_EDGE_SERVER": f"127.0.0.1:{port['threshold']}",
        "ATTUNE_EDGE_WAIT_FOR_DRAIN": "true",
    }
    receivers = [
        {"name": "demo-receiver", "url": f"http://127.0.0.1:{port['receiver']}/hook", "secret_file": str(plan.secret)}
    ]
    return [
        Room("receiver", "services.alerting.receiver", log / "receiver.log",
             ("--port", str(port["receiver"]), "--secret-file", str(plan.secret), "--log", str(plan.received))),
        Room("vlm", "vlm_service", log / "vlm.log", environment={
            "ATTUNE_VLM_PORT": str(port["vlm"]), "ATTUNE_VLM_HEALTH_PORT": str(port["vlm_health"]),
            "ATTUNE_VLM_ADAPTERS_PORT": str(port["adapters"]),
            "ATTUNE_VLM_ADAPTERS_FOLDER": str((plan.folder / "adapters").resolve())}),
        Room("threshold", "threshold_service", log / "threshold.log", environment={
            "ATTUNE_THRESHOLD_PORT": str(port["threshold"]),
            "ATTUNE_THRESHOLD_HEALTH_PORT": str(port["threshold_health"]),
            "ATTUNE_THRESHOLD_ASSESS": f"127.0.0.1:{port['vlm']}"}),
        Room("alerts", "services.alerting", log / "alerts.log", environment={
            "ATTUNE_ALERTS_HEALTH_PORT": str(port["alerts_health"]),
            "ATTUNE_ALERTS_PAGE_URL": plan.page,
            "ATTUNE_ALERTS_RECEIVERS": json.dumps(receivers)}),
        Room("console", "services.console", log / "console.log", environment={
            "ATTUNE_CONSOLE_SIGN_IN": "false",
            "ATTUNE_CONSOLE_PORT": str(port["console"]), "ATTUNE_CONSOLE_HEALTH_PORT": str(port["console_health"])}),
        Room("edge_simulated", "edge_agent", log / "edge_simulated.log", environment={
            **edge, "ATTUNE_EDGE_AGENT": "edge-simulated", "ATTUNE_EDGE_SPOOL": str(plan.folder / "simulated.db"),
            "ATTUNE_EDGE_CAMERAS": json.dumps(neighbours()),
            "ATTUNE_EDGE_HEALTH_PORT": str(port["simulated_health"])}),
        Room("edge", "edge_agent", log / "edge.log", ends_by_itself=True, environment={
            **edge, "ATTUNE_EDGE_AGENT": "edge-demo", "ATTUNE_EDGE_SPOOL": str(plan.folder / "spool.db"),
            "ATTUNE_EDGE_CAMERAS": json.dumps(plan.cameras),
            "ATTUNE_EDGE_END_WITH_SOURCES": str(plan.headless).lower(),
            "ATTUNE_EDGE_HEALTH_PORT": str(port["edge_health"])}),
    ]  # fmt: skip


def environment(plan: Plan, stores: DemoSettings) -> dict[str, str]:
    """What every process of the run sees: of this shell's Attune settings, those about assets alone.

    An operator's shell names the installation's ledger: residents of a demonstration must never get there.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    assets = {key: value for key, value in os.environ.items() if key.startswith("ATTUNE_ASSET_")}
    return {
        **kept,
        **assets,
        "ATTUNE_DATABASE_URL": stores.database_url or f"sqlite:///{(plan.folder / 'attune.db').resolve()}",
        "ATTUNE_REDIS_URL": stores.redis_url,
        "ATTUNE_QUEUE_PREFIX": f"attune:demo:{secrets.token_hex(4)}:",
        "ATTUNE_LOG_FORMAT": "json",
        "ATTUNE_HISTORY_FOLDER": str((plan.folder / "history").resolve()),
        "PYTHONUNBUFFERED": "1",
    }
