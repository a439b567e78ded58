"""The message a receiver gets: type, timestamp and data, as Standard Webhooks asks, in words and in facts."""

import json
import math
import uuid
from datetime import UTC, datetime
from typing import Any

from services.alerting.lateness import happened
from services.alerting.stage import Telling
from services.vocabulary import Asked, Assessment, Notice, Seconds, Tier, UnixSeconds

TIERS = {Tier.IMMEDIATE: "immediate", Tier.URGENT: "urgent", Tier.MONITOR: "monitor"}
NOTE = "Decision support: a person decides."


def message_id(alert: str, notice: Notice, occasion: str) -> str:
    """UUIDv5, equal for every attempt and on every replay: the idempotency key."""
    return str(uuid.uuid5(uuid.UUID(alert), f"{notice.value}\x1f{occasion}"))


def compose(telling: Telling, now: UnixSeconds, page_url: str, ask: str = "") -> str:
    """The message of a telling as JSON text, still without its age, which `dated` adds at each attempt. `ask` is
    the link by which its recipient may say whether it was right."""
    alert, event = telling.alert, telling.event
    data = {
        "alert": alert.id, "event": alert.event, "resident": alert.resident, "room": alert.room,
        "tier": alert.tier.value, "urgency": TIERS[alert.tier], "headline": alert.headline,
        "opened_at": stamp(alert.opened_at), "ended_at": _or_none(alert.resolved_at),
        "mode": event.evidence.mode.value, "learning": event.learning, "reason": event.reason.value,
        "change": telling.occasion if telling.notice is Notice.AMENDED else "",
        "assessment": None if telling.assessment is None else _opinion(telling.assessment),
        "asked": None if telling.asked is None else _asked(telling.asked),
        "others": [{"alert": o.id, "resident": o.resident, "headline": o.headline} for o in telling.others],
        "page": f"{page_url.rstrip('/')}/alerts/{alert.id}", "note": NOTE,
    }  # fmt: skip
    if ask:
        data["links"] = {"was_it_right": ask}
    return json.dumps({"type": telling.notice.value, "timestamp": stamp(now), "data": data}, allow_nan=False)


def dated(body: str, age_s: Seconds) -> str:
    """The message as it is sent now: how old what it tells is, in seconds and, once it matters, in words."""
    message: dict[str, Any] = json.loads(body)
    message["data"] |= {"late_s": round(age_s, 3), "happened": happened(age_s)}
    return json.dumps(message, separators=(",", ":"), sort_keys=True, allow_nan=False)


def says_ended(body: str) -> bool:
    """Whether the message told that the event is over."""
    return json.loads(body)["data"]["ended_at"] is not None


def stamp(at: UnixSeconds) -> str:
    """UTC in ISO 8601, to the millisecond.

    >>> stamp(0.0)
    '1970-01-01T00:00:00.000Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _or_none(at: UnixSeconds | None) -> str | None:
    return None if at is None else stamp(at)


def _opinion(assessment: Assessment) -> dict[str, Any]:
    verdict, made = assessment.verdict, assessment.grounding
    return {
        "reasoner": assessment.reasoner, "opinion": verdict.opinion.value, "tier": verdict.tier.value,
        "urgency": verdict.urgency, "situation": verdict.situation, "action": verdict.action,
        "confidence": _finite(verdict.confidence), "unknowns": list(verdict.unknowns),
        "indicators": [indicator.text for indicator in verdict.indicators],
        "checked": len(made.claims), "borne_out": _finite(made.share),
        "contradictions": [f"{claim.words}: {claim.why}" for claim in made.contradictions],
    }  # fmt: skip


def _asked(asked: Asked) -> dict[str, Any]:
    return {"role": asked.role, "by": list(asked.channels), "because": asked.turn.value, "at": stamp(asked.at)}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
