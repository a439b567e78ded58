"""Residents now, and their score history for plots."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console import reading, writing
from services.console.api.parts import Id, sent
from services.console.entrance import InVisitor, needs
from services.console.models import HistoryOut, ModeIn, ResidentOut, Residents
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom
from services.ledger.history import window
from services.runtime.codec import to_json
from services.vocabulary import ModeDecision

router = APIRouter(tags=["residents"], dependencies=needs(May.SEE_RESIDENTS))
LONGEST_S = 86_400
Time = Annotated[float, Query(ge=0, le=4_000_000_000, allow_inf_nan=False)]


@router.get("/residents", response_model=Residents)
def residents(room: InRoom, visitor: InVisitor) -> Response:
    """Every resident as they are now."""
    now = room.clock.now()
    with room.database.read() as connection:
        known = reading.residents(connection, now, reading.agents(connection, now))
    items = [
        ResidentOut(
            resident=r.resident,
            agent=r.agent,
            condition=r.condition,
            updated_at=r.updated_at,
            score=r.score,
            event=r.event,
            learned_share=r.learned_share,
        )
        for r in known
    ]
    room.seen(visitor, "residents", {item.resident.id for item in items})
    return sent(Residents(items=items))


@router.post("/residents/{resident_id}/mode", response_model=ModeDecision, dependencies=needs(May.WITHDRAW_CONSENT))
def mode(room: InRoom, visitor: InVisitor, resident_id: Id, given: ModeIn) -> Response:
    """How somebody is watched from now on: `observables` needs nothing, `affect` a recorded consent and a name."""
    word = writing.decide_mode(room.database, resident_id, given, visitor, room.clock.now())
    return Response(to_json(word), media_type="application/json")


@router.get("/residents/{resident_id}/history", response_model=HistoryOut)
def history(
    room: InRoom,
    visitor: InVisitor,
    resident_id: Id,
    start: Time,
    end: Time,
    channel: Annotated[list[str] | None, Query(max_length=100)] = None,
    points: Annotated[int, Query(ge=2, le=20_000)] = 2000,
) -> Response:
    """Scores between two Unix times, at most a day; every k-th row when there are more than `points`."""
    if not start < end <= start + LONGEST_S:
        why = f"expected start < end, at most {LONGEST_S} seconds apart"
        raise Refused(422, "invalid", why, "query.end")
    room.seen(visitor, "history", {resident_id})
    found = window(room.database, room.history, resident_id, start, end)
    rows = slice(None, None, max(1, -(-len(found) // points)))
    columns = [i for i, name in enumerate(found.channels) if channel is None or name in channel]

    def listed(block: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[list[float]]:
        return [[float(v) for v in block[rows, i]] for i in columns]

    return sent(
        HistoryOut(
            resident=resident_id,
            channels=[found.channels[i] for i in columns],
            time=found.time[rows].tolist(),
            values=listed(found.values),
            usual=listed(found.usual),
            spread=listed(found.spread),
            score=[float(v) for v in found.score[rows]],
            tier=[int(v) for v in found.tier[rows]],
        )
    )
