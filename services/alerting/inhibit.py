"""Holds back an alert that another one tells already: a fall that of the bed left, a blind camera what it showed."""

import json
from typing import Any

from sqlalchemy import Connection

from services.alerting.headline import CUE_SHOWN, leading
from services.alerting.stage import Hold, Telling
from services.ledger import AgentRepository, AlertRepository, EventRepository
from services.vocabulary import CueName, Event, Reason, Seconds, Sense, Tier, UnixSeconds, describe

AGAIN_S: Seconds = 15.0
"""How soon it is looked at again whether what inhibits still stands (source: guess)."""
LEFT_BED = "pose.out_of_bed"
_FALLS = (CueName.FALL, CueName.FALL_NOISE)
_SEEN = (Sense.FACE, Sense.EXPRESSION, Sense.POSE, Sense.MOTION)


def inhibit(connection: Connection, now: UnixSeconds, telling: Telling) -> Hold | None:
    """Hold a tier 2 back while the alert that tells the same stands and somebody was told of it. Never a tier 1."""
    alert, event = telling.alert, telling.event
    if alert.tier is Tier.IMMEDIATE or alert.technical:
        return None
    if left_bed(event):
        for other in AlertRepository(connection).open_near(alert.resident, ""):
            source = EventRepository(connection).get(other.event) if other.notified_at is not None else None
            if other.id != alert.id and source is not None and fell(source):
                return Hold(now + AGAIN_S, f"inhibited: a fall is told of already (alert {other.id})")
    if only_seen(event) and (camera := _blind(connection, event)):
        return Hold(now + AGAIN_S, f"inhibited: camera {camera} shows nothing")
    return None


def fell(event: Event) -> bool:
    """Whether a fall was seen or heard."""
    return any(cue.name in _FALLS and cue.probability >= CUE_SHOWN for cue in event.evidence.cues)


def left_bed(event: Event) -> bool:
    """Whether the event is, first of all, that somebody has left the bed."""
    found = leading(event)
    heard = any(cue.probability >= CUE_SHOWN for cue in event.evidence.cues)
    return not heard and bool(found) and found[0].channel == LEFT_BED


def only_seen(event: Event) -> bool:
    """Whether all that speaks came from a camera; what was heard is never held back because of one."""
    heard = any(cue.probability >= CUE_SHOWN and cue.name is not CueName.FALL for cue in event.evidence.cues)
    spoke = [describe(deviation.channel).sense for deviation in leading(event)]
    return event.reason is not Reason.BLIND and not heard and bool(spoke) and all(sense in _SEEN for sense in spoke)


def _blind(connection: Connection, event: Event) -> str:
    """The camera of the event's resident that shows nothing now; empty: there is none."""
    for agent in AgentRepository(connection).all():
        cameras: Any = json.loads(agent.cameras) if agent.agent == event.position.agent else []
        for camera in cameras if isinstance(cameras, list) else []:
            if camera.get("blind") and event.resident in camera.get("residents", ()):
                return str(camera.get("camera", "?"))
    return ""
