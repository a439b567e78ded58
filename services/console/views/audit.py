"""The audit chain on a page: who saw whom, who did what, and whether an entry was changed."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.console.entrance import InVisitor, needs
from services.console.models import PLAIN
from services.console.roles import May
from services.console.room import InRoom
from services.ledger import AuditEntry, AuditRepository

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=needs(May.SEE_AUDIT))
PAGE = 50
Asked = Annotated[str, Query(max_length=100, pattern=PLAIN)]
WHOLE_CHAIN = "(the audit chain)"


@router.get("/audit")
def audit_page(
    request: Request, room: InRoom, visitor: InVisitor, before: Annotated[int | None, Query(ge=1)] = None,
    kind: Asked = "", about: Asked = "", verify: Annotated[bool, Query()] = False,
) -> HTMLResponse:  # fmt: skip
    """Entries, newest first; `verify` walks the whole chain. That it was read is written down too."""
    room.seen(visitor, "audit", [WHOLE_CHAIN])
    with room.database.read() as connection:
        audit = AuditRepository(connection)
        entries = audit.page(before, PAGE, kind or None, about)
        broken = audit.verify() if verify else None
    lines = [(entry, _facts(entry)) for entry in entries]
    older = entries[-1].number if len(entries) == PAGE else None
    return HTMLResponse(
        request.app.state.pages.render(
            "audit.html", lines=lines, older=older, kind=kind, about=about, verified=verify, broken=broken
        )
    )


def _facts(entry: AuditEntry) -> list[tuple[str, str]]:
    try:
        body = json.loads(entry.body)
    except json.JSONDecodeError:
        return [("", entry.body)]
    if not isinstance(body, dict):
        return [("", entry.body)]
    return [(name, _shown(value)) for name, value in body.items() if value not in ("", None, [], {})]


def _shown(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value)
