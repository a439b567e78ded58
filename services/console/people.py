"""Who may sign in: `python -m services.console.people add | list | role | password | disable`."""

import argparse
import getpass
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from services.console import passwords
from services.console.signing_in import PERSON, attempts_key
from services.ledger import (
    AttemptRepository,
    AuditRepository,
    Database,
    DatabaseUrlError,
    Person,
    PersonRepository,
    Role,
    SessionRepository,
)
from services.runtime.lifecycle import refuse
from services.runtime.settings import LedgerSettings, load
from services.vocabulary import UnixSeconds

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
BY = "the command line"


class NotDone(ValueError):
    """A change that cannot be made, with why and what to do."""


def add(database: Database, name: str, shown: str, role: Role, password: str, now: UnixSeconds) -> Person:
    """Let somebody in.

    Raises:
        NotDone: the name is taken or malformed, or another person is shown by the same name.
        PasswordRefused: too short or too long.
    """
    if not NAME.fullmatch(name):
        raise NotDone(f"name {name!r}: expected lower-case letters, digits, '.', '_' and '-', 64 at most")
    shown = shown.strip() or name
    if len(shown) > 80 or not shown.isprintable():
        raise NotDone(f"shown as {shown!r}: expected 1 to 80 characters that can be printed")
    person = Person(name, shown, role, passwords.digest(password), now, now)
    with database.write() as connection:
        if any(one.shown.casefold() == shown.casefold() for one in PersonRepository(connection).all()):
            raise NotDone(f"somebody is shown as {shown!r} already: what people do is recorded under it; use another")
        if not PersonRepository(connection).add(person):
            raise NotDone(f"the name {name!r} is taken: use another, or `attune people role` for the one who has it")
        facts = {"what": "add", "person": name, "role": role.value, "by": BY}
        AuditRepository(connection).append(PERSON, json.dumps(facts), now)
    return person


def change(database: Database, name: str, what: str, how: Callable[[Person], Person], now: UnixSeconds) -> Person:
    """Change somebody; they have to sign in again.

    Raises:
        NotDone: nobody has this name.
    """
    with database.write() as connection:
        person = PersonRepository(connection).get(name)
        if person is None:
            raise NotDone(f"nobody has the name {name!r}: `attune people list` shows who there is")
        changed = replace(how(person), changed_at=now)
        PersonRepository(connection).change(changed)
        SessionRepository(connection).end_all(name)
        AttemptRepository(connection).forget(attempts_key(name))
        facts = {"what": what, "person": name, "role": changed.role.value, "by": BY}
        AuditRepository(connection).append(PERSON, json.dumps(facts), now)
    return changed


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, or 2 with one line that says why not."""
    chosen = _parser().parse_args(arguments)
    try:
        database = Database(load(LedgerSettings).database_url)
    except (ValueError, DatabaseUrlError) as error:
        return refuse(error)
    try:
        database.migrate()
        print(_do(database, chosen, time.time()))  # noqa: T201 - a person reads this
    except (NotDone, passwords.PasswordRefused) as error:
        return refuse(error)
    finally:
        database.close()
    return 0


def _do(database: Database, chosen: argparse.Namespace, now: UnixSeconds) -> str:
    if chosen.what == "list":
        with database.read() as connection:
            everybody = PersonRepository(connection).all()
        gone = {False: "", True: "  (disabled)"}
        lines = [f"{p.name}  {p.role.value}  {p.shown}{gone[p.disabled_at is not None]}" for p in everybody]
        return "\n".join(lines) or "nobody may sign in yet: the console makes a first operator when it starts"
    if chosen.what == "add":
        password, said = _password(chosen.ask)
        person = add(database, chosen.name, chosen.shown, Role(chosen.role), password, now)
        return f"{person.name} may sign in as {person.role.value}, shown as {person.shown}{said}"
    if chosen.what == "password":
        password, said = _password(chosen.ask)
        kept = passwords.digest(password)
        change(database, chosen.name, "password", lambda p: replace(p, password=kept), now)
        return f"{chosen.name} has another password and has to sign in again{said}"
    if chosen.what == "role":
        role = Role(chosen.role)
        change(database, chosen.name, "role", lambda p: replace(p, role=role, disabled_at=None), now)
        return f"{chosen.name} is {role.value} now and has to sign in again"
    change(database, chosen.name, "disable", lambda p: replace(p, disabled_at=now), now)
    return f"{chosen.name} may not sign in any more; `attune people role` lets them in again"


def _password(ask: bool) -> tuple[str, str]:
    """A password, and what is said of it: one that a person types (or standard input brings) is not repeated."""
    if ask:
        typed = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        return typed, ""
    made = passwords.made_up()
    return made, f"; their password, shown this once: {made}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune people", description=__doc__)
    inside = parser.add_subparsers(dest="what", required=True)
    inside.add_parser("list")
    for what in ("add", "role", "password", "disable"):
        one = inside.add_parser(what)
        one.add_argument("name")
        if what in ("add", "role"):
            one.add_argument("--role", required=True, choices=[role.value for role in Role])
        if what == "add":
            one.add_argument("--shown", default="")
        if what in ("add", "password"):
            one.add_argument("--ask", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
