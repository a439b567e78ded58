"""What the door for adapters takes and gives, as JSON."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.runtime.codec import to_jsonable
from services.vocabulary import AdapterMove, AdapterVersion

Who = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$")]
Why = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f]*$")]


class MoveIn(BaseModel):
    """Who says to want a step, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Who
    why: Why = ""


class CanaryIn(MoveIn):
    """A canary is heard for a share of all events, or for every event of some rooms."""

    share: float = Field(0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    rooms: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = Field((), max_length=64)


def version_out(version: AdapterVersion) -> dict[str, Any]:
    """A version as JSON."""
    return {"served_name": version.served_name, **to_jsonable(version)}


def move_out(move: AdapterMove) -> dict[str, Any]:
    """A step as JSON."""
    said: dict[str, Any] = to_jsonable(move)
    return said
