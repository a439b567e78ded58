"""Who may sign in to the console, in which role, and the digest of their password."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from services.ledger.tables import people
from services.ledger.upsert import insert_new, put
from services.runtime.codec import from_json, to_json
from services.vocabulary import UnixSeconds


class Role(StrEnum):
    """What a person is to the house; `services.console.roles` says what each may see and press."""

    CAREGIVER = "caregiver"
    LEAD = "lead"
    OPERATOR = "operator"
    ML = "ml"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in as `name` (lower case); what they do is recorded under `shown`, which nobody else has.
    `password` is an Argon2id string with its own salt and cost. All of it is personal data."""

    name: str
    shown: str
    role: Role
    password: str
    created_at: UnixSeconds
    changed_at: UnixSeconds
    disabled_at: UnixSeconds | None = None


class PersonRepository:
    """People; owner: console."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, person: Person) -> bool:
        """Keep a new person; False when the name is taken."""
        return insert_new(self._connection, people, _row(person))

    def change(self, person: Person) -> None:
        """Keep a person's later state."""
        put(self._connection, people, _row(person))

    def get(self, name: str) -> Person | None:
        """One person by the name that they sign in with."""
        body = self._connection.scalar(select(people.c.body).where(people.c.name == name))
        return None if body is None else from_json(Person, body)

    def all(self) -> list[Person]:
        """Everybody, by name, also who is disabled."""
        return [from_json(Person, body) for body in self._connection.scalars(select(people.c.body).order_by("name"))]


def _row(person: Person) -> dict[str, object]:
    return {
        "name": person.name, "role": person.role.value, "changed_at": person.changed_at,
        "disabled_at": person.disabled_at, "body": to_json(person),
    }  # fmt: skip
