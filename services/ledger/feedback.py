"""Keeps what people say about alerts."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, select, update

from services.ledger.tables import feedback
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import Feedback, UnixSeconds


class FeedbackRepository:
    """Feedback; owner: console."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, word: Feedback) -> bool:
        """Keep a word; False when its id is already kept (the first one stands)."""
        row = {
            "id": word.id, "resident": word.resident, "alert": word.alert, "given_at": word.given_at,
            "body": to_json(word),
        }  # fmt: skip
        return insert_new(self._connection, feedback, row)

    def get(self, feedback_id: str) -> Feedback | None:
        """One word."""
        body = self._connection.scalar(select(feedback.c.body).where(feedback.c.id == feedback_id))
        return None if body is None else from_json(Feedback, body)

    def confirm(self, feedback_id: str, by: str) -> Feedback | None:
        """Somebody stands for a word that was given by a link; None: there is no such word."""
        word = self.get(feedback_id)
        if word is None or word.counts:
            return word
        confirmed = replace(word, confirmed_by=by)
        change = update(feedback).where(feedback.c.id == feedback_id).values(body=to_json(confirmed))
        self._connection.execute(change)
        return confirmed

    def of_alert(self, alert_id: str) -> list[Feedback]:
        """What was said about an alert, newest first."""
        return self._all(limit=None, condition=feedback.c.alert == alert_id)

    def recent(self, limit: int) -> list[Feedback]:
        """The latest words, newest first."""
        return self._all(limit=limit, condition=None)

    def between(self, since: UnixSeconds, until: UnixSeconds, resident: str | None = None) -> list[Feedback]:
        """What was said in a span, about one resident where one is named, newest first."""
        inside = (feedback.c.given_at >= since) & (feedback.c.given_at < until)
        return self._all(
            limit=None, condition=inside if resident is None else inside & (feedback.c.resident == resident)
        )

    def _all(self, limit: int | None, condition: ColumnElement[bool] | None) -> list[Feedback]:
        query = select(feedback.c.body).order_by(feedback.c.given_at.desc(), feedback.c.id).limit(limit)
        if condition is not None:
            query = query.where(condition)
        return [from_json(Feedback, body) for body in self._connection.scalars(query)]
