"""Every refusal at the door for adapters, as problem+json (RFC 9457)."""

import json

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError

from vlm_service.adapters.registry import Unknown
from vlm_service.adapters.states import IllegalStep
from vlm_service.bundle import BundleError
from vlm_service.failures import EngineFailure


class Refused(Exception):
    """A request that is not served; `kind` is the problem's stable name, the text says what to do."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind = status, kind


def install(app: FastAPI) -> None:
    """Answer errors of every origin as problems."""

    @app.exception_handler(Refused)
    def refused(_: Request, error: Refused) -> Response:
        return answer(error)

    @app.exception_handler(BundleError)
    def bundle(_: Request, error: BundleError) -> Response:
        return answer(Refused(422, error.reason, str(error)))

    @app.exception_handler(Unknown)
    def unknown(_: Request, error: Unknown) -> Response:
        return answer(Refused(404, "adapter-unknown", str(error)))

    @app.exception_handler(IllegalStep)
    def illegal(_: Request, error: IllegalStep) -> Response:
        return answer(Refused(409, "illegal-step", str(error)))

    @app.exception_handler(EngineFailure)
    def no_server(_: Request, error: EngineFailure) -> Response:
        return answer(Refused(503, error.reason.replace("_", "-"), str(error)))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return answer(Refused(422, "invalid", f"{place}: {first['msg']}"))

    @app.exception_handler(DBAPIError)
    def database_away(_: Request, __: DBAPIError) -> Response:
        return answer(Refused(503, "ledger-away", "the ledger does not answer: try again in a moment"))


def answer(refused: Refused) -> Response:
    """The problem as a response."""
    body = {"type": refused.kind, "status": refused.status, "detail": str(refused)}
    return Response(json.dumps(body), refused.status, media_type="application/problem+json")
