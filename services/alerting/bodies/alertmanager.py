"""The webhook body of Prometheus Alertmanager, version 4, for receivers that read it already."""

from typing import Any

_NEVER = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for an end that has not come."""

_LABELS = ("resident", "room", "tier", "reason", "receiver", "agent")


def alertmanager(message: dict[str, Any], receiver: str) -> dict[str, Any]:
    """One message as one group with one alert; what ended is `resolved`, everything else `firing`."""
    data, kind = message["data"], message["type"]
    over = kind in ("alert.resolved", "canary.returned")
    ended = data.get("ended_at") if over else None
    status = "resolved" if over else "firing"
    labels = {"alertname": "AttuneAlert" if kind.startswith("alert.") else "AttuneTrouble", "notice": kind}
    labels |= {key: str(data[key]) for key in _LABELS if data.get(key)}
    labels["severity"] = {1: "critical", 2: "warning"}.get(data.get("tier"), "info")
    if kind == "alert.test":
        labels |= {"alertname": "AttuneTest", "test": "true", "severity": "none"}
    notes = {"summary": data.get("headline", ""), "happened": data.get("happened", ""), "note": data.get("note", "")}
    notes |= {"asked": asked["role"]} if (asked := data.get("asked")) else {}
    about = data.get("alert") or data.get("receiver") or data.get("canary") or data.get("agent", "")
    one = {
        "status": status, "labels": labels, "annotations": notes,
        "startsAt": data.get("opened_at", message["timestamp"]), "endsAt": ended or _NEVER,
        "generatorURL": data.get("page", ""), "fingerprint": about.replace("-", "")[:16],
    }  # fmt: skip
    group = {key: labels[key] for key in ("alertname", "room", "resident") if key in labels}
    key = "{}:{" + ", ".join(f'{name}="{value}"' for name, value in group.items()) + "}"
    page = data.get("page", "").partition("/alerts/")[0]
    return {
        "version": "4", "groupKey": key, "truncatedAlerts": 0, "status": status, "receiver": receiver,
        "groupLabels": group, "commonLabels": labels, "commonAnnotations": notes, "externalURL": page, "alerts": [one],
    }  # fmt: skip
