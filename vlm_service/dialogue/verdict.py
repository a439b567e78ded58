"""The verdict as JSON: what is trained, served and stored, its schema, and its strict reading."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.vocabulary import Event, Indicator, Opinion, Tier, Verdict
from vlm_service.dialogue.errors import InvalidAnswer
from vlm_service.dialogue.frames import frame_names
from vlm_service.dialogue.lines import one_line
from vlm_service.dialogue.names import evidence_names

URGENCIES = {
    Tier.IMMEDIATE: "go now",
    Tier.URGENT: "within 10 minutes",
    Tier.MONITOR: "at the next round",
}
"""How soon somebody should look, by tier (source: guess, to be set by each facility)."""
MOST_INDICATORS, MOST_UNKNOWNS, LONGEST, SHORTEST_LINE = 8, 6, 600, 240
_CONFIDENCES = [round(0.1 * step, 1) for step in range(1, 10)]


class _IndicatorJson(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(min_length=1)
    evidence: str = Field(min_length=1)


class _VerdictJson(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tier: int = Field(ge=1, le=3)
    opinion: Opinion | None = Field(None, strict=False)
    urgency: str = Field(min_length=1)
    situation: str = Field(min_length=1)
    indicators: list[_IndicatorJson] = Field(min_length=1, max_length=MOST_INDICATORS)
    context: str = ""
    action: str = Field(min_length=1)
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    unknowns: list[str] = Field(default_factory=list, max_length=MOST_UNKNOWNS)

    @field_validator("urgency", "situation", "action")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not one_line(text):
            raise ValueError("expected words")
        return text


def opinion_on(event: Tier, answered: Tier) -> Opinion:
    """What an answer of tier `answered` says about an event of tier `event`.

    A model is not told the event's tier, so that its opinion is its own; the comparison is made here.
    """
    if answered.more_urgent_than(event):
        return Opinion.RAISED
    return Opinion.LOWERED if event.more_urgent_than(answered) else Opinion.AGREED


def verdict_from_json(text: str, event_tier: Tier | None = None) -> Verdict:
    """The verdict in `text`; with `event_tier` its opinion is computed, otherwise the text must state it.

    Raises:
        InvalidAnswer: no JSON, an unknown or missing key, or a value out of range; the message names the field.
    """
    try:
        # vLLM's grammar lets raw control characters into strings (seen with 0.32.0 and xgrammar); `tidy` removes them.
        parsed = _VerdictJson.model_validate(json.loads(text, strict=False))
    except json.JSONDecodeError as error:
        raise InvalidAnswer(f"not JSON at character {error.pos}: expected one verdict object") from error
    except (ValidationError, RecursionError) as error:
        raise InvalidAnswer(_first_problem(error)) from error
    tier = Tier(parsed.tier)
    opinion = parsed.opinion if event_tier is None else opinion_on(event_tier, tier)
    if opinion is None:
        raise InvalidAnswer("opinion: missing, and there is no event to compare the tier with")
    indicators = tuple(Indicator(indicator.text, indicator.evidence) for indicator in parsed.indicators)
    return tidy_verdict(
        Verdict(tier, opinion, parsed.urgency, parsed.situation, indicators, parsed.context, parsed.action,
                parsed.confidence, tuple(parsed.unknowns))
    )  # fmt: skip


def verdict_to_json(verdict: Verdict) -> str:
    """The verdict as a model is trained to write it: compact, in the order of the schema, without the opinion."""
    record = {
        "tier": verdict.tier.value,
        "urgency": verdict.urgency,
        "situation": verdict.situation,
        "indicators": [{"text": one.text, "evidence": one.evidence} for one in verdict.indicators],
        "context": verdict.context,
        "action": verdict.action,
        "confidence": verdict.confidence,
        "unknowns": list(verdict.unknowns),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def tidy_verdict(verdict: Verdict) -> Verdict:
    """The same verdict with every text on one bounded line and the confidence in hundredths."""
    indicators = (
        Indicator(one_line(one.text, SHORTEST_LINE), one_line(_no_brackets(one.evidence), 100))
        for one in verdict.indicators
    )
    unknowns = (one_line(unknown, SHORTEST_LINE) for unknown in verdict.unknowns)
    return Verdict(
        tier=verdict.tier,
        opinion=verdict.opinion,
        urgency=one_line(verdict.urgency, 80),
        situation=one_line(verdict.situation, LONGEST),
        indicators=tuple(one for one in indicators if one.text and one.evidence),
        context=one_line(verdict.context, LONGEST),
        action=one_line(verdict.action, LONGEST),
        confidence=round(verdict.confidence, 2),
        unknowns=tuple(unknown for unknown in unknowns if unknown),
    )


def verdict_schema(event: Event, pictures: int = 0) -> dict[str, Any]:
    """JSON schema of an answer about `event`: an indicator can only point at evidence that the event has, or at one of
    the `pictures` that were shown.

    Only features that the grammar backends of vLLM share (enum, maxLength, maxItems) are used.
    """
    line = {"type": "string", "minLength": 1, "maxLength": SHORTEST_LINE}
    paragraph = {"type": "string", "minLength": 1, "maxLength": LONGEST}
    indicator = _closed(
        {"text": line, "evidence": {"type": "string", "enum": [*evidence_names(event), *frame_names(pictures)]}}
    )
    return _closed(
        {
            "tier": {"type": "integer", "enum": [tier.value for tier in Tier]},
            "urgency": {"type": "string", "enum": list(URGENCIES.values())},
            "situation": paragraph,
            "indicators": {"type": "array", "items": indicator, "minItems": 1, "maxItems": MOST_INDICATORS},
            "context": paragraph,
            "action": paragraph,
            "confidence": {"type": "number", "enum": _CONFIDENCES},
            "unknowns": {"type": "array", "items": line, "maxItems": MOST_UNKNOWNS},
        }
    )


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _no_brackets(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")


def _first_problem(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply: expected one verdict object"
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "verdict"
    return f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}"
