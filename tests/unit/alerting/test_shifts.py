"""A chain asks whoever is on shift; a gap in the roster falls to a person, and never to nobody."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.settings import AlertingSettings
from services.alerting.shift_watch import ShiftWatch
from services.runtime.settings import SettingError, load
from services.vocabulary import Tier
from tests.unit.alerting.line import SECRET, Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import event

pytestmark = pytest.mark.unit
VIENNA = ZoneInfo("Europe/Vienna")
ROSTER = """
time_zone = "Europe/Vienna"
[roles.caregiver]
gap_role = "shift lead"
gap_channels = ["lead"]
[[roles.caregiver.shifts]]
person = "Ana"
days = ["mon", "tue", "wed", "thu", "fri"]
hours = "06:30-14:30"
channels = ["ana"]
[[roles.caregiver.shifts]]
person = "Ben"
days = ["fri"]
hours = "21:30-06:30"
channels = ["ben", "ward"]
"""
NAMES = ("ana", "ben", "ward", "lead")
CHAIN = {
    "name": "ward",
    "steps": [
        {"role": "caregiver on duty", "roster": "caregiver", "answer_s": 60},
        {"role": "shift lead", "channels": ["lead"]},
    ],
}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).timestamp()


def told(file: Path, chain: dict[str, Any] = CHAIN, **facts: object) -> AlertingSettings:
    receivers = [receiver(name, "http://127.0.0.1:9/", **facts.get(name, {})) for name in NAMES]  # type: ignore[attr-defined]
    return AlertingSettings(receivers=tuple(receivers), chains=(chain,), shifts=file)  # type: ignore[arg-type]


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    (tmp_path / "shifts.toml").write_text(ROSTER)
    return tmp_path / "shifts.toml"


@pytest.mark.parametrize(
    ("when", "role", "people", "channels"),
    [
        ("2026-06-15T06:30", "caregiver", ("Ana",), ("ana",)),  # a Monday
        ("2026-06-15T06:29", "shift lead", (), ("lead",)),
        ("2026-06-15T14:30", "shift lead", (), ("lead",)),
        ("2026-06-19T23:00", "caregiver", ("Ben",), ("ben", "ward")),  # a Friday
        ("2026-06-20T06:29", "caregiver", ("Ben",), ("ben", "ward")),  # the Saturday into which it runs
        ("2026-06-20T23:00", "shift lead", (), ("lead",)),
        ("2026-06-19T03:00", "shift lead", (), ("lead",)),  # Friday's shift has not begun
        ("2026-10-25T02:30", "shift lead", (), ("lead",)),  # the hour that comes twice
    ],
)
def test_it_knows_who_has_the_shift(
    roster: Path, when: str, role: str, people: tuple[str, ...], channels: tuple[str, ...]
) -> None:
    there = told(roster).shift_roster.now("caregiver", at(when))
    assert (there.role, there.people, there.channels) == (role, people, channels)


@given(now=st.floats(1_700_000_000.0, 1_900_000_000.0))
def test_somebody_is_reached_at_every_second(now: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "always.toml"
    file.write_text(ROSTER)
    there = told(file).shift_roster.now("caregiver", now)
    assert there.channels and there.role


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('gap_role = "shift lead"', 'gap_role = "nobody"'), "may not fall to nobody"),
        (('gap_role = "shift lead"\n', ""), "gap_role"),
        (('gap_channels = ["lead"]', "gap_channels = []"), "gap_channels"),
        (('gap_channels = ["lead"]', 'gap_channels = ["lede"]'), r"receiver is named 'lede' \(known: ana"),
        (('channels = ["ana"]', 'channels = ["anna"]'), "no receiver is named 'anna'"),
        (('days = ["fri"]', 'days = ["Friday"]'), "days"),
        (('"21:30-06:30"', '"21.30"'), "expected hours such as"),
        (("[roles.caregiver]", "[roles.carer]"), None),
        (('"Europe/Vienna"', '"Vienna"'), "time_zone"),
        (('person = "Ana"', 'persn = "Ana"'), "persn"),
    ],
)  # fmt: skip
def test_it_refuses_a_roster_that_cannot_be_meant(roster: Path, change: tuple[str, str], expected: str | None) -> None:
    text = ROSTER.replace(*change)
    if expected is None:
        text = text.replace("roles.caregiver", "roles.carer")
        expected = r"chain 'ward' asks for 'caregiver', which there is not: expected one of carer"
    roster.write_text(text)
    with pytest.raises(ValueError, match=expected):
        told(roster)


def test_it_refuses_a_chain_that_would_end_in_a_shift_where_nobody_answers(roster: Path) -> None:
    last = {"name": "ward", "steps": [{"role": "caregiver", "roster": "caregiver"}]}
    assert told(roster, last).shift_roster.roles
    with pytest.raises(ValueError, match="ends in 'caregiver', reached by ana, where nobody answers at some hours"):
        told(roster, last, ana={"hours": ["07:00-19:00"]})


def test_it_refuses_chains_that_ask_for_a_roster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ALERTS_CHAINS", json.dumps([CHAIN]))
    one = {"name": "lead", "url": "http://127.0.0.1:9/", "secret": SECRET}
    monkeypatch.setenv("ATTUNE_ALERTS_RECEIVERS", json.dumps([one]))
    with pytest.raises(SettingError, match="chains ask for caregiver on shift: expected a roster"):
        load(AlertingSettings)
    both = {"name": "ward", "steps": [{"role": "carer", "roster": "caregiver", "channels": ["lead"]}]}
    monkeypatch.setenv("ATTUNE_ALERTS_CHAINS", json.dumps([both]))
    with pytest.raises(SettingError, match="expected one of them"):
        load(AlertingSettings)


def facility(
    line: Make, roster: Path, endpoint: Callable[..., Endpoint], when: str
) -> tuple[Line, dict[str, Endpoint]]:
    ends = {name: endpoint() for name in NAMES}
    made = line(*(receiver(name, end) for name, end in ends.items()), chains=[CHAIN], shifts=roster)
    made.clock.advance(at(when) - made.clock.now())
    return made, ends


def heard(ends: dict[str, Endpoint]) -> dict[str, int]:
    return {name: len(end.got) for name, end in ends.items() if end.got}


@pytest.mark.parametrize(
    ("when", "first"), [("2026-06-19T10:00", "ana"), ("2026-06-19T23:00", "ben"), ("2026-06-20T23:00", "lead")]
)
def test_an_alert_goes_to_whoever_is_on_shift_and_a_gap_to_the_lead(
    line: Make, roster: Path, endpoint: Callable[..., Endpoint], when: str, first: str
) -> None:
    made, ends = facility(line, roster, endpoint, when)
    made.tell(event(tier=Tier.IMMEDIATE, at=made.clock.now()))
    made.run()
    assert heard(ends) == {first: 1}
    (body,) = [json.loads(body) for _, body in ends[first].got]
    assert body["data"]["asked"]["role"] == ("shift lead" if first == "lead" else "caregiver on duty")


def test_who_comes_on_shift_meanwhile_is_asked_and_the_lead_after_them(
    line: Make, roster: Path, endpoint: Callable[..., Endpoint]
) -> None:
    made, ends = facility(line, roster, endpoint, "2026-06-19T14:29:30")
    made.tell(event(tier=Tier.IMMEDIATE, at=made.clock.now()))
    made.run(65.0)
    assert heard(ends) == {"ana": 1, "lead": 1}


def test_a_changed_file_is_followed_and_a_broken_one_changes_nothing(roster: Path) -> None:
    settings = told(roster)
    watch = ShiftWatch(lambda: settings.shift_roster)
    roster.write_text(ROSTER.replace('"Ana"', '"Cleo"'))
    watch.look()
    assert watch.roster().now("caregiver", at("2026-06-15T10:00")).people == ("Cleo",)
    roster.write_text(ROSTER.replace('gap_role = "shift lead"', 'gap_role = "nobody"'))
    watch.look()
    assert "may not fall to nobody" in watch.problem() and "stays in force" in watch.problem()
    assert watch.roster().now("caregiver", at("2026-06-15T10:00")).people == ("Cleo",)
    roster.write_text(ROSTER)
    watch.look()
    assert (watch.problem(), watch.roster().now("caregiver", at("2026-06-15T10:00")).people) == ("", ("Ana",))


def test_the_command_shows_who_is_reached(roster: Path, tmp_path: Path) -> None:
    receivers = [{"name": name, "url": "http://127.0.0.1:9/", "secret": SECRET} for name in NAMES]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")} | {
        "ATTUNE_ALERTS_RECEIVERS": json.dumps(receivers), "ATTUNE_ALERTS_CHAINS": json.dumps([CHAIN]),
        "ATTUNE_ALERTS_SHIFTS": str(roster), "ATTUNE_ALERTS_TIME_ZONE": "Europe/Vienna",
        "ATTUNE_DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}",
    }  # fmt: skip

    def asked(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "services.cli.main", "oncall", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    shown = asked("--at", "2026-06-19T23:00")
    assert shown.returncode == 0, shown.stderr
    assert "tier 1, ward, 1. caregiver on duty (Ben): ben, ward" in shown.stdout
    assert "tier 1, ward, 2. shift lead: lead" in shown.stdout
    gap = json.loads(asked("--at", "2026-06-20T23:00", "--json").stdout)
    assert gap[0] == {
        "tier": 1, "chain": "ward", "step": 1, "role": "shift lead", "people": [], "channels": ["lead"], "not_now": [],
    }  # fmt: skip
    wrong = asked("--at", "tonight")
    assert wrong.returncode == 2 and "expected a time such as" in wrong.stderr
