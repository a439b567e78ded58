"""Who may sign in, their sessions and what was tried in vain, on SQLite and PostgreSQL."""

from dataclasses import replace

import pytest

from services.ledger import (
    AttemptRepository,
    AuditRepository,
    Database,
    Person,
    PersonRepository,
    Role,
    Session,
    SessionRepository,
)

pytestmark = pytest.mark.unit
ANA = Person("ana", "Ana Novak", Role.CAREGIVER, "$argon2id$", 1.0, 1.0)


def test_it_keeps_one_person_per_name(database: Database) -> None:
    with database.write() as connection:
        people = PersonRepository(connection)
        assert people.add(ANA)
        assert not people.add(replace(ANA, shown="another"))
        people.change(replace(ANA, role=Role.LEAD, disabled_at=5.0))
        assert people.all() == [replace(ANA, role=Role.LEAD, disabled_at=5.0)]
        assert people.get("ben") is None


def test_it_ends_sessions_of_one_browser_and_of_one_person(database: Database) -> None:
    with database.write() as connection:
        sessions = SessionRepository(connection)
        for digest, person in (("a" * 64, "ana"), ("b" * 64, "ana"), ("c" * 64, "ben")):
            sessions.begin(Session(digest, person, 1.0, 1.0, 9.0))
        sessions.touch("a" * 64, 3.0)
        known = sessions.get("a" * 64)
        assert known is not None and (known.seen_at, known.expires_at) == (3.0, 9.0)
        sessions.end("a" * 64)
        assert sessions.get("a" * 64) is None and sessions.get("b" * 64) is not None
        sessions.end_all("ana")
        assert sessions.get("b" * 64) is None and sessions.get("c" * 64) is not None


def test_it_counts_attempts_by_name_by_address_and_by_both(database: Database) -> None:
    with database.write() as connection:
        attempts = AttemptRepository(connection)
        for name, address, at in (("n1", "a1", 1.0), ("n1", "a2", 5.0), ("n2", "a1", 6.0)):
            attempts.add(name, address, at)
        assert attempts.since(0.0, "n1", "a1") == 1 and attempts.since(0.0, name="n1") == 2
        assert attempts.since(0.0, address="a1") == 2 and attempts.since(2.0, address="a1") == 1
        attempts.forget("n1", "a1")
        assert attempts.since(0.0, name="n1") == 1
        attempts.forget("n1")
        assert attempts.since(0.0, name="n1") == 0 and attempts.since(0.0, name="n2") == 1


def test_it_pages_the_audit_chain_by_kind_and_by_what_it_is_about(database: Database) -> None:
    with database.write() as connection:
        chain = AuditRepository(connection)
        for number in range(5):
            chain.append("viewed" if number % 2 else "other", f'{{"residents": ["room-{number}%"]}}', float(number))
        numbers = [entry.number for entry in chain.page(None, 10)]
        assert numbers == sorted(numbers, reverse=True) and len(numbers) == 5
        assert [e.number for e in chain.page(numbers[2], 10)] == numbers[3:]
        assert [e.at for e in chain.page(None, 10, "viewed")] == [3.0, 1.0]
        assert [e.at for e in chain.page(None, 10, about="room-3%")] == [3.0]
        assert chain.page(None, 10, about="room-_%") == []
