"""Pictures of an event are asked for once, while they are fresh, and nothing of them is kept."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from services.ledger.events import EventRepository
from services.ledger.tables import METADATA, audit
from services.vocabulary import Budget, Own, Picture, PictureReply, Policy, Tier, Timing
from tests.unit.ledger.nouns import event
from tests.unit.threshold.conftest import House
from threshold_service.evidence import Asking
from threshold_service.pictures import LIFE_S, MOST_BYTES, MOST_BYTES_OF_ONE, Pictures

pytestmark = pytest.mark.unit
JPEG = b"\xff\xd8" + b"secret pixels" * 50


def asking(house: House, tier: Tier = Tier.IMMEDIATE, age_s: float = 10.0) -> Asking:
    """A stream of an agent, one of whose residents had an event so long ago."""
    opened = event(tier=tier, at=house.clock.now() - age_s)
    with house.database.write() as connection:
        EventRepository(connection).record(opened)
    return Asking(house.database, house.clock, "agent-1", "UTC", Pictures(house.clock))


@pytest.mark.parametrize(
    ("tier", "age_s", "asked"),
    [(Tier.IMMEDIATE, 10.0, 1), (Tier.URGENT, 10.0, 1), (Tier.MONITOR, 10.0, 0), (Tier.IMMEDIATE, 2.0, 0),
     (Tier.IMMEDIATE, 60.0, 0)],
)  # fmt: skip
def test_it_asks_once_for_what_is_serious_and_fresh(house: House, tier: Tier, age_s: float, asked: int) -> None:
    stream = asking(house, tier, age_s)
    questions = stream.questions(Policy())
    assert (len(questions), stream.questions(Policy())) == (asked, [])
    for one in questions:
        assert one.to_time - one.from_time == 15.0
        assert one.purpose == f"second opinion on an event of tier {tier.value}"


def test_it_asks_nothing_of_private_hours(house: House) -> None:
    own = Own("r1", Budget(), Timing(), 0.5, ("scream",), private=("00:00-12:00", "12:00-00:00"))
    stream = asking(house)
    with house.database.read() as connection:
        (opened,) = EventRepository(connection).open_events("agent-1")
    assert not stream._pictures.answered(opened.id)
    assert stream.questions(Policy(residents=(own,))) == []
    assert stream._pictures.answered(opened.id), "nobody has to wait for them"


def test_it_keeps_nothing_of_what_comes_but_that_it_came(house: House) -> None:
    stream = asking(house)
    (question,) = stream.questions(Policy())
    shown = Picture(question.from_time, JPEG, "c-1", silhouette=True)
    stream.arrived(PictureReply(question.event, (shown, replace(shown, silhouette=False))))
    stream.arrived(PictureReply("nobody asked", (shown,)))
    with house.database.read() as connection:
        (said,) = connection.scalars(select(audit.c.body).where(audit.c.kind == "evidence.arrived"))
        everything = [str(row) for table in METADATA.sorted_tables for row in connection.execute(select(table))]
    told = json.loads(said)
    assert (told["event"], told["pictures"], told["silhouettes"]) == (question.event, 2, 1)
    assert not any("secret pixels" in row for row in everything)


def test_it_hands_on_what_came_for_a_minute(house: House) -> None:
    stream = asking(house)
    (question,) = stream.questions(Policy())
    assert not stream._pictures.answered(question.event)
    shown = Picture(question.from_time, JPEG, "c-1", silhouette=True)
    stream.arrived(PictureReply("nobody asked", (shown,)))
    stream.arrived(PictureReply(question.event, (shown,)))
    assert (stream._pictures.of(question.event), stream._pictures.of("nobody asked")) == ((shown,), ())
    house.clock.advance(LIFE_S + 1)
    assert (stream._pictures.of(question.event), stream._pictures.answered(question.event)) == ((), False)


def test_it_holds_no_more_pictures_than_it_may(house: House) -> None:
    pictures, size = Pictures(house.clock), 500_000
    for number in range(100):
        one = tuple(Picture(float(place), bytes(size), "c-1", True) for place in range(20))
        pictures.put(f"e{number}", one)
    held = [pictures.of(f"e{number}") for number in range(100)]
    assert held[-1] and not held[0]
    assert held[-1][-1].time == 19.0, "of too many the latest stay"
    assert all(sum(len(one.jpeg) for one in kept) <= MOST_BYTES_OF_ONE for kept in held)
    assert sum(len(one.jpeg) for kept in held for one in kept) <= MOST_BYTES
    assert "jpeg" not in repr(held[-1])
