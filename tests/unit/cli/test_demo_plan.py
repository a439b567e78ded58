"""The demonstration stays in its own house: its own ledger, its own queue, its own secret."""

import json
from pathlib import Path

import pytest

from services.cli import demo_plan
from services.cli.demo_folder import write_secret
from services.cli.demo_report import _told_twice
from services.runtime.settings import SettingError

pytestmark = pytest.mark.unit
HOUSE = "postgresql+psycopg://nurse:hunter2@elsewhere/attune"


def plan(folder: Path) -> demo_plan.Plan:
    return demo_plan.Plan(folder, demo_plan.choose_ports(), demo_plan.simulated_resident(), "simulated", True)


def seen(folder: Path) -> dict[str, str]:
    return demo_plan.environment(plan(folder), demo_plan.stores())


def test_it_never_uses_the_stores_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text(HOUSE)
    monkeypatch.setenv("ATTUNE_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("ATTUNE_REDIS_URL", "redis://elsewhere/0")
    monkeypatch.setenv("ATTUNE_QUEUE_PREFIX", "attune:house:")
    monkeypatch.setenv("ATTUNE_ALERTS_RECEIVERS", "[]")
    monkeypatch.setenv("ATTUNE_ASSET_MIRROR", "models")
    told = seen(tmp_path)
    assert told["ATTUNE_DATABASE_URL"] == f"sqlite:///{(tmp_path / 'attune.db').resolve()}"
    assert told["ATTUNE_REDIS_URL"] == ""
    assert told["ATTUNE_QUEUE_PREFIX"].startswith("attune:demo:")
    assert told["ATTUNE_ASSET_MIRROR"] == "models"
    assert not {"ATTUNE_ALERTS_RECEIVERS", "ATTUNE_DATABASE_URL_FILE"} & set(told)
    assert not [value for value in told.values() if "elsewhere" in value]


def test_it_uses_the_stores_that_were_named_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", HOUSE)
    monkeypatch.setenv("ATTUNE_DEMO_DATABASE_URL", "postgresql+psycopg://test/demo")
    monkeypatch.setenv("ATTUNE_DEMO_REDIS_URL", "redis://test/9")
    told = seen(tmp_path)
    assert told["ATTUNE_DATABASE_URL"] == "postgresql+psycopg://test/demo"
    assert told["ATTUNE_REDIS_URL"] == "redis://test/9"
    assert not [key for key in told if key.startswith("ATTUNE_DEMO_")]


def test_it_keeps_two_demonstrations_on_one_redis_apart(tmp_path: Path) -> None:
    assert seen(tmp_path)["ATTUNE_QUEUE_PREFIX"] != seen(tmp_path)["ATTUNE_QUEUE_PREFIX"]


def test_it_refuses_a_misspelt_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DEMO_DATABASE_URI", "x")
    with pytest.raises(SettingError, match="ATTUNE_DEMO_DATABASE_URI = 'x': unknown setting"):
        demo_plan.stores()


def test_it_names_every_room_of_the_house(tmp_path: Path) -> None:
    assert {room.name for room in demo_plan.rooms(plan(tmp_path))} == set(demo_plan.ROOMS)


def test_it_tells_a_room_each_port_that_it_chose(tmp_path: Path) -> None:
    of = plan(tmp_path)
    told = " ".join(str([*room.arguments, *room.environment.values()]) for room in demo_plan.rooms(of))
    assert {name for name, port in of.ports.items() if str(port) not in told} == set()


def test_it_shows_the_signing_secret_to_nobody_else(tmp_path: Path) -> None:
    of = plan(tmp_path)
    write_secret(of.secret)
    secret = of.secret.read_text()
    assert secret.startswith("whsec_")
    assert of.secret.stat().st_mode & 0o077 == 0
    for room in demo_plan.rooms(of):
        assert secret not in " ".join(room.arguments) + json.dumps(dict(room.environment)), room.name


def line(message_type: str, alert: str, duplicate: bool = False) -> dict[str, object]:
    return {"verified": True, "type": message_type, "alert": alert, "duplicate": duplicate}


def test_it_finds_an_alert_that_was_told_twice() -> None:
    once = [line("alert.opened", "a"), line("alert.opened", "a", duplicate=True), line("alert.amended", "a")]
    assert _told_twice([*once, line("alert.opened", "b")]) == []
    assert _told_twice([*once, line("alert.opened", "a")]) == ["a"]
