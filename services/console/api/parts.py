"""Parameters and answers that every route of the REST interface shares."""

from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from services.console.models import PLAIN, Problem

Id = Annotated[str, Path(min_length=1, max_length=255, pattern=PLAIN)]
Before = Annotated[
    float | None, Query(ge=0, le=4_000_000_000, allow_inf_nan=False, description="`next` of the page before")
]
Limit = Annotated[int, Query(ge=1, le=200)]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
    for status, text in {
        400: "The body could not be read.",
        401: "Nobody is signed in, and no token was shown.", 403: "It came from another site, or the role may not.",
        404: "There is no such thing.", 409: "It stands otherwise by now: what is asked for cannot be.",
        413: "The body is too large.",
        421: "The host name is not known.", 422: "It was not understood; `field` names the place.",
        503: "The ledger does not answer.",
    }.items()
}  # fmt: skip


def sent(model: BaseModel, status: int = 200) -> Response:
    """The model as JSON, NaN as null."""
    return Response(model.model_dump_json(), status, media_type="application/json")
