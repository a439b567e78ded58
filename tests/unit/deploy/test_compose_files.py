"""What the compose file hands to the processes is what they know how to read."""

import json
import os
import re
import subprocess
import sys
import tomllib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_agent.metrics import DRIFT
from edge_agent.settings import EdgeSettings
from services.alerting.settings import AlertingSettings
from services.console.settings import ConsoleSettings
from services.runtime.assets import Shelf, Use
from services.runtime.settings import HealthSettings, RoomSettings, environment_names, load
from services.vocabulary.drift import LIMIT
from threshold_service.settings import ThresholdSettings
from vlm_service.bundle import trusted_keys
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.unit
DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())
ROOMS: dict[str, type[RoomSettings]] = {
    "edge": EdgeSettings, "edge-gpu": EdgeSettings, "threshold": ThresholdSettings, "vlm": VlmSettings,
    "vlm-gpu": VlmSettings, "alerts": AlertingSettings, "console": ConsoleSettings,
}  # fmt: skip


@pytest.mark.parametrize("service", ROOMS)
def test_it_sets_only_what_the_process_knows(service: str) -> None:
    known = set(environment_names(ROOMS[service]).values())
    for name in COMPOSE["services"][service]["environment"]:
        assert name.removesuffix("_FILE") in known or name.startswith("ATTUNE_ASSET_"), f"{service}: {name}"


@pytest.mark.parametrize("file", ["compose/edge.toml", "smoke/edge.toml"])
def test_it_ships_cameras_that_the_edge_accepts(file: str) -> None:
    assert EdgeSettings(**tomllib.loads((DEPLOY / file).read_text())).cameras


def test_it_ships_an_alerting_file_whose_example_is_accepted() -> None:
    lines = (DEPLOY / "compose" / "alerts.toml").read_text().splitlines()
    example = "\n".join(line.removeprefix("# ") for line in lines[2:] if line != "#")
    settings = tomllib.loads(example.replace("whsec_...", f"whsec_{b64encode(bytes(32)).decode()}"))
    told = AlertingSettings(**settings)
    assert [receiver.name for receiver in told.receivers] == ["nurse-call", "lead-phone"]
    assert told.chains[0].steps[-1].role == "shift lead"


def test_it_ships_a_file_for_the_second_opinion_whose_example_is_accepted() -> None:
    lines = (DEPLOY / "compose" / "vlm.toml").read_text().splitlines()
    settings = VlmSettings(**tomllib.loads("\n".join(line.removeprefix("# ") for line in lines[2:] if line != "#")))
    assert settings.facility.name == "Haus Linde"
    assert settings.residents == {"room-12": "non-verbal, rocks when content"}


def test_it_asks_prometheus_for_metrics_that_exist() -> None:
    """Every attune_ name in the rules and on the dashboard is one that a room declares."""
    declared = {
        name
        for room in ("edge_agent", "threshold_service", "vlm_service", "services")
        for file in (DEPLOY.parent / room).rglob("*.py")
        for name in re.findall(r"\"(attune_[a-z0-9_]+)\"", file.read_text())
    }
    asked = "".join(
        file.read_text()
        for file in (DEPLOY / "prometheus" / "rules.yml", DEPLOY / "grafana" / "dashboards" / "house.json")
    )
    for name in set(re.findall(r"attune_[a-z0-9_]+", asked)):
        assert {name, name.removesuffix("_total"), name.removesuffix("_bucket")} & declared, name


def test_it_warns_of_a_clock_that_drifts_from_where_the_camera_itself_says_so_and_draws_it() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())["groups"]
    [rule] = [rule for group in groups for rule in group["rules"] if rule["alert"] == "CameraClockDrifts"]
    assert rule["expr"] == f"abs({DRIFT._name}) > {LIMIT}"
    panels = json.loads((DEPLOY / "grafana" / "dashboards" / "house.json").read_text())["panels"]
    asked = [(target["expr"], target["legendFormat"]) for panel in panels for target in panel["targets"]]
    assert (f"3600 * {DRIFT._name}", "{{camera}}") in asked


def test_every_panel_of_the_dashboard_has_a_number_and_a_place_of_its_own() -> None:
    panels = json.loads((DEPLOY / "grafana" / "dashboards" / "house.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


def test_it_publishes_on_loopback_only() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("service", ROOMS)
def test_it_hands_over_what_the_process_accepts(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ATTUNE_")]:
        monkeypatch.delenv(name)
    for name, value in COMPOSE["services"][service]["environment"].items():
        (tmp_path / name).write_text(f"{name} of this installation")
        plain = str(value).replace("/etc/attune/trust", str(DEPLOY / "compose" / "trust"))
        monkeypatch.setenv(name, str(tmp_path / name) if name.endswith("_FILE") else _where_unset(plain))
    settings = load(ROOMS[service])
    assert isinstance(settings, HealthSettings)
    assert settings.health_host == "0.0.0.0"


@pytest.mark.parametrize("service", ["vlm", "vlm-gpu"])
def test_it_takes_only_what_a_key_in_the_folder_of_trust_signed_once_there_is_one(service: str) -> None:
    told = COMPOSE["services"][service]
    [mount] = [one for one in told["volumes"] if isinstance(one, dict)]
    assert mount["target"] == told["environment"]["ATTUNE_VLM_ADAPTERS_TRUST"]
    assert mount["read_only"] and mount["bind"] == {"create_host_path": False}, "a path that is not there is told"
    shipped = DEPLOY.parent / _where_unset(mount["source"])
    assert trusted_keys(shipped) == {}, "nobody's key is shipped"
    assert "adapters.pub" in (shipped / "README.md").read_text()
    assert told["environment"]["ATTUNE_VLM_BASE_WEIGHTS"] == "${ATTUNE_VLM_BASE_WEIGHTS:-}"


def _where_unset(value: str) -> str:
    """What compose makes of `${NAME:-default}` where nobody sets NAME."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)


@pytest.mark.parametrize("service", ROOMS)
def test_it_says_why_health_may_be_answered_beyond_loopback(service: str) -> None:
    environment = COMPOSE["services"][service]["environment"]
    if any(name.endswith("_HEALTH_HOST") for name in environment):
        assert environment["ATTUNE_HEALTH_BOUNDARY"] == "container"
        port = ROOMS[service].model_fields["health_port"].default
        assert not [line for line in COMPOSE["services"][service].get("ports", []) if line.endswith(f":{port}")]


def test_it_keeps_vllm_unpublished() -> None:
    assert "ports" not in COMPOSE["services"]["vllm"]


def test_it_makes_the_keys_once(tmp_path: Path) -> None:
    for _ in range(2):
        before = {path.name: path.read_text() for path in tmp_path.iterdir()}
        subprocess.run([sys.executable, DEPLOY / "compose" / "keys.py", tmp_path], check=True)
        after = {path.name: path.read_text() for path in tmp_path.iterdir()}
        assert set(after) == {"token", "postgres", "grafana", "database_url", "push", "promote"}
        assert not before or before == after
    assert after["postgres"] in after["database_url"]
    assert len(set(after.values())) == 6


def test_it_leaves_one_package_out_of_a_lock() -> None:
    lock = (DEPLOY.parent / "requirements" / "edge.txt").read_text()
    done = subprocess.run([sys.executable, DEPLOY / "images" / "without.py", "onnxruntime"], input=lock,
                          capture_output=True, text=True, check=True)  # fmt: skip
    packages = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    left = {line.split("==")[0] for line in done.stdout.splitlines() if "==" in line}
    assert packages - left == {"onnxruntime"}
    assert "hash" in done.stdout


def test_it_names_every_package_and_default_asset_among_what_others_made() -> None:
    named = {
        line.split("|")[1].strip()
        for line in (DEPLOY.parent / "THIRD_PARTY.md").read_text().splitlines()
        if "|" in line
    }
    for image in ("edge", "edge-gpu", "threshold", "vlm", "alerts"):
        lock = (DEPLOY.parent / "requirements" / f"{image}.txt").read_text()
        packages = {line.split("==")[0].partition("[")[0] for line in lock.splitlines() if not line.startswith(" ")}
        assert not packages - named
    assert {asset.name for asset in Shelf.open().assets.values() if asset.use is not Use.TESTS} <= named
