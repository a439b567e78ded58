"""The ledger keeps events so that a replay adds nothing and a contradiction is noticed."""

from dataclasses import replace

import pytest

from services.ledger import Database, EventConflict, EventRepository, Recorded
from services.runtime.codec import to_json
from services.vocabulary import Event, PriorEpisodes, Tier
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit


def record(database: Database, *events: Event) -> list[Recorded]:
    with database.write() as connection:
        return [EventRepository(connection).record(one) for one in events]


def test_it_gives_back_the_latest_revision_with_every_number_and_nan(database: Database) -> None:
    later = event(revision=2, tier=Tier.IMMEDIATE)
    assert record(database, event(), later) == [Recorded.NEW, Recorded.CHANGED]
    with database.read() as connection:
        kept = EventRepository(connection).get(later.id)
    assert kept is not None and to_json(kept) == to_json(later)


def test_it_takes_a_replay_of_any_revision_as_the_same(database: Database) -> None:
    revisions = [event(), event(revision=2), event(revision=3, ended_at=NOON + 90)]
    record(database, *revisions)
    assert record(database, *revisions) == [Recorded.SAME] * 3
    with database.read() as connection:
        assert EventRepository(connection).get(revisions[0].id).revision == 3  # type: ignore[union-attr]


def test_it_passes_over_a_revision_that_a_later_one_has_already_replaced(database: Database) -> None:
    record(database, event(), event(revision=3))
    assert record(database, event(revision=2)) == [Recorded.SAME]


@pytest.mark.parametrize("facts", [{"score": 9.0}, {"opened_at": NOON + 1}, {"tier": Tier.MONITOR}])
def test_it_refuses_one_revision_told_in_two_ways(database: Database, facts: dict[str, object]) -> None:
    record(database, event(), event(revision=2))
    with pytest.raises(EventConflict, match="contradicts") as conflict:
        record(database, replace(event(), **facts))  # type: ignore[arg-type]
    assert conflict.value.event_id == event().id


def test_it_refuses_a_later_revision_with_other_opening_facts(database: Database) -> None:
    record(database, event())
    with pytest.raises(EventConflict, match="opened_at"):
        record(database, event(revision=2, at=NOON + 5, updated_at=NOON + 6))


def test_it_keeps_a_refused_event_for_people_to_look_at(database: Database) -> None:
    record(database, event())
    other = replace(event(), score=9.0)
    with database.write() as connection:
        events = EventRepository(connection)
        with pytest.raises(EventConflict) as conflict:
            events.record(other)
        assert [events.keep_conflict(conflict.value.event, NOON) for _ in range(2)] == [True, False]
    with database.read() as connection:
        assert EventRepository(connection).conflict_count == 1
        assert EventRepository(connection).get(other.id).score == 1.25  # type: ignore[union-attr]


def test_it_tells_which_events_of_an_agent_are_open(database: Database) -> None:
    ended = event(1, ended_at=NOON + 60)
    record(database, ended, event(3, at=NOON + 9), event(2))
    with database.read() as connection:
        events = EventRepository(connection)
        assert [one.position.sequence for one in events.open_events("agent-1")] == [2, 3]
        assert events.open_events("agent-2") == []


def test_it_counts_the_day_before_and_not_the_moment_itself(database: Database) -> None:
    ages = {1: (0.0, Tier.IMMEDIATE), 2: (10.0, Tier.URGENT), 3: (86400.0, Tier.MONITOR), 4: (86401.0, Tier.MONITOR)}
    record(database, *(event(n, at=NOON - age, tier=tier) for n, (age, tier) in ages.items()))
    record(database, event(5, resident="r2", at=NOON - 5))
    with database.read() as connection:
        assert EventRepository(connection).prior("r1", NOON) == PriorEpisodes(0, 1, 1)


def test_it_pages_from_new_to_old_without_losing_events_of_one_instant(database: Database) -> None:
    record(database, *(event(n, at=NOON + n // 3) for n in range(10)))
    seen: list[int] = []
    before = None
    with database.read() as connection:
        while page := EventRepository(connection).page(before, limit=2):
            seen += [one.position.sequence for one in page]
            before = page[-1].opened_at
    assert sorted(seen) == list(range(10)) and len(seen) == 10


def test_it_pages_one_resident_and_leaves_out_milder_tiers(database: Database) -> None:
    record(database, event(1), event(2, tier=Tier.MONITOR), event(3, resident="r2"))
    with database.read() as connection:
        page = EventRepository(connection).page(None, 10, resident="r1", max_tier=Tier.URGENT)
    assert [one.position.sequence for one in page] == [1]
