"""Silences: who asked for quiet about whom, why and until when; tier 1 needs a second person."""

import json
import uuid
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, model_validator

from services.console.api.parts import Id, sent
from services.console.models import PLAIN, Identity, Strict
from services.console.problems import Refused
from services.console.room import InRoom, Room
from services.ledger import AuditRepository, Silence, SilenceRefused, SilenceRepository
from services.runtime.codec import to_json

router = APIRouter(tags=["silences"])
Who = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$")]
SILENCED = "silence"
"""In the audit chain, with what was done: asked, agreed, ended."""


class SilenceIn(Strict):
    """Quiet about a resident or a room for `minutes`, a day at most; with `tier1` an hour at most, and tier 1 itself is
    quiet only after a second person agreed."""

    resident: Identity | None = None
    room: Identity | None = None
    minutes: Annotated[int, Field(ge=1, le=1440)]
    reason: Annotated[str, Field(min_length=3, max_length=300, pattern=PLAIN)]
    by: Who
    tier1: bool = False

    @model_validator(mode="after")
    def _about_one_thing(self) -> "SilenceIn":
        if (self.resident is None) == (self.room is None):
            raise ValueError("expected a resident or a room")
        return self


class WhoIn(Strict):
    """Who says so."""

    by: Who


class Silences(Strict):
    """The silences that run, the one that ends first first."""

    items: list[Silence]


@router.get("/silences", response_model=Silences)
def running(room: InRoom) -> Response:
    """What is quiet now, and until when."""
    with room.database.read() as connection:
        return sent(Silences(items=SilenceRepository(connection).active(room.clock.now())))


@router.post("/silences", response_model=Silences, status_code=201)
def ask(room: InRoom, word: SilenceIn) -> Response:
    """Ask for quiet: alerts of tier 2 wait for its end; what is over by then nobody is told."""
    now = room.clock.now()
    try:
        made = Silence(
            str(uuid.uuid4()), now, now + 60 * word.minutes, word.by.strip(), word.reason.strip(), word.resident or "",
            word.room or "", word.tier1,
        )  # fmt: skip
    except SilenceRefused as error:
        raise Refused(422, "silence-refused", str(error), "minutes") from error
    return _kept(room, made, "asked", word.by, 201)


@router.post("/silences/{silence_id}/agree", response_model=Silences)
def agree(room: InRoom, silence_id: Id, word: WhoIn) -> Response:
    """A second person agrees that tier 1 is quiet too."""
    found = _running(room, silence_id)
    if not found.tier1:
        raise Refused(409, "not-asked-for", "this silence does not ask for tier 1: nothing to agree to")
    try:
        agreed = replace(found, second=word.by.strip())
    except SilenceRefused as error:
        raise Refused(409, "second-person", str(error), "by") from error
    return _kept(room, agreed, "agreed", word.by)


@router.post("/silences/{silence_id}/end", response_model=Silences)
def end(room: InRoom, silence_id: Id, word: WhoIn) -> Response:
    """End a silence early; what was held back goes out within half a minute."""
    found, now = _running(room, silence_id), room.clock.now()
    return _kept(room, replace(found, ends_at=max(now, found.starts_at + 0.001)), "ended", word.by)


def _running(room: Room, silence_id: str) -> Silence:
    with room.database.read() as connection:
        for silence in SilenceRepository(connection).active(room.clock.now()):
            if silence.id == silence_id:
                return silence
    raise Refused(404, "silence-unknown", "no silence of this id runs; GET /api/v1/silences lists them")


def _kept(room: Room, silence: Silence, what: str, by: str, status: int = 200) -> Response:
    with room.database.write() as connection:
        SilenceRepository(connection).record(silence)
        facts = {"what": what, "by": by, "silence": json.loads(to_json(silence))}
        AuditRepository(connection).append(SILENCED, json.dumps(facts), room.clock.now())
    return sent(Silences(items=[silence]), status)
