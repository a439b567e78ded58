"""Holds back what somebody asked to be quiet about, for as long; tier 1 only where a second person agreed."""

from sqlalchemy import Connection

from services.alerting.stage import Hold, Telling
from services.ledger import SilenceRepository
from services.vocabulary import Seconds, Tier, UnixSeconds

AGAIN_S: Seconds = 30.0
"""How soon it is looked at again, since a silence may be ended early (source: guess)."""


def silence(connection: Connection, now: UnixSeconds, telling: Telling) -> Hold | None:
    """Hold an alert of a silenced resident or room back; a technical one is about no resident and goes out."""
    alert = telling.alert
    if alert.technical:
        return None
    for quiet in SilenceRepository(connection).active(now):
        if quiet.covers(alert.resident, alert.room, alert.tier is Tier.IMMEDIATE):
            return Hold(min(now + AGAIN_S, quiet.ends_at), f"silenced by {quiet.by}: {quiet.reason}")
    return None
