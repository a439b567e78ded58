"""Silences: who asked for quiet about whom, why and until when; tier 1 needs a second person."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, model_validator

from services.console import quiet
from services.console.api.parts import Id, sent
from services.console.entrance import InVisitor, needs
from services.console.models import PLAIN, Identity, Name, Strict
from services.console.roles import May
from services.console.room import InRoom
from services.ledger import Silence, SilenceRepository

router = APIRouter(tags=["silences"], dependencies=needs(May.SILENCE))


class SilenceIn(Strict):
    """Quiet about a resident or a room for `minutes`, a day at most; with `tier1` an hour at most, and tier 1 itself is
    quiet only after a second person agreed."""

    resident: Identity | None = None
    room: Identity | None = None
    minutes: Annotated[int, Field(ge=1, le=1440)]
    reason: Annotated[str, Field(min_length=3, max_length=300, pattern=PLAIN)]
    by: Name = ""
    tier1: bool = False

    @model_validator(mode="after")
    def _about_one_thing(self) -> "SilenceIn":
        if (self.resident is None) == (self.room is None):
            raise ValueError("expected a resident or a room")
        return self


class WhoIn(Strict):
    """Who says so."""

    by: Name = ""


class Silences(Strict):
    """The silences that run, the one that ends first first."""

    items: list[Silence]


@router.get("/silences", response_model=Silences)
def running(room: InRoom) -> Response:
    """What is quiet now, and until when."""
    with room.database.read() as connection:
        return sent(Silences(items=SilenceRepository(connection).active(room.clock.now())))


@router.post("/silences", response_model=Silences, status_code=201)
def ask(room: InRoom, visitor: InVisitor, word: SilenceIn) -> Response:
    """Ask for quiet: alerts of tier 2 wait for its end; what is over by then nobody is told."""
    wish = quiet.Wish(word.minutes, word.reason, word.resident or "", word.room or "", word.tier1)
    return sent(Silences(items=[quiet.ask(room, wish, visitor, word.by)]), 201)


@router.post("/silences/{silence_id}/agree", response_model=Silences)
def agree(room: InRoom, visitor: InVisitor, silence_id: Id, word: WhoIn) -> Response:
    """A second person agrees that tier 1 is quiet too."""
    return sent(Silences(items=[quiet.agree(room, silence_id, visitor, word.by)]))


@router.post("/silences/{silence_id}/end", response_model=Silences)
def end(room: InRoom, visitor: InVisitor, silence_id: Id, word: WhoIn) -> Response:
    """End a silence early; what was held back goes out within half a minute."""
    return sent(Silences(items=[quiet.end(room, silence_id, visitor, word.by)]))
