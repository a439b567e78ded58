"""Grouping, inhibition, silences and quiet hours: what is kept back, for how long, and that it is not lost."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.ledger import AgentRepository, Silence, SilenceRefused, SilenceRepository
from services.vocabulary import AlertStatus, Cue, CueName, Deviation, Event, Reason, Tier
from tests.unit.alerting.line import Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit
Endpoints = Callable[..., Endpoint]


def told(endpoint: Endpoint) -> list[tuple[str, str]]:
    bodies = [json.loads(body) for _, body in endpoint.got]
    return [(one["type"], one["data"]["resident"]) for one in bodies]


def of(resident: str, tier: Tier = Tier.URGENT, cue: CueName | None = None, **facts: object) -> Event:
    plain = event(resident=resident, tier=tier, **facts)
    cues = (Cue(cue, 0.9),) if cue else ()
    return replace(plain, evidence=replace(plain.evidence, cues=cues, place="room-12"))


def bed_left(resident: str, sequence: int = 8) -> Event:
    away = (Deviation("pose.out_of_bed", 1.0, 0.1, 0.1, 9.0, 0.9),)
    return of(resident, sequence=sequence, deviations=away)


def silenced(facility: Line, **facts: object) -> None:
    now = facility.clock.now()
    plain: dict[str, object] = {
        "id": "s1", "starts_at": now, "ends_at": now + 600, "by": "Ana", "reason": "family visit", "resident": "r1",
    }  # fmt: skip
    with facility.database.write() as connection:
        SilenceRepository(connection).record(Silence(**plain | facts))  # type: ignore[arg-type]


def test_it_holds_a_left_bed_back_while_a_fall_is_told_of_and_tells_it_after(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("ward", up), group_s=0)
    fall = of("r1", Tier.IMMEDIATE, CueName.FALL)
    facility.tell(fall)
    facility.run()
    facility.tell(bed_left("r1"))
    facility.run(60, pace=10)
    assert told(up) == [("alert.opened", "r1")]
    held = facility.alert(bed_left("r1"))
    assert held.status is AlertStatus.PENDING and "a fall is told of already" in held.held
    facility.acknowledge(fall)
    facility.tell(replace(fall, revision=2, updated_at=NOON + 70, ended_at=NOON + 70))
    facility.run(40, pace=10)
    assert told(up)[1:] == [("alert.opened", "r1")]


def test_it_tells_the_left_bed_when_nobody_could_be_told_of_the_fall(line: Make, endpoint: Endpoints) -> None:
    dead, up = endpoint(answer=500), endpoint()
    facility = line(receiver("pager", dead, frozenset({1})), receiver("ward", up, frozenset({2})), group_s=0)
    facility.tell(of("r1", Tier.IMMEDIATE, CueName.FALL))
    facility.run()
    facility.tell(bed_left("r1"))
    facility.run(21, pace=7)
    assert told(up) == [("alert.opened", "r1")]


@pytest.mark.parametrize(("cue", "count"), [(None, 0), (CueName.SCREAM, 1)])
def test_it_holds_back_what_a_blind_camera_showed_but_not_what_was_heard(
    line: Make, endpoint: Endpoints, cue: CueName | None, count: int
) -> None:
    up = endpoint()
    facility = line(receiver("ward", up))
    cameras = json.dumps([{"camera": "cam-12", "residents": ["r1"], "blind": True}])
    with facility.database.write() as connection:
        AgentRepository(connection).seen("agent-1", NOON, "attune", "0" * 32, cameras=cameras)
    facility.tell(of("r1", cue=cue))
    facility.run(30, pace=10)
    assert len(up.got) == count


def test_it_raises_a_technical_alert_for_a_blind_camera_to_those_who_repair_it(line: Make, endpoint: Endpoints) -> None:
    ward, workshop = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("workshop", workshop, frozenset({1}), technical=True))
    blind = of("r1", Tier.MONITOR, reason=Reason.BLIND)
    facility.tell(blind)
    facility.run(700, pace=100)
    facility.tell(replace(blind, revision=2, updated_at=NOON + 700, ended_at=NOON + 700))
    facility.run(1)
    assert (told(ward), [kind for kind, _ in told(workshop)]) == ([], ["alert.opened", "alert.resolved"])
    assert facility.alert(blind).technical


def test_it_is_quiet_during_a_silence_and_tells_what_still_goes_on_after_it(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("ward", up), group_s=0)
    silenced(facility)
    goes_on, ends, other = of("r1"), of("r1", sequence=9), of("r2", sequence=10)
    for one in (goes_on, ends, other):
        facility.tell(one)
    facility.run(60, pace=20)
    assert told(up) == [("alert.opened", "r2")]
    assert facility.alert(goes_on).held == "silenced by Ana: family visit"
    facility.acknowledge(other)
    facility.tell(replace(ends, revision=2, updated_at=NOON + 60, ended_at=NOON + 60))
    facility.run(600, pace=30)
    assert told(up)[1:] == [("alert.opened", "r1")]
    assert facility.alert(ends).status is AlertStatus.RESOLVED and facility.alert(ends).notified_at is None


@pytest.mark.parametrize(("second", "quiet"), [("", False), ("Ben", True)])
def test_it_is_quiet_about_a_tier_one_only_with_a_second_person(
    line: Make, endpoint: Endpoints, second: str, quiet: bool
) -> None:
    up = endpoint()
    facility = line(receiver("ward", up))
    silenced(facility, tier1=True, second=second)
    facility.tell(of("r1", Tier.IMMEDIATE))
    facility.run(20, pace=10)
    assert (up.got == []) is quiet


def test_it_tells_at_once_what_becomes_a_tier_one_during_a_silence(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("ward", up))
    silenced(facility)
    facility.tell(of("r1"))
    facility.run(60, pace=20)
    facility.tell(replace(of("r1"), revision=2, tier=Tier.IMMEDIATE, updated_at=NOON + 60))
    facility.run()
    assert told(up) == [("alert.opened", "r1")]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"reason": " "}, "no reason"), ({"ends_at": NOON}, "ends at"), ({"ends_at": NOON + 86_401}, "at most"),
        ({"tier1": True, "ends_at": NOON + 3601}, "at most"), ({"tier1": True, "second": "ana"}, "second person"),
        ({"room": "12"}, "exactly one"),
    ],
)  # fmt: skip
def test_it_refuses_a_silence_without_end_reason_subject_or_second_person(facts: dict[str, object], why: str) -> None:
    plain: dict[str, object] = {
        "id": "s", "starts_at": NOON, "ends_at": NOON + 60, "by": "Ana", "reason": "visit", "resident": "r1",
    }  # fmt: skip
    with pytest.raises(SilenceRefused, match=why):
        Silence(**plain | facts)  # type: ignore[arg-type]


def test_it_groups_a_second_tier_two_of_a_room_and_names_what_else_is_open(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("ward", up))
    facility.tell(of("r1"))
    facility.run(20, pace=10)
    facility.tell(of("r2", sequence=9, at=NOON + 15))
    facility.run(40, pace=10)
    assert told(up) == [("alert.opened", "r1")]
    facility.run(40, pace=10)
    assert told(up)[1:] == [("alert.opened", "r2")]
    others = json.loads(up.got[-1][1])["data"]["others"]
    assert [one["resident"] for one in others] == ["r1"]


def test_it_never_holds_a_tier_one_back_for_another_of_its_room(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("ward", up))
    facility.tell(of("r1", Tier.IMMEDIATE))
    facility.run()
    facility.tell(of("r2", Tier.IMMEDIATE, sequence=9))
    facility.run()
    assert [who for _, who in told(up)] == ["r1", "r2"]


def test_it_lets_who_sleeps_sleep_unless_nobody_else_would_hear(line: Make, endpoint: Endpoints) -> None:
    day, night = endpoint(), endpoint()
    asleep = receiver("day", day, quiet_hours=("00:00-23:59",))
    facility = line(asleep, receiver("night", night), group_s=0)
    facility.tell(of("r1"))
    facility.tell(of("r2", Tier.IMMEDIATE, sequence=9))
    facility.run(20, pace=10)
    assert sorted(who for _, who in told(night)) == ["r1", "r2"] and [who for _, who in told(day)] == ["r2"]
    alone = line(asleep, group_s=0)
    alone.tell(of("r3", sequence=10, at=facility.clock.now()))
    alone.run(21, pace=7)
    assert told(day)[-1] == ("alert.opened", "r3")
