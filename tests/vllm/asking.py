"""Asks a real server through the engine, with a verdict that the schema forces, since a random model's are random."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pytest

from services.vocabulary import Event
from tests.unit.vlm.specimens import AGITATED
from vlm_service import engine as engine_file
from vlm_service.dialogue import Opinionated, verdict_schema
from vlm_service.engine import Engine
from vlm_service.settings import VlmSettings

Answer = TypeVar("Answer")
SHORT = {"thinking_token_budget": 16, "answer_tokens": 512, "priorities": True}
FORCED: Mapping[str, Any] = {
    "tier": 1, "urgency": "go now", "situation": "The resident cries and moves much more than usual.",
    "indicators": [{"text": "a cry was heard", "evidence": "audio.cue.cry"}], "context": "in the room, at night",
    "action": "Look in now.", "confidence": 0.7, "unknowns": [],
}  # fmt: skip


class EngineAsking(Engine):
    """The engine, with some fields of every request changed: for what its settings rightly do not offer."""

    def __init__(self, settings: VlmSettings, **changes: Any) -> None:
        super().__init__(settings)
        self._changes = changes
        self.asked: list[dict[str, Any]] = []

    def _request(self, event: Event, attempt: int, turn: Any) -> dict[str, Any]:
        self.asked.append({**super()._request(event, attempt, turn), **self._changes})
        return self.asked[-1]


def schema_of(value: Any) -> dict[str, Any]:
    """A JSON schema that only `value` fulfils, of the keywords that the engine's own schema uses."""
    if isinstance(value, Mapping):
        properties = {key: schema_of(inner) for key, inner in value.items()}
        return {"type": "object", "properties": properties, "required": list(value), "additionalProperties": False}
    if isinstance(value, list):
        items = schema_of(value[0]) if value else {"type": "string"}
        return {"type": "array", "items": items, "minItems": len(value), "maxItems": len(value)}
    kinds = {str: "string", int: "integer", float: "number"}
    return {"type": kinds[type(value)], "enum": [value]}


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the test ends, the model can only answer `FORCED`."""
    shipped = set(verdict_schema(AGITATED)["properties"])
    assert shipped == set(FORCED), "the verdict's schema has other fields than the forced answer"
    monkeypatch.setattr(engine_file, "verdict_schema", lambda event, pictures: schema_of(FORCED))


def settings(url: str, **more: Any) -> VlmSettings:
    return VlmSettings(server_url=url, **{**SHORT, **more})


def with_engine(engine: Engine, ask: Callable[[Engine], Awaitable[Answer]]) -> Answer:
    """What `ask` brings, with the engine closed afterwards."""

    async def _ask() -> Answer:
        try:
            return await ask(engine)
        finally:
            await engine.close()

    return asyncio.run(_ask())


def ask(url: str, event: Event = AGITATED, deadline_s: float = 60.0, **changes: Any) -> Opinionated:
    """The model's opinion of `event`; `changes` to fields of the request."""
    return with_engine(EngineAsking(settings(url), **changes), lambda engine: engine.answer(event, deadline_s))
