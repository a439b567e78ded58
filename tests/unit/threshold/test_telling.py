"""An event is told once and ends once, whatever becomes of the spool, the policy and the residents meanwhile."""

from dataclasses import replace

import numpy as np
import pytest

from services.ledger.outbox import OutboxRepository
from services.ledger.statuses import StatusRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec
from services.runtime.batch import Batch
from services.vocabulary import Event, Mode, Policy, Reason, Resident, Tier
from tests.unit.threshold.conftest import OTHER_EPOCH, House, said, samples
from threshold_service.telling import news

pytestmark = pytest.mark.unit
CRY = (20, 21, 22)
OTHER_POLICY = Policy(name="other", cue_threshold=0.6)
DEAF_POLICY = Policy(name="deaf", cue_threshold=0.99)


def told(house: House) -> list[Event]:
    """Every message that other rooms were sent, in order."""
    with house.database.read() as connection:
        waiting = OutboxRepository(connection).unconsumed(EVENT_CHANGED, "nobody", 100, house.clock.now() + 1)
    return [codec.from_json(Event, message.body) for message in waiting]


def unseen(batch: Batch) -> Batch:
    return replace(batch, values=np.full_like(batch.values, np.nan))


def test_it_ends_an_event_whose_state_went_with_its_spool(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=CRY))
    house.restart()
    house.connect(said(epoch=OTHER_EPOCH))
    (event,) = house.events()
    assert (event.revision, event.ended_at) == (2, house.clock.now())
    assert [message.open for message in told(house)] == [True, False]


def test_it_waits_for_the_samples_of_an_event_before_it_ends_it(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=CRY))
    house.restart()
    run = house.connect()
    assert house.events()[0].open
    run.accept(samples(1, 15))
    assert house.events()[0].open
    run.accept(samples(16, 5, cry=CRY))
    run.accept(samples(21, 10, cry=CRY))
    assert house.events()[0].open and len(told(house)) == 1
    run.accept(samples(31, 90))
    assert not house.events()[0].open and house.conflicts() == 0


def test_it_ends_an_event_whose_samples_the_edge_had_to_drop(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=CRY))
    house.restart()
    run = house.connect()
    run.accept(samples(25, 10))
    assert [(event.revision, event.open) for event in house.events()] == [(2, False)]
    run.accept(samples(35, 10))
    assert len(told(house)) == 2


def test_it_keeps_an_event_that_is_durable_through_a_new_epoch(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 30, cry=CRY))
    run.snapshot()
    house.restart()
    run = house.connect(said(epoch=OTHER_EPOCH))
    assert house.events()[0].open
    run.accept(samples(31, 90))
    assert [(event.revision, event.open) for event in house.events()] == [(2, False)]


def test_it_ends_an_event_that_became_more_urgent_just_before_the_spool_went(house: House) -> None:
    run = house.connect()
    run.accept(unseen(samples(1, 35)))
    run.snapshot()
    run.accept(samples(36, 5, cry=(36, 37, 38)))
    (event,) = house.events()
    assert (event.revision, event.tier, event.reason) == (2, Tier.IMMEDIATE, Reason.CUE)
    house.restart()
    house.connect(said(epoch=OTHER_EPOCH)).accept(samples(41, 120))
    (event,) = house.events()
    assert (event.revision, event.open, event.tier) == (3, False, Tier.IMMEDIATE)
    assert house.conflicts() == 0


def test_it_takes_a_changed_policy_for_no_conflict(house: House) -> None:
    house.connect().accept(samples(1, 10))
    house.roster.disconnect(house.connect())
    house.connect().accept(samples(11, 20, cry=CRY))
    house.restart(OTHER_POLICY)
    run = house.connect()
    run.accept(samples(11, 20, cry=CRY))
    assert len(told(house)) == 1 and house.conflicts() == 0, "told already"
    run.snapshot()
    house.restart(OTHER_POLICY)
    house.connect().accept(samples(31, 90))
    assert [(event.revision, event.open) for event in told(house)] == [(1, True), (2, False)]
    assert house.conflicts() == 0


def test_it_takes_a_policy_that_changed_before_anything_was_durable_for_no_conflict(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=CRY))
    house.restart(OTHER_POLICY)
    house.connect().accept(samples(1, 30, cry=CRY))
    assert len(told(house)) == 1 and house.conflicts() == 0


def test_it_ends_an_event_that_the_changed_policy_does_not_find(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 10))
    run.snapshot()
    run.accept(samples(11, 20, cry=CRY))
    house.restart(DEAF_POLICY)
    house.connect().accept(samples(11, 20, cry=CRY))
    assert [event.open for event in told(house)] == [True, False]


def test_it_still_alarms_when_the_same_engine_tells_an_event_otherwise(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=CRY))
    house.restart()
    house.connect().accept(replace(samples(1, 30, cry=CRY), values=samples(2, 30).values))
    assert house.conflicts() == 1


def test_it_keeps_the_event_of_a_resident_whose_room_got_another_camera_and_a_new_label(house: House) -> None:
    run = house.connect(said(Resident("r-1", "Room 1")))
    run.accept(samples(1, 30, cry=CRY))
    house.roster.disconnect(run)
    new, same = Resident("r-0", "Room 0"), Resident("r-1", "Room 1", label="by the window")
    run = house.connect(said(new, same))
    assert run.durable == 30 and house.events()[0].open
    run.accept(samples(31, 90, seat=1))
    assert [(event.revision, event.open) for event in house.events()] == [(2, False)]


def test_it_goes_on_with_a_resident_whose_mode_changed_and_with_their_event(house: House) -> None:
    other = Resident("r-2", "Room 2")
    run = house.connect(said(Resident("r-1", "Room 1"), other))
    run.accept(samples(1, 300, cry=(290, 291, 292)))
    run.accept(samples(301, 300, seat=1))
    house.roster.disconnect(run)
    run = house.connect(said(Resident("r-1", "Room 1", mode=Mode.AFFECT, consent="paper 7"), other))
    assert [event.open for event in house.events()] == [True]
    run.snapshot()
    with house.database.read() as connection:
        learned = {now.resident.id: now.learned_share for now in StatusRepository(connection).all()}
    assert learned["r-1"] > 0.0 and learned["r-2"] > 0.0


def test_it_hears_of_a_known_event_only_what_is_news(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=CRY))
    (opened,) = house.events()
    known = replace(opened, revision=4, tier=Tier.URGENT)
    ended = replace(opened, revision=2, ended_at=opened.opened_at + 5, updated_at=opened.opened_at + 5)
    raised = news(known, replace(opened, revision=2))
    assert raised is not None and (raised.revision, raised.tier) == (5, Tier.IMMEDIATE)
    assert news(opened, opened) is None
    closed = news(replace(known, updated_at=opened.opened_at + 9), ended)
    assert closed is not None and (closed.revision, closed.ended_at, closed.tier) == (5, opened.opened_at + 9, 2)
    assert news(ended, replace(ended, revision=3)) is None
