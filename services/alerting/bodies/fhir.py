"""FHIR R4 resources for clinical systems: a Communication per message, or a Flag per alert."""

from typing import Any

_SYSTEM = "urn:attune"
_PRIORITY = {1: "stat", 2: "urgent"}
_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_TEST = {"meta": {"tag": [{"system": _ACT_REASON, "code": "HTEST", "display": "test health data"}]}}
"""How FHIR marks what is a test (source: FHIR R4, Resource.meta.tag)."""


def communication(message: dict[str, Any], _: str) -> dict[str, Any]:
    """The message as a FHIR `Communication` of category alert."""
    data, kind = message["data"], message["type"]
    words = [data.get("headline", ""), data.get("happened", ""), data.get("page", ""), data.get("note", "")]
    about = data.get("alert") or data.get("receiver") or data.get("canary") or data.get("agent", "")
    over = kind in ("alert.resolved", "alert.test", "canary.returned")
    made = {
        "resourceType": "Communication", "status": "completed" if over else "in-progress",
        "identifier": [{"system": f"{_SYSTEM}:alert", "value": about}],
        "category": [_coded("communication-category", "alert", "Alert")],
        "priority": _PRIORITY.get(data.get("tier"), "routine"), "sent": message["timestamp"],
        "topic": {"text": kind}, "payload": [{"contentString": word} for word in words if word],
    }  # fmt: skip
    return made | _subject(data) | (_TEST if kind == "alert.test" else {})


def flag(message: dict[str, Any], receiver: str) -> dict[str, Any]:
    """The alert as a FHIR `Flag` on the resident; what is about nobody is a Communication, which needs no subject."""
    data, kind = message["data"], message["type"]
    if not data.get("alert") or not (data.get("resident") or data.get("room")):
        return communication(message, receiver)
    over = kind == "alert.resolved"
    tier = {"system": f"{_SYSTEM}:tier", "code": str(data.get("tier", ""))}
    period = {"start": data["opened_at"]} | ({"end": data["ended_at"]} if data.get("ended_at") else {})
    made = {
        "resourceType": "Flag", "status": "inactive" if over else "active",
        "identifier": [{"system": f"{_SYSTEM}:alert", "value": data["alert"]}],
        "category": [_coded("flag-category", "safety", "Safety")],
        "code": {"coding": [tier], "text": data["headline"]},
        "period": period,
    }  # fmt: skip
    return made | _subject(data)


def _subject(data: dict[str, Any]) -> dict[str, Any]:
    who, room = data.get("resident"), data.get("room")
    if not who and not room:
        return {}
    kind, value = ("resident", who) if who else ("room", room)
    shown = {"display": f"Room {room}"} if room else {}
    return {"subject": {"identifier": {"system": f"{_SYSTEM}:{kind}", "value": value}} | shown}


def _coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code, "display": display}]}
