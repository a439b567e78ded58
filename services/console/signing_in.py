"""Signing in and out: attempts are counted, sessions live on the server, a browser holds nothing but a random token."""

import hashlib
import hmac
import json
import secrets
from dataclasses import replace

from services.console import passwords
from services.console.problems import Refused
from services.console.settings import Lifetimes
from services.console.visitor import Visitor, of_person
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
from services.vocabulary import Seconds, UnixSeconds

SIGNED_IN, SIGNED_OUT, REFUSED, PERSON = "signed_in", "signed_out", "sign_in_refused", "person"
"""In the audit chain."""
SPAN_S: Seconds = 900.0
SAME_PLACE, SAME_NAME, SAME_ADDRESS = 5, 20, 50
"""Attempts in vain in `SPAN_S`, of one name from one address, of one name, from one address (source: guess: a person
mistypes thrice; behind a proxy or a container network a whole house has one address)."""
TOUCH_S: Seconds = 60.0
"""A session is written down as seen at most so often."""
FIRST = "admin"


def sign_in(database: Database, name: str, password: str, address: str, now: UnixSeconds, last: Lifetimes) -> str:
    """The token of a new session.

    Raises:
        Refused: too many attempts, or name and password do not belong together; which of the two is not said.
    """
    person = _proven(database, name.strip().casefold(), password, address, now)
    token = secrets.token_urlsafe(32)
    with database.write() as connection:
        session = Session(_digest(token), person.name, now, now, now + last.longest_s)
        SessionRepository(connection).begin(session)
        AuditRepository(connection).append(SIGNED_IN, json.dumps({"person": person.name, "address": address}), now)
    return token


def _proven(database: Database, name: str, password: str, address: str, now: UnixSeconds) -> Person:
    """Whoever has this name and password; an attempt counts from before the password is looked at until it was right,
    so that attempts side by side count as well."""
    key = attempts_key(name)
    with database.write() as connection:
        attempts, then = AttemptRepository(connection), now - SPAN_S
        too_many = (
            attempts.since(then, key, address) >= SAME_PLACE or attempts.since(then, name=key) >= SAME_NAME
            or attempts.since(then, address=address) >= SAME_ADDRESS
        )  # fmt: skip
        if not too_many:
            attempts.add(key, address, now)
    if too_many:
        raise Refused(429, "too-many-attempts", "Too many attempts. Wait a quarter of an hour, then try again.")
    with database.read() as connection:
        person = PersonRepository(connection).get(name)
    known = person is not None and person.disabled_at is None
    right = passwords.holds(password, person.password if person is not None and known else "")
    with database.write() as connection:
        if person is not None and right:
            AttemptRepository(connection).forget(key, address)
            return person
        said = {"person": name if person is not None else "(unknown)", "address": address}
        AuditRepository(connection).append(REFUSED, json.dumps(said), now)
    raise Refused(401, "wrong-password", "Name and password do not belong together.")


def visitor(database: Database, token: str, now: UnixSeconds, last: Lifetimes) -> Visitor | None:
    """Whoever holds the token, while its session lasts and its person may sign in."""
    with database.read() as connection:
        session = SessionRepository(connection).get(_digest(token))
        person = PersonRepository(connection).get(session.person) if session is not None else None
    if session is None or person is None or person.disabled_at is not None:
        return None
    if now >= session.expires_at or now - session.seen_at > last.idle_s:
        return None
    if now - session.seen_at > TOUCH_S:
        with database.write() as connection:
            SessionRepository(connection).touch(session.digest, now)
    return of_person(person, csrf(token))


def sign_out(database: Database, token: str, who: Visitor, now: UnixSeconds) -> None:
    """End one session."""
    with database.write() as connection:
        SessionRepository(connection).end(_digest(token))
        AuditRepository(connection).append(SIGNED_OUT, json.dumps({"person": who.name}), now)


def change_password(database: Database, who: Visitor, old: str, new: str, address: str, now: UnixSeconds) -> None:
    """Somebody gives themselves another password; they are signed out everywhere.

    Raises:
        Refused: the old one is wrong, the new one too short, or too many attempts.
    """
    try:
        kept = passwords.digest(new)
    except passwords.PasswordRefused as error:
        raise Refused(422, "password-refused", f"{error}", "new") from error
    person = _proven(database, who.name, old, address, now)
    with database.write() as connection:
        PersonRepository(connection).change(replace(person, password=kept, changed_at=now))
        SessionRepository(connection).end_all(who.name)
        facts = {"what": "password", "person": who.name, "by": who.name}
        AuditRepository(connection).append(PERSON, json.dumps(facts), now)


def first_person(database: Database, now: UnixSeconds) -> str:
    """Make an operator where nobody may sign in yet; their password, or empty where somebody may."""
    with database.read() as connection:
        if PersonRepository(connection).all():
            return ""
    password = passwords.made_up()
    person = Person(FIRST, "Administrator", Role.OPERATOR, passwords.digest(password), now, now)
    with database.write() as connection:
        if PersonRepository(connection).all() or not PersonRepository(connection).add(person):
            return ""
        facts = {"what": "add", "person": FIRST, "role": Role.OPERATOR.value, "by": "first start"}
        AuditRepository(connection).append(PERSON, json.dumps(facts), now)
    return password


def attempts_key(name: str) -> str:
    """Under which attempts of a name are counted."""
    return _digest(f"name\x1f{name}")


def csrf(token: str) -> str:
    """What the forms of a session carry: it follows from the token, and says nothing about it."""
    return hmac.new(token.encode(), b"attune form", hashlib.sha256).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
