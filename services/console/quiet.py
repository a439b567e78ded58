"""Asking for quiet, agreeing to it and ending it, each with its entry in the audit chain."""

import json
import uuid
from dataclasses import dataclass, replace

from services.console.problems import Refused
from services.console.room import Room
from services.console.visitor import Visitor
from services.ledger import AuditRepository, Silence, SilenceRefused, SilenceRepository
from services.runtime.codec import to_json

SILENCED = "silence"
"""In the audit chain, with what was done: asked, agreed, ended."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Quiet about one resident or one room for some minutes, and why; `tier1`: about tier 1 too."""

    minutes: int
    reason: str
    resident: str = ""
    room: str = ""
    tier1: bool = False


def ask(room: Room, wish: Wish, visitor: Visitor, by: str) -> Silence:
    """Ask for quiet; about tier 1 only people who are signed in may, wherever people sign in.

    Raises:
        Refused: too long, no reason, not about exactly one thing, or a program that asks for tier 1.
    """
    _no_program(visitor, wish.tier1)
    now, name = room.clock.now(), visitor.answering(by)
    try:
        made = Silence(
            str(uuid.uuid4()), now, now + 60 * wish.minutes, name, wish.reason.strip(), wish.resident, wish.room,
            wish.tier1,
        )  # fmt: skip
    except SilenceRefused as error:
        raise Refused(422, "silence-refused", str(error), "minutes") from error
    return _keep(room, made, "asked", visitor, name)


def agree(room: Room, silence_id: str, visitor: Visitor, by: str) -> Silence:
    """Be the second person for tier 1.

    Raises:
        Refused: there is no such silence, it needs nobody, or the same person asked for it.
    """
    _no_program(visitor, True)
    name, found = visitor.answering(by), running(room, silence_id)
    if not found.tier1:
        raise Refused(409, "not-asked-for", "this silence does not ask for tier 1: nothing to agree to")
    try:
        agreed = replace(found, second=name)
    except SilenceRefused as error:
        raise Refused(409, "second-person", str(error), "by") from error
    return _keep(room, agreed, "agreed", visitor, name)


def end(room: Room, silence_id: str, visitor: Visitor, by: str) -> Silence:
    """End it early; what was held back goes out within half a minute."""
    name, found, now = visitor.answering(by), running(room, silence_id), room.clock.now()
    return _keep(room, replace(found, ends_at=max(now, found.starts_at + 0.001)), "ended", visitor, name)


def running(room: Room, silence_id: str) -> Silence:
    """One that runs.

    Raises:
        Refused: there is none.
    """
    with room.database.read() as connection:
        for silence in SilenceRepository(connection).active(room.clock.now()):
            if silence.id == silence_id:
                return silence
    raise Refused(404, "silence-unknown", "no silence of this id runs; GET /api/v1/silences lists them")


def _no_program(visitor: Visitor, tier1: bool) -> None:
    if tier1 and visitor.by_token:
        why = "silences of tier 1 need two people who are signed in: a program can be neither"
        raise Refused(403, "people-only", why, "tier1")


def _keep(room: Room, silence: Silence, what: str, visitor: Visitor, name: str) -> Silence:
    with room.database.write() as connection:
        SilenceRepository(connection).record(silence)
        facts = {"what": what, "by": name, "person": visitor.name, "silence": json.loads(to_json(silence))}
        AuditRepository(connection).append(SILENCED, json.dumps(facts), room.clock.now())
    return silence
