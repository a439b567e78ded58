"""An agent tells by itself what its server did not take in time: once, to its own webhook, and reports it."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edge_agent.edge_time import EdgeTime
from edge_agent.own_alarm.alarms import ASIDE, OwnAlarms
from edge_agent.own_alarm.rule import CueRule
from edge_agent.own_alarm.settings import OwnAlarmSettings
from edge_agent.settings import EdgeSettings
from edge_agent.spool import Row, Spool
from edge_agent.standing import Standing
from services.runtime.clock import VirtualClock
from services.vocabulary import Cue, CueName, EdgeAlarm, Resident
from tests.unit.alerting.line import SECRET, Endpoint

pytestmark = pytest.mark.unit
SEAT = Resident("r-1", "Room 1")
QUIET: tuple[Cue, ...] = ()


def cue(name: CueName, probability: float = 0.9) -> tuple[Cue, ...]:
    return (Cue(name, probability),)


def alarms_of(seconds: dict[float, tuple[Cue, ...]], until: float, **settings: Any) -> list[tuple[float, str]]:
    """When and of what the rule raises an alarm, over seconds 1 to `until`, quiet where nothing is said."""
    rule = CueRule(OwnAlarmSettings(**settings))
    heard = [(float(t), rule.hear(0, float(t), seconds.get(float(t), QUIET))) for t in range(1, int(until) + 1)]
    return [(at, found.name.value) for at, found in heard if found is not None]


def test_it_takes_two_of_three_seconds_as_the_server_does() -> None:
    scream = cue(CueName.SCREAM)
    assert alarms_of({3.0: scream}, 20) == []
    assert alarms_of({3.0: scream, 6.0: scream}, 20) == []
    assert alarms_of({3.0: scream, 5.0: scream}, 20) == [(5.0, "scream")]
    assert alarms_of({3.0: scream, 4.0: cue(CueName.SCREAM, 0.49)}, 20) == []
    assert alarms_of({3.0: cue(CueName.LAUGHTER), 4.0: cue(CueName.LAUGHTER)}, 20) == []


def test_it_tells_one_crying_once_however_it_swells_and_a_fall_in_between() -> None:
    crying = {float(t): cue(CueName.CRY if t % 2 else CueName.SCREAM, 0.4 if t % 5 else 0.8) for t in range(10, 200)}
    crying |= {10.0: cue(CueName.CRY), 11.0: cue(CueName.CRY)}
    falling = {50.0: cue(CueName.FALL_NOISE), 51.0: cue(CueName.FALL_NOISE)}
    assert alarms_of(crying | falling, 300) == [(11.0, "cry"), (51.0, "fall_noise")]


def test_it_tells_a_fall_once_that_is_heard_and_then_seen() -> None:
    lying = {float(t): cue(CueName.FALL) for t in range(6, 30)}
    assert alarms_of({5.0: cue(CueName.FALL_NOISE), **lying}, 60) == [(6.0, "fall_noise")]


def test_it_rests_for_the_cooldown_after_the_sound_is_over_and_then_tells_again() -> None:
    scream, rests = cue(CueName.SCREAM), {"quiet_s": 10.0, "cooldown_s": 30.0}
    first = {10.0: scream, 11.0: scream}
    assert alarms_of(first | {45.0: scream, 46.0: scream}, 60, **rests) == [(11.0, "scream")]
    assert alarms_of(first | {52.0: scream, 53.0: scream}, 60, **rests) == [(11.0, "scream"), (53.0, "scream")]


@dataclass
class Way:
    """The way to a server, as a test wants it."""

    silent_s: float = 0.0
    durable: int = 0
    sent: int = 0

    def standing(self, epoch: str, sequence: int) -> Standing:
        if sequence <= self.durable:
            return Standing.DURABLE
        return Standing.SENT if sequence <= self.sent else Standing.WAITING


@dataclass
class Room:
    """One agent's own alarms on a clock that stands still."""

    folder: Path
    url: str
    networks: tuple[str, ...] = ("127.0.0.0/8",)
    clock: VirtualClock = field(default_factory=VirtualClock)
    way: Way = field(default_factory=Way)

    def __post_init__(self) -> None:
        webhook = {"name": "nurse-call", "url": self.url, "secret": SECRET}
        self.settings = OwnAlarmSettings(webhook=webhook, allowed_networks=self.networks, timeout_s=2.0)  # type: ignore[arg-type]
        self.start()

    def start(self) -> None:
        self.spool = Spool(self.folder / "spool.db", ballast_bytes=0)
        self.when = EdgeTime(self.clock, self.spool, lambda: "boot")
        self.own = OwnAlarms(self.settings, "edge-1", self.spool, self.clock, self.when)
        self.own.remember((SEAT,))

    def hear(self, *names: CueName) -> None:
        for name in names:
            self.sense(cue(name))

    def sense(self, cues: tuple[Cue, ...]) -> None:
        self.clock.advance(1.0)
        sequence = self.spool.append([Row(0, self.when.now(), np.zeros(1, np.float32), cues=cues)])
        self.own.hear(0, SEAT, sequence, self.when.now(), cues)

    async def go_on(self, seconds: float = 0.0) -> None:
        for _ in range(int(seconds) + 1):
            self.own.step(self.way)
            await self.own._under_way()
            self.clock.advance(1.0 if seconds else 0.0)

    async def report(self, first: bool = True) -> list[EdgeAlarm]:
        found = await self.own.ready(first, self.way.silent_s)
        assert found is not None
        return found


@pytest.fixture
def nurse() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture
def room(tmp_path: Path, nurse: Endpoint) -> Room:
    return Room(tmp_path, nurse.url)


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def test_it_says_nothing_of_what_the_server_made_durable_in_time(room: Room, nurse: Endpoint) -> None:
    async def story() -> None:
        room.hear(CueName.SCREAM, CueName.SCREAM)
        await room.go_on(20)
        room.way.durable = 2
        await room.go_on()
        room.way.silent_s = 1000.0
        await room.go_on(60)
        assert await room.report() == []

    run(story)
    assert nurse.got == []


def test_it_says_of_a_fall_that_it_may_be_of_somebody_else_in_the_picture(room: Room, nurse: Endpoint) -> None:
    async def story() -> None:
        for _ in range(2):
            room.sense((Cue(CueName.FALL, 0.95, uncertainty=1.0),))
        await room.go_on(60)
        (told,) = nurse.got
        assert json.loads(told[1])["data"]["headline"] == "A fall was seen (not clear whose)."

    run(story)


def test_it_tells_of_a_scream_that_nobody_took_in_time_and_reports_until_that_is_kept(
    room: Room, nurse: Endpoint
) -> None:
    async def story() -> None:
        room.hear(CueName.SCREAM, CueName.SCREAM, CueName.SCREAM)
        await room.go_on(20)
        assert nurse.got == []
        await room.go_on(20)
        (told,) = nurse.got
        data = json.loads(told[1])["data"]
        assert (data["headline"], data["room"], data["told_by"]) == ("A scream was heard.", "Room 1", "edge-1")
        room.start()
        room.hear(CueName.SCREAM, CueName.SCREAM)
        await room.go_on(60)
        assert len(nurse.got) == 1, "an agent that was started again remembers what it told"
        (alarm,) = await room.report()
        assert (alarm.receiver, alarm.position.sequence) == ("nurse-call", 2)
        assert alarm.told_at is not None
        assert await room.report(first=False) == []
        assert [one.id for one in await room.report()] == [alarm.id], "a new stream is told anew"
        room.own.kept([alarm.id])
        assert await room.report() == []

    run(story)


def test_it_puts_aside_what_the_server_refuses_and_reports_it_no_more(room: Room, nurse: Endpoint) -> None:
    async def story() -> None:
        room.way.silent_s = 100.0
        room.hear(CueName.SCREAM, CueName.SCREAM)
        await room.go_on(2)
        room.way.silent_s = 0.0
        (alarm,) = await room.report()
        room.own.refused([alarm.id, "of somebody else"], "edge alarm of 'scream': expected one of tomorrow's")
        assert await room.report() == []
        room.start()
        assert await room.report() == [], "nor after a restart"
        (aside,) = json.loads(room.spool.fact(ASIDE) or "[]")
        assert json.loads(aside["alarm"])["id"] == alarm.id
        assert aside["reason"] == "edge alarm of 'scream': expected one of tomorrow's"

    run(story)
    assert len(nurse.got) == 1


def test_it_waits_for_a_server_that_speaks_and_has_the_sample(room: Room, nurse: Endpoint) -> None:
    async def story() -> None:
        room.hear(CueName.GLASS, CueName.GLASS)
        room.way.sent = 2
        await room.go_on(100)
        assert nurse.got == []
        room.way.silent_s = 31.0
        await room.go_on()
        assert len(nurse.got) == 1

    run(story)


def test_it_tries_again_while_the_server_is_away_and_leaves_the_rest_to_one_that_is_back(
    room: Room, nurse: Endpoint
) -> None:
    async def story() -> None:
        nurse.answer = 503
        room.way.silent_s = 100.0
        room.hear(CueName.SCREAM, CueName.SCREAM)
        await room.go_on(30)
        tries = len(nurse.got)
        assert 3 <= tries <= 5
        assert len({headers["webhook-id"] for headers, _ in nurse.got}) == 1
        assert await room.own.ready(True, room.way.silent_s) is None, "a mute server is given nothing meanwhile"
        room.way.silent_s = 0.0
        (alarm,) = await room.report()
        assert (alarm.told_at, alarm.attempts, alarm.detail) == (None, tries, "answered 503")
        await room.go_on(60)
        assert len(nurse.got) == tries

    run(story)


def test_it_sends_nothing_outside_the_allowed_networks(tmp_path: Path, nurse: Endpoint) -> None:
    async def story() -> None:
        room = Room(tmp_path, nurse.url, networks=("10.0.0.0/8",))
        room.way.silent_s = 100.0
        room.hear(CueName.SCREAM, CueName.SCREAM)
        await room.go_on(5)
        room.way.silent_s = 0.0
        (alarm,) = await room.report()
        assert alarm.told_at is None
        assert "ATTUNE_EDGE_OWN_ALARM: allowed_networks" in alarm.detail

    run(story)
    assert nurse.got == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"cues": {"sneeze": 0.5}}, "sneeze|scream"),
        ({"cues": {"scream": 1.5}}, "less than or equal to 1"),
        ({"webhook": {"name": "n", "url": "ftp://x", "secret": SECRET}}, "http"),
        ({"webhook": {"name": "n", "url": "http://127.0.0.1/"}}, "exactly one of secret and secret_file"),
        ({"after": 3}, "not permitted"),
    ],
)
def test_it_refuses_what_cannot_be_meant(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        EdgeSettings(own_alarm=wrong)  # type: ignore[arg-type]
