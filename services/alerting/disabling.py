"""What follows when a receiver says that it is gone: nothing goes there any more, and every other receiver hears it."""

import json
import uuid
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting import metrics
from services.alerting.chains import Chains
from services.alerting.in_order import disabled
from services.alerting.message import NOTE, stamp
from services.ledger import AuditRepository, DeliveryRepository, Dispatch, EndpointNow, EndpointRepository
from services.vocabulary import Notice, UnixSeconds

RECEIVER_DISABLED, RECEIVER_ENABLED = "receiver.disabled", "receiver.enabled"
"""In the audit chain."""
_NAMESPACE = uuid.UUID("7d0f3a52-1c9b-5f53-9a0a-4f0f8e6a2c11")


def disable(connection: Connection, receiver: str, why: str, now: UnixSeconds, chains: Chains) -> None:
    """Stop sending to a receiver and tell the others so; one that is disabled already stays so."""
    known = EndpointRepository(connection).get(receiver)
    if known.disabled_at is not None:
        return
    EndpointRepository(connection).save(replace(known, disabled_at=now, why=why, enabled_by=""), now)
    AuditRepository(connection).append(RECEIVER_DISABLED, json.dumps({"receiver": receiver, "why": why}), now)
    metrics.DISABLED.inc()
    gone = disabled(connection)
    for other in chains.receivers:
        if other.name not in gone:
            DeliveryRepository(connection).queue(_word(receiver, other.name, why, now))


def enable(connection: Connection, receiver: str, by: str, now: UnixSeconds) -> None:
    """A person says that a receiver is there again; the audit chain has who."""
    EndpointRepository(connection).save(EndpointNow(receiver, enabled_by=by), now)
    AuditRepository(connection).append(RECEIVER_ENABLED, json.dumps({"receiver": receiver, "by": by}), now)


def _word(receiver: str, to: str, why: str, now: UnixSeconds) -> Dispatch:
    data = {
        "receiver": receiver, "why": why, "headline": f"The receiver {receiver} takes no alerts any more ({why}).",
        "remedy": "Repair it, then enable it on the page's interface or with attune alerts enable.", "note": NOTE,
    }  # fmt: skip
    body = json.dumps({"type": Notice.RECEIVER_DISABLED.value, "timestamp": stamp(now), "data": data})
    message = str(uuid.uuid5(_NAMESPACE, f"{receiver}\x1f{now!r}"))
    return Dispatch(message, "", Notice.RECEIVER_DISABLED, to, body, now, now)
