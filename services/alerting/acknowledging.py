"""Whether somebody took an alert: the word counts from the moment it was given, not from when alerting heard of it."""

from sqlalchemy import Connection

from services.alerting import standing
from services.ledger import AcknowledgementRepository
from services.vocabulary import Alert


def as_known(connection: Connection, alert: Alert) -> Alert:
    """The alert with the acknowledgement that the ledger holds already."""
    if alert.acknowledged_at is not None:
        return alert
    words = AcknowledgementRepository(connection).of_alert(alert.id)
    return standing.acknowledged(alert, words[0].by, words[0].at) if words else alert
