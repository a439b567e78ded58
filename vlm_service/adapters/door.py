"""The door for adapters: push, look, move; REST under /api/v1/adapters."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import Response

from services.evaluation.cases import CaseAnswer
from services.ledger import AdapterAnswerRepository, Database
from services.runtime.codec import to_jsonable
from services.vocabulary import AdapterAnswer, AdapterState, MoveCause
from vlm_service.adapters import problems
from vlm_service.adapters.callers import Callers, NoBrowsers, Role
from vlm_service.adapters.compare import card_table, events_table, gates_table, live_tables, pairs_table
from vlm_service.adapters.gate_run import answers_of
from vlm_service.adapters.hearing import Hearing
from vlm_service.adapters.intake import Intake
from vlm_service.adapters.models import CanaryIn, MoveIn, Who, move_out, version_out
from vlm_service.adapters.problems import Refused
from vlm_service.adapters.registry import GATES, Registry, Step
from vlm_service.adapters.settings import AdapterSettings
from vlm_service.adapters.states import SERVED, IllegalStep, check_step
from vlm_service.adapters.steward import Steward
from vlm_service.adapters.store import Store
from vlm_service.bundle.card import read_card
from vlm_service.bundle.manifest import CARD, MOST_BYTES

DESCRIPTION = """Versions of adapters for the second opinion. Errors are `application/problem+json`; `detail` says what
to do. A push is the bundle's folder as a tar archive. `by` is who says to be asking; the audit chain keeps it beside
`token`, the role whose token was shown."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes stand on, composed once per process."""

    settings: AdapterSettings
    registry: Registry
    intake: Intake
    store: Store
    callers: Callers
    hearing: Hearing
    database: Database
    steward: Steward | None = None
    """None where no model's server is configured."""

    def answers(self, served_name: str) -> list[AdapterAnswer]:
        """What a version answered to real events."""
        with self.database.read() as connection:
            return AdapterAnswerRepository(connection).of(served_name)

    def card(self, served_name: str) -> dict[str, Any] | None:
        """A version's card, without its golden prompts; None where its files were refused."""
        card = self.store.place(served_name) / CARD
        return read_card(card).model_dump(mode="json", exclude={"probes"}) if card.is_file() else None


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


InDesk = Annotated[Desk, Depends(_desk)]
Shown = Annotated[str, Header(alias="authorization")]
router = APIRouter(prefix="/api/v1/adapters", tags=["adapters"])


def make_app(desk: Desk) -> FastAPI:
    """The application over one registry."""
    app = FastAPI(
        title="Attune adapters", version="1", description=DESCRIPTION, openapi_url="/api/v1/openapi.json",
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.desk = desk
    problems.install(app)
    app.include_router(router)
    app.add_middleware(NoBrowsers, any_host=bool(desk.settings.push_token))
    return app


@router.get("")
def versions(desk: InDesk, authorization: Shown = "") -> Response:
    """Every version, the newest change first; and what a push is checked against."""
    desk.callers.check(authorization)
    takes = {"keys": desk.intake.trust.keys(), "model": desk.settings.base_model, "weights": desk.settings.base_weights}
    return _sent({"items": [version_out(version) for version in desk.registry.all()], "takes": takes})


@router.post("", status_code=201)
async def push(desk: InDesk, request: Request, by: Annotated[Who, Query()], authorization: Shown = "") -> Response:
    """Take a bundle in, as a tar archive in the body. 201: a new version; 200: these contents are here already.
    `not_checked` says what nobody looked at, as this service is set."""
    token = desk.callers.check(authorization, Role.PUSH)
    with tempfile.NamedTemporaryFile(dir=desk.settings.adapters_folder, prefix="push-", suffix=".tar") as file:
        archive = Path(file.name)
        await _receive(request.stream(), archive)
        version, fresh = await asyncio.to_thread(desk.intake.take, archive, by, token)
    said = {**version_out(version), "not_checked": desk.intake.not_checked()}
    return _sent(said, 201 if fresh else 200)


@router.post("/rollback")
async def rollback(desk: InDesk, wish: MoveIn, authorization: Shown = "") -> Response:
    """Take the canary back, or, without one, the active version; who was heard before it is heard again once it is
    proven; asked once more before that, nobody is. `heard` is who speaks now (empty: the base model), `returning` who
    is still to be proven."""
    token = desk.callers.check(authorization, Role.PROMOTE)
    if desk.steward is not None:
        taken = await desk.steward.take_back(wish.by, wish.why, token=token)
    else:
        taken = await asyncio.to_thread(desk.registry.roll_back, wish.by, wish.why, token=token)
    heard, back = desk.registry.held(AdapterState.ACTIVE), desk.registry.returning()
    told = {"heard": heard.served_name if heard else "", "returning": back.served_name if back else ""}
    return _sent({**version_out(taken), **told})


@router.get("/{wanted}")
def version(desk: InDesk, wanted: str, authorization: Shown = "") -> Response:
    """One version with its card, its steps and what was found out about it. `active`, `canary` and `shadow` name who
    stands there."""
    desk.callers.check(authorization)
    found = desk.registry.find(wanted)
    return _sent({**version_out(found), **_details(desk, found.served_name)})


@router.get("/{first}/diff/{second}")
def diff(desk: InDesk, first: str, second: str, authorization: Shown = "") -> Response:
    """Two versions side by side: cards, the same gate cases, the same real events."""
    desk.callers.check(authorization)
    names = desk.registry.find(first).served_name, desk.registry.find(second).served_name
    cards = (desk.card(names[0]) or {}, desk.card(names[1]) or {})
    judged = (_case_answers(desk, names[0]), _case_answers(desk, names[1]))
    heard = desk.answers(names[0]), desk.answers(names[1])
    tables = [
        card_table(names, cards), gates_table(names, judged), events_table(names, heard),
        *pairs_table(names, heard, desk.hearing.policy.live),
    ]  # fmt: skip
    return _sent({"first": names[0], "second": names[1], "tables": tables})


@router.post("/{wanted}/approve")
async def approve(desk: InDesk, wanted: str, wish: MoveIn, authorization: Shown = "") -> Response:
    """Answer for a version by name, where its card says that nobody does: without that it is never heard."""
    token = desk.callers.check(authorization, Role.PROMOTE)
    found = await asyncio.to_thread(desk.registry.find, wanted)
    if found.state in (AdapterState.UPLOADED, AdapterState.REFUSED):
        raise IllegalStep(f"{found.served_name} is {found.state.value}: nobody can answer for it")
    await asyncio.to_thread(desk.registry.approve, found.served_name, wish.by, wish.why, token)
    return _sent(version_out(found))


@router.post("/{wanted}/judge")
async def judge(desk: InDesk, wanted: str, wish: MoveIn, authorization: Shown = "") -> Response:
    """Have the gates of a version judged anew, every case asked again; its report is replaced once that is done."""
    token = desk.callers.check(authorization)
    found = await asyncio.to_thread(desk.registry.find, wanted)
    if desk.steward is None:
        raise Refused(503, "no-server", "no model's server is configured: set ATTUNE_VLM_SERVER_URL")
    await asyncio.to_thread(desk.registry.ask, found.served_name, wish.by, wish.why, token)
    return _sent(version_out(found))


@router.post("/{wanted}/promote")
async def promote(desk: InDesk, wanted: str, wish: MoveIn, authorization: Shown = "") -> Response:
    """Let a version be heard for every event."""
    token = desk.callers.check(authorization, Role.PROMOTE)
    step = Step(AdapterState.ACTIVE, MoveCause.CHOSEN, wish.by, wish.why, token=token)
    return await _moved(desk, wanted, step)


@router.post("/{wanted}/canary")
async def canary(desk: InDesk, wanted: str, wish: CanaryIn, authorization: Shown = "") -> Response:
    """Let a version be heard for a share of all events, or for every event of some rooms."""
    token = desk.callers.check(authorization, Role.PROMOTE)
    if bool(wish.share) == bool(wish.rooms):
        raise Refused(422, "invalid", "expected either a share between 0 and 1, or rooms")
    step = Step(AdapterState.CANARY, MoveCause.CHOSEN, wish.by, wish.why, wish.share, wish.rooms, token)
    return await _moved(desk, wanted, step)


@router.post("/{wanted}/shadow")
async def shadow(desk: InDesk, wanted: str, wish: MoveIn, authorization: Shown = "") -> Response:
    """Let a version answer beside the one that is heard, unheard."""
    token = desk.callers.check(authorization, Role.PROMOTE)
    return await _moved(desk, wanted, Step(AdapterState.SHADOW, MoveCause.CHOSEN, wish.by, wish.why, token=token))


@router.post("/{wanted}/retire")
async def retire(desk: InDesk, wanted: str, wish: MoveIn, authorization: Shown = "") -> Response:
    """Let a version be heard no more; where it was the active one, the base model answers."""
    token = desk.callers.check(authorization, Role.PROMOTE)
    return await _moved(desk, wanted, Step(AdapterState.RETIRED, MoveCause.CHOSEN, wish.by, wish.why, token=token))


async def _moved(desk: Desk, wanted: str, step: Step) -> Response:
    found = await asyncio.to_thread(desk.registry.find, wanted)
    if found.state is step.after and (found.share, found.rooms) == (step.share, step.rooms):
        raise IllegalStep(f"{found.served_name} is {step.after.value} already")
    if desk.steward is not None:
        return _sent(version_out(await desk.steward.put_on(found, step)))
    if step.after in SERVED:
        check_step(found.served_name, found.state, step.after)
        raise Refused(503, "no-server", "no model's server is configured: set ATTUNE_VLM_SERVER_URL")
    return _sent(version_out(await asyncio.to_thread(desk.registry.move, found.served_name, step)))


def _case_answers(desk: Desk, served_name: str) -> list[CaseAnswer]:
    report = desk.registry.reports(served_name).get(GATES)
    return answers_of(json.loads(report.body)) if report else []


def _details(desk: Desk, served_name: str) -> dict[str, Any]:
    reports = desk.registry.reports(served_name).values()
    return {
        "moves": [move_out(move) for move in desk.registry.history(served_name)],
        "reports": [{**to_jsonable(report), "body": json.loads(report.body)} for report in reports],
        "card": desk.card(served_name),
        "tables": live_tables(desk.answers(served_name), desk.hearing.policy.live),
        "servers": desk.steward.standing(served_name) if desk.steward is not None else [],
        "outdated": desk.hearing.outdated(served_name),
        "untrusted": desk.hearing.untrusted(served_name),
    }


async def _receive(stream: AsyncIterator[bytes], file: Path) -> None:
    size = 0
    with file.open("wb") as target:
        async for chunk in stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise Refused(413, "too-large", f"expected an adapter of at most {MOST_BYTES / 2**30:.0f} GiB")
            target.write(chunk)


def _sent(body: Any, status: int = 200) -> Response:
    """As JSON; numbers that there are not are null."""
    return Response(json.dumps(_finite(body)), status, media_type="application/json")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value
