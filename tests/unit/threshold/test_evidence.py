"""Evidence of an event is asked for once, while it is fresh; of pictures nothing is kept, of poses all."""

import json
import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from services.ledger.events import EventRepository
from services.ledger.movements import MovementRepository
from services.ledger.tables import METADATA, audit
from services.vocabulary import BodyPose, Budget, Own, Picture, PictureReply, Policy, Tier, Timing
from tests.unit.ledger.nouns import event
from tests.unit.threshold.conftest import House
from threshold_service.evidence import FRESH_S, Asking, Wanted
from threshold_service.pictures import LIFE_S, MOST_BYTES, MOST_BYTES_OF_ONE, Pictures

pytestmark = pytest.mark.unit
JPEG = b"\xff\xd8" + b"secret pixels" * 50


BOTH, PICTURES, MOVEMENT, NOTHING = Wanted(True, True), Wanted(True, False), Wanted(False, True), Wanted(False, False)


def asking(house: House, tier: Tier = Tier.IMMEDIATE, age_s: float = 10.0, wanted: Wanted = BOTH) -> Asking:
    """A stream of an agent, one of whose residents had an event so long ago."""
    opened = event(tier=tier, at=house.clock.now() - age_s)
    with house.database.write() as connection:
        EventRepository(connection).record(opened)
    return Asking(house.database, house.clock, "agent-1", "UTC", Pictures(house.clock), wanted)


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
        assert (one.most, one.purpose) == (5, f"second opinion on an event of tier {tier.value}")
        assert (one.most_poses, one.pose_purpose) == (60, f"movement on the page of an alert of tier {tier.value}")


@pytest.mark.parametrize(("wanted", "asked"), [(PICTURES, (5, 0)), (MOVEMENT, (0, 60)), (NOTHING, None)])
def test_it_asks_for_nothing_that_nobody_wants(house: House, wanted: Wanted, asked: tuple[int, int] | None) -> None:
    questions = asking(house, wanted=wanted).questions(Policy())
    assert [(one.most, one.most_poses) for one in questions] == ([] if asked is None else [asked])
    for one in questions:
        assert (bool(one.purpose), bool(one.pose_purpose)) == (wanted.pictures, wanted.movement)


def pose(at: float) -> BodyPose:
    return BodyPose(at, "c-1", 4 / 3, ((0.25, 0.5),) * 17, (0.9,) * 17)


def test_it_keeps_how_a_body_moved_once_and_nothing_of_another_time(house: House) -> None:
    stream = asking(house, wanted=MOVEMENT)
    (question,) = stream.questions(Policy())
    inside = tuple(pose(question.from_time + 0.5 * k) for k in range(4))
    stray = (pose(question.from_time - 1.0), *inside, pose(question.to_time + 1.0))
    unasked = Picture(question.from_time, JPEG, "c-1", silhouette=True)
    stream.arrived(PictureReply(question.event, (unasked,), poses=stray, shared=3))
    stream.arrived(PictureReply(question.event, poses=inside[:1]))
    stream.arrived(PictureReply("nobody asked", poses=inside))
    with house.database.read() as connection:
        kept = MovementRepository(connection).of_event(question.event)
        assert MovementRepository(connection).of_event("nobody asked") is None
    assert kept is not None
    assert (kept.poses, kept.shared, kept.resident) == (inside, 3, question.resident)
    assert stream._pictures.of(question.event) == (), "pictures that nobody asked for are not handed on"


def test_it_keeps_that_several_people_were_in_view_all_the_time(house: House) -> None:
    stream = asking(house, wanted=MOVEMENT)
    (question,) = stream.questions(Policy())
    stream.arrived(PictureReply(question.event, shared=30, poses_refusal="several people were in view all the time"))
    with house.database.read() as connection:
        kept = MovementRepository(connection).of_event(question.event)
    assert kept is not None and (kept.poses, kept.shared) == ((), 30)


def test_it_keeps_no_poses_where_none_were_asked_for(house: House) -> None:
    stream = asking(house, wanted=PICTURES)
    (question,) = stream.questions(Policy())
    stream.arrived(PictureReply(question.event, poses=(pose(question.from_time),), shared=2))
    with house.database.read() as connection:
        assert MovementRepository(connection).of_event(question.event) is None


def test_it_writes_down_why_nobody_sees_how_the_body_moved(house: House) -> None:
    stream = asking(house, wanted=MOVEMENT)
    (question,) = stream.questions(Policy())
    stream.arrived(PictureReply(question.event, poses_refusal="these are private hours"))
    with house.database.read() as connection:
        (said,) = connection.scalars(select(audit.c.body).where(audit.c.kind == "evidence.refused"))
        assert MovementRepository(connection).of_event(question.event) is None
    assert json.loads(said)["poses_refusal"] == "these are private hours"


def test_it_looks_for_events_only_for_a_while_after_one_has_opened_or_changed(house: House) -> None:
    stream = asking(house, age_s=0.0)
    house.clock.advance(FRESH_S + 1.0)
    with house.database.write() as connection:
        EventRepository(connection).record(event(8, tier=Tier.IMMEDIATE, at=house.clock.now() - 10.0))
    assert stream.questions(Policy()) == []
    stream.stir()
    assert len(stream.questions(Policy())) == 1


def test_it_asks_nothing_of_private_hours(house: House) -> None:
    own = Own("r1", Budget(), Timing(), 0.5, ("scream",), private=("00:00-12:00", "12:00-00:00"))
    stream = asking(house)
    with house.database.read() as connection:
        (opened,) = EventRepository(connection).open_events("agent-1")
    assert not stream._pictures.answered(opened.id)
    assert stream.questions(Policy(residents=(own,))) == []
    assert stream._pictures.answered(opened.id), "nobody has to wait for them"


@pytest.mark.parametrize(("opened_after_s", "asked"), [(-6.0, 1), (-4.0, 0), (9.0, 0), (11.0, 1)])
def test_it_asks_for_no_second_of_private_hours(house: House, opened_after_s: float, asked: int) -> None:
    """One minute is private; an event opens so long after its beginning, or after its end."""
    begins = house.clock.now() + 3600.0 - house.clock.now() % 60.0
    ends = begins + 60.0
    house.clock.advance((begins if opened_after_s < 0 else ends) + opened_after_s + 6.0 - house.clock.now())
    hour, then = (time.strftime("%H:%M", time.gmtime(at)) for at in (begins, ends))
    own = Own("r1", Budget(), Timing(), 0.5, ("scream",), private=(f"{hour}-{then}",))
    stream = asking(house, age_s=6.0)
    assert len(stream.questions(Policy(residents=(own,)))) == asked


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
