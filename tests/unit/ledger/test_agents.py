"""One agent is written for by one process, and one resident watched by one agent."""

import threading
import uuid

import pytest

from services.ledger import (
    AgentRepository,
    Database,
    EventRepository,
    LeaseLost,
    LeaseRepository,
    RosterRepository,
    SeatTaken,
    SnapshotRepository,
    StatusRepository,
)
from services.vocabulary import Condition, Resident, ResidentNow
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit


def acquire(database: Database, holder: str, now: float, ttl_s: float = 10.0, agent: str = "a") -> int | None:
    with database.write() as connection:
        return LeaseRepository(connection).acquire(agent, holder, ttl_s, now)


def test_it_gives_an_agent_to_one_holder_until_the_lease_runs_out(database: Database) -> None:
    assert acquire(database, "first", 0.0) == 1
    assert acquire(database, "second", 9.9) is None
    assert acquire(database, "first", 9.9) == 1
    assert acquire(database, "second", 15.0) is None
    assert acquire(database, "second", 20.0) == 2
    assert acquire(database, "first", 21.0) is None
    assert acquire(database, "first", 40.0) == 3


def test_it_gives_a_released_agent_away_at_once_and_only_to_the_holder_s_word(database: Database) -> None:
    acquire(database, "first", 0.0)
    with database.write() as connection:
        LeaseRepository(connection).release("a", "second")
    assert acquire(database, "second", 1.0) is None
    with database.write() as connection:
        LeaseRepository(connection).release("a", "first")
    assert acquire(database, "second", 1.0) == 2


def test_it_refuses_the_write_of_an_old_holder_in_its_transaction(database: Database) -> None:
    old = acquire(database, "first", 0.0)
    new = acquire(database, "second", 11.0)
    assert old is not None and new is not None
    with pytest.raises(LeaseLost, match="fence 1 is lost"), database.write() as connection:
        EventRepository(connection).record(event())
        SnapshotRepository(connection).save("a", "e", 7, b"state", NOON)
        LeaseRepository(connection).check("a", old)
    with database.write() as connection:
        LeaseRepository(connection).check("a", new)
        assert EventRepository(connection).get(event().id) is None
        assert SnapshotRepository(connection).latest("a") is None


def test_it_makes_a_new_holder_wait_for_the_transaction_that_checked_the_fence(postgres_ledger: Database) -> None:
    agent = uuid.uuid4().hex
    fence = acquire(postgres_ledger, "first", 0.0, agent=agent)
    assert fence is not None
    order: list[str] = []

    def _take_over() -> None:
        acquire(postgres_ledger, "second", 11.0, agent=agent)
        order.append("taken over")

    with postgres_ledger.write() as connection:
        LeaseRepository(connection).check(agent, fence)
        other = threading.Thread(target=_take_over)
        other.start()
        other.join(0.2)
        order.append("written")
    other.join(10.0)
    assert order == ["written", "taken over"]


def test_it_refuses_a_fence_on_an_agent_that_nobody_ever_held(database: Database) -> None:
    with pytest.raises(LeaseLost), database.write() as connection:
        LeaseRepository(connection).check("unknown", 1)


def test_it_replaces_the_snapshot_of_an_agent(database: Database) -> None:
    with database.write() as connection:
        snapshots = SnapshotRepository(connection)
        snapshots.save("a", "e1", 2**40, b"\x00old", NOON)
        snapshots.save("a", "e2", 3, b"\x00new\xff", NOON + 5)
        snapshots.save("b", "e3", 1, b"", NOON)
    with database.read() as connection:
        latest = SnapshotRepository(connection).latest("a")
    assert latest is not None
    assert (latest.epoch, latest.sequence, latest.blob, latest.saved_at) == ("e2", 3, b"\x00new\xff", NOON + 5)


def seat(database: Database, agent: str, *residents: str, now: float = 1.0) -> None:
    with database.write() as connection:
        RosterRepository(connection).seat(agent, [Resident(name, "12") for name in residents], now)


def test_it_refuses_a_resident_whom_a_live_agent_watches(database: Database) -> None:
    acquire(database, "first", 0.0)
    seat(database, "a", "r1", "r2")
    with pytest.raises(SeatTaken, match="'r2' is already watched by agent 'a'"):
        seat(database, "b", "r2", "r3", now=5.0)
    with database.read() as connection:
        assert RosterRepository(connection).agent_of("r3") is None


def test_it_lets_a_resident_move_from_an_agent_that_is_gone(database: Database) -> None:
    acquire(database, "first", 0.0)
    seat(database, "a", "r1", "r2")
    seat(database, "b", "r2", now=11.0)
    seat(database, "a", "r1", now=12.0)
    with database.read() as connection:
        roster = RosterRepository(connection)
        assert [(one.id, agent) for one, agent in roster.residents()] == [("r1", "a"), ("r2", "b")]


def test_it_forgets_the_seats_that_an_agent_no_longer_names(database: Database) -> None:
    seat(database, "a", "r1", "r2")
    seat(database, "a", "r2")
    with database.read() as connection:
        assert [one.id for one, _ in RosterRepository(connection).residents()] == ["r2"]
        assert [one.id for one in RosterRepository(connection).of(["r2", "nobody"])] == ["r2"]
        assert RosterRepository(connection).of([]) == []


def test_it_shows_the_latest_status_of_each_resident(database: Database) -> None:
    first = ResidentNow(Resident("r1", "12"), "a", Condition.LEARNING, NOON, float("nan"), learned_share=0.5)
    second = ResidentNow(Resident("r1", "12"), "a", Condition.USUAL, NOON + 1, 0.25)
    with database.write() as connection:
        StatusRepository(connection).save([first])
        StatusRepository(connection).save([second])
        StatusRepository(connection).save([])
    with database.read() as connection:
        assert StatusRepository(connection).all() == [second]
        assert StatusRepository(connection).get("r1") == second
        assert StatusRepository(connection).get("r2") is None


def test_it_shows_each_agent_as_last_heard(database: Database) -> None:
    with database.write() as connection:
        AgentRepository(connection).seen("a", NOON, "0.1", "e", 0.25, 3, 40, '[{"state":"blind"}]')
        AgentRepository(connection).seen("a", NOON + 5, "0.1", "e", 0.5, 4, 0)
    with database.read() as connection:
        (agent,) = AgentRepository(connection).all()
    assert (agent.seen_at, agent.skew_s, agent.dropped, agent.spooled, agent.cameras) == (NOON + 5, 0.5, 4, 0, "[]")
