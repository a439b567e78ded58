"""Nouns for the ledger's tests: small, complete, with NaN where a sense was silent."""

from services.vocabulary import (
    Alert,
    AlertStatus,
    Assessment,
    Deviation,
    Event,
    Evidence,
    Indicator,
    Mode,
    Opinion,
    Position,
    Reason,
    Tier,
    Verdict,
    event_id,
)

NOON = 1_750_000_000.0


def event(sequence: int = 7, resident: str = "r1", revision: int = 1, at: float = NOON, **facts: object) -> Event:
    position = Position("agent-1", "0" * 32, sequence)
    plain = {
        "id": event_id(resident, position), "revision": revision, "resident": resident, "position": position,
        "opened_at": at, "updated_at": at + revision, "ended_at": None, "tier": Tier.URGENT,
        "reason": Reason.COMPOSITE, "detector": "cusum", "score": 1.25, "threshold": 1.0, "terms": (),
        "deviations": (Deviation("motion.ratio", 0.5, 0.1, float("nan"), 4.0, 0.3),),
        "evidence": Evidence(Mode.OBSERVABLES, 45.0), "policy_version": "shipped@1",
    }  # fmt: skip
    return Event(**plain | facts)  # type: ignore[arg-type]


def alert(number: int = 1, **facts: object) -> Alert:
    plain = {
        "id": f"alert-{number}", "event": f"event-{number}", "resident": "r1", "room": "12", "tier": Tier.URGENT,
        "status": AlertStatus.PENDING, "headline": "Room 12: restless for a minute", "opened_at": NOON + number,
        "created_at": NOON + number, "notify_not_before": NOON + number + 20,
    }  # fmt: skip
    return Alert(**plain | facts)  # type: ignore[arg-type]


def assessment(number: int = 1, event: str = "event-1", at: float = NOON) -> Assessment:
    verdict = Verdict(
        Tier.URGENT, Opinion.AGREED, "within minutes", "restless", (Indicator("motion up", "motion.ratio"),), "night",
        "look in", 0.6,
    )  # fmt: skip
    return Assessment(f"assessment-{number}", event, 1, at, "rules", "", "1", verdict)
