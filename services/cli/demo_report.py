"""What a run of the demonstration did: gathered from the rooms' own records, never from the plan."""

import json
import statistics
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.cli.demo_plan import Plan
from services.cli.demo_story import Follower

Record = dict[str, Any]


def gather(plan: Plan, restarts: dict[str, int]) -> Record:
    """The JSON report. Times are Unix seconds; `second` is the clip's own time of an event, where there is a clip."""
    edge = [line for log in ("senses", "edge") for line in Follower(plan.folder / "logs" / f"{log}.log").lines()]
    started = {line["camera"]: line for line in edge if line.get("event") == "camera started"}
    live_from = min((line["at"] for line in started.values()), default=float("inf"))
    events = [_event(item, started) for item in _pages(plan, "events")]
    live = [event for event in events if event["opened_at"] >= live_from]
    alerts = _pages(plan, "alerts")
    received = list(Follower(plan.received).lines())
    return {
        "mode": plan.mode,
        "senses": _senses(edge),
        "history": [
            _pick(line, "camera", "hours", "samples") for line in edge if line.get("event") == "rehearsal written"
        ],
        **_totals(edge),
        "events": live,
        "events_per_tier": _per_tier(live),
        "events_in_simulated_history_per_tier": _per_tier([e for e in events if e["opened_at"] < live_from]),
        "assessments": [_assessment(plan, alert) for alert in alerts if alert.get("assessment")],
        "alerts": alerts,
        "alerts_delivered": sum(line["type"] == "alert.opened" and not line["duplicate"] for line in received),
        "alerts_told_twice": _told_twice(received),
        "opinions_delivered": len(_opinions(received)),
        "signatures": {
            "verified": sum(line["verified"] for line in received),
            "wrong": sum(not line["verified"] for line in received),
        },
        "onset_to_delivery_s": _onset_to_delivery(live, alerts),
        "restarts": restarts,
    }


def _told_twice(received: list[Record]) -> list[str]:
    """Alerts whose opening a receiver that honours the idempotency key got more than once."""
    openings = [line["alert"] for line in received if line["type"] == "alert.opened" and not line["duplicate"]]
    return sorted({alert for alert in openings if openings.count(alert) > 1})


def settled(plan: Plan) -> bool:
    """Whether every alert that is to be told has been told, every open question answered, and the answer received."""
    alerts, received = _pages(plan, "alerts"), list(Follower(plan.received).lines())
    opened, answered = {line["alert"] for line in received if line["type"] == "alert.opened"}, _opinions(received)
    return all(
        alert["status"] not in {"pending", "undelivered"}
        and alert.get("assessment")
        and (alert["id"] in answered or alert["id"] not in opened)
        for alert in alerts
        if alert["status"] != "missed"
    )


def _opinions(received: list[Record]) -> set[str]:
    """Alerts whose receiver has a second opinion: with the opening, where the answer was there first, or after it."""
    return {line["alert"] for line in received if line["opinion"]}


def _pages(plan: Plan, noun: str) -> list[Record]:
    found: list[Record] = []
    address: str | None = f"/api/v1/{noun}?limit=200"
    with httpx.Client(base_url=plan.page, trust_env=False, timeout=10) as client:
        while address:
            try:
                answer = client.get(address)
                answer.raise_for_status()
            except httpx.HTTPError:
                return found
            page = answer.json()
            found.extend(page["items"])
            address = f"/api/v1/{noun}?limit=200&before={page['next']}" if page.get("next") else None
    return found


def _event(item: Record, started: dict[str, Record]) -> Record:
    camera = started.get(item["resident"])
    second = item["opened_at"] - camera["at"] + camera["start_s"] if camera else None
    leading = sorted(item["terms"], key=lambda term: -(term["contribution"] or 0.0))
    return {
        **_pick(item, "id", "resident", "tier", "reason", "opened_at", "ended_at", "score", "threshold", "detector"),
        "second": round(second, 2) if second is not None else None,
        "terms": leading,
        "channels": [deviation["channel"] for deviation in item["deviations"]],
        "cues": sorted({cue["name"] for cue in item["evidence"]["cues"]}),
    }


def _assessment(plan: Plan, alert: Record) -> Record:
    try:
        answer = httpx.get(f"{plan.page}/api/v1/alerts/{alert['id']}", trust_env=False, timeout=10).json()
    except httpx.HTTPError:
        return {"alert": alert["id"]}
    made = answer.get("assessment") or {}
    return {"alert": alert["id"], **_pick(made, "reasoner", "verdict", "fallback_reason", "latency_s")}


def _senses(edge: list[Record]) -> list[Record]:
    ready = [
        {"sense": line["sense"], "provider": line["provider"]} for line in edge if line.get("event") == "sense ready"
    ]
    missing = [
        {"sense": line["sense"], "missing": line["reason"]} for line in edge if line.get("event") == "sense missing"
    ]
    return _unique([*ready, *missing])


def _unique(records: list[Record]) -> list[Record]:
    return [record for i, record in enumerate(records) if record not in records[:i]]


def _totals(edge: list[Record]) -> Record:
    """The edge agent's own totals, from the last time it stated them."""
    stated = [line for line in edge if line.get("event") == "agent totals"]
    keys = ("frames", "inferences", "samples_written", "samples_sent", "samples_acknowledged", "samples_dropped")
    return {key: stated[-1][key] if stated else None for key in keys}


def _per_tier(events: list[Record]) -> dict[str, int]:
    return {str(tier): sum(event["tier"] == tier for event in events) for tier in (1, 2, 3)}


def _onset_to_delivery(events: list[Record], alerts: list[Record]) -> Record:
    opened = {event["id"]: event["opened_at"] for event in events}
    took = [a["notified_at"] - opened[a["event"]] for a in alerts if a.get("notified_at") and a["event"] in opened]
    return {"each": [round(t, 3) for t in took], "median": round(statistics.median(took), 3) if took else None}


def _pick(record: Record, *keys: str) -> Record:
    return {key: record.get(key) for key in keys}


_SHOWN = (
    "frames", "inferences", "samples_written", "samples_acknowledged", "events_per_tier", "alerts_delivered",
    "alerts_told_twice", "opinions_delivered", "signatures", "onset_to_delivery_s", "restarts",
)  # fmt: skip


def show(summary: Record, console: Console) -> None:
    """The report as a person reads it."""
    table = Table(title=f"What happened (mode: {summary['mode']})", show_header=False)
    for what in _SHOWN:
        table.add_row(what.replace("_", " "), json.dumps(summary[what]))
    console.print(table)
    for event in summary["events"]:
        when = f"second {event['second']:.0f}" if event["second"] is not None else "live"
        leading = ", ".join(term["name"] for term in event["terms"][:3])
        heard = f"; heard: {', '.join(event['cues'])}" if event["cues"] else ""
        console.print(f"  tier {event['tier']} at {when}, {event['resident']}: {event['reason']} ({leading}{heard})")
