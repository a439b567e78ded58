"""What people press: acknowledgements and feedback, each in one transaction with its message and its audit entry."""

import json
import uuid

from sqlalchemy import Connection

from services.console.models import FeedbackIn, ModeIn
from services.console.problems import Refused
from services.console.roles import May
from services.console.visitor import Visitor
from services.ledger import (
    Acknowledgement,
    AcknowledgementRepository,
    AlertRepository,
    AuditRepository,
    Database,
    FeedbackRepository,
    OutboxRepository,
    RosterRepository,
    StatusRepository,
)
from services.ledger.topics import ALERT_ACKNOWLEDGED, FEEDBACK_GIVEN, MODE_DECIDED
from services.runtime.codec import to_json
from services.runtime.links import Link
from services.vocabulary import Feedback, FeedbackVerdict, Mode, ModeDecision, UnixSeconds

HANDED_OVER = "handed_over"
"""In the audit chain, with a note for whoever comes next."""
_LINKS = uuid.UUID("3f1d7c02-9a6e-5c0b-8f2e-5b7d1e0a4c33")


def acknowledge(database: Database, alert_id: str, by: str, now: UnixSeconds, source: str) -> Acknowledgement:
    """Somebody takes an alert; the first one to do so stands, a later press changes nothing.

    Raises:
        Refused: no such alert.
    """
    with database.write() as connection:
        if AlertRepository(connection).get(alert_id) is None:
            raise Refused(404, "alert-unknown", "no alert has this id")
        known = AcknowledgementRepository(connection).of_alert(alert_id)
        if known:
            return known[0]
        word = AcknowledgementRepository(connection).record(alert_id, by, now, source)
        OutboxRepository(connection).add(ALERT_ACKNOWLEDGED, alert_id, to_json(word), now)
        AuditRepository(connection).append(ALERT_ACKNOWLEDGED, to_json(word), now)
        return word


def decide_mode(database: Database, resident: str, given: ModeIn, visitor: Visitor, now: UnixSeconds) -> ModeDecision:
    """Somebody decides how a resident is watched; the agent follows within seconds of hearing of it.

    Raises:
        Refused: no such resident, or affect without a consent that holds, a name, or a role that records consents.
    """
    by = visitor.named(given.by)
    if given.mode is Mode.AFFECT:
        if May.RECORD_CONSENT not in visitor.may:
            raise Refused(403, "role", f"Your role ({visitor.role}) may not {May.RECORD_CONSENT.value}.")
        if not given.consent.strip():
            raise Refused(422, "consent-missing", "expected the reference of the recorded consent", "consent")
        if given.consent_until is not None and given.consent_until <= now:
            raise Refused(422, "consent-over", "consent_until has passed: expected a time to come", "consent_until")
        by = visitor.answering(given.by)
    with database.write() as connection:
        if RosterRepository(connection).agent_of(resident) is None:
            raise Refused(404, "resident-unknown", "no resident has this id", "resident")
        consented = given.mode is Mode.AFFECT
        word = ModeDecision(
            resident, given.mode, now, by, given.consent.strip() if consented else "",
            given.consent_until if consented else None,
        )  # fmt: skip
        OutboxRepository(connection).add(MODE_DECIDED, resident, to_json(word), now)
        AuditRepository(connection).append(MODE_DECIDED, to_json(word), now)
        return word


def give_feedback(database: Database, given: FeedbackIn, visitor: Visitor, now: UnixSeconds) -> Feedback:
    """Keep a caregiver's word.

    Raises:
        Refused: it is about an alert or a resident that does not exist, or about the future.
    """
    if given.about_time is not None and given.about_time > now:
        raise Refused(
            422, "about-the-future", "about_time lies in the future: expected a time that has passed", "about_time"
        )
    with database.write() as connection:
        if given.verdict is FeedbackVerdict.MISSED:
            resident, about = given.resident or "", given.about_time if given.about_time is not None else now
            seated = RosterRepository(connection).agent_of(resident)
            if seated is None and StatusRepository(connection).get(resident) is None:
                raise Refused(404, "resident-unknown", "no resident has this id", "resident")
        else:
            alert = AlertRepository(connection).get(given.alert or "")
            if alert is None:
                raise Refused(404, "alert-unknown", "no alert has this id", "alert")
            resident, about = alert.resident, None
        word = Feedback(
            str(uuid.uuid4()), resident, given.verdict, now, visitor.named(given.by), given.alert or "", about,
            given.note.strip(),
        )  # fmt: skip
        FeedbackRepository(connection).record(word)
        _tell_of(connection, word, now)
        return word


def hand_over(database: Database, by: str, note: str, now: UnixSeconds) -> None:
    """Somebody ends their shift: the audit chain keeps who, when, and what they wrote for the next one."""
    with database.write() as connection:
        facts = {"by": by, "note": note.strip()}
        AuditRepository(connection).append(HANDED_OVER, json.dumps(facts), now)


def say_by_link(
    database: Database, link: Link, token: str, verdict: FeedbackVerdict, note: str, now: UnixSeconds
) -> Feedback:
    """Keep the word of whoever holds a link; the link is used up by it.

    Raises:
        Refused: no such alert, or the link was used before.
    """
    with database.write() as connection:
        alert = AlertRepository(connection).get(link.alert)
        if alert is None:
            raise Refused(404, "alert-unknown", "no alert has this id")
        word = Feedback(
            str(uuid.uuid5(_LINKS, token)), alert.resident, verdict, now, f"whoever got it by {link.receiver}",
            alert.id, note=note.strip(), via=link.receiver,
        )  # fmt: skip
        if not FeedbackRepository(connection).record(word):
            raise Refused(409, "link-used", "this link was used before: a word is given once")
        _tell_of(connection, word, now)
        return word


def confirm_feedback(database: Database, feedback_id: str, by: str, now: UnixSeconds) -> Feedback:
    """Somebody stands for a word that was given by a link: from now on it may weigh in a proposal.

    Raises:
        Refused: no such word.
    """
    with database.write() as connection:
        word = FeedbackRepository(connection).confirm(feedback_id, by)
        if word is None:
            raise Refused(404, "feedback-unknown", "no word has this id; GET /api/v1/feedback lists them")
        _tell_of(connection, word, now)
        return word


def _tell_of(connection: Connection, word: Feedback, now: UnixSeconds) -> None:
    OutboxRepository(connection).add(FEEDBACK_GIVEN, word.id, to_json(word), now)
    facts = {"id": word.id, "by": word.given_by, "confirmed_by": word.confirmed_by}
    AuditRepository(connection).append(FEEDBACK_GIVEN, json.dumps(facts), now)
