"""Keeps the versions of adapters, every step they took, what was found out about them and what they answered."""

from sqlalchemy import Connection, select

from services.ledger.tables import adapter_answers, adapter_moves, adapter_reports, adapters
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import AdapterAnswer, AdapterMove, AdapterReport, AdapterVersion


class AdapterRepository:
    """Versions of adapters; owner: vlm_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, version: AdapterVersion, move: AdapterMove) -> None:
        """Replace what is known of a version, together with the step that made it so."""
        row = {
            "served_name": version.served_name, "name": version.name, "state": version.state.value,
            "changed_at": version.changed_at, "body": to_json(version),
        }  # fmt: skip
        put(self._connection, adapters, row)
        step = {"served_name": move.served_name, "at": move.at, "body": to_json(move)}
        self._connection.execute(adapter_moves.insert().values(**step))

    def report(self, report: AdapterReport) -> None:
        """Replace the version's report of this kind."""
        row = {"served_name": report.served_name, "kind": report.kind, "at": report.at, "body": to_json(report)}
        put(self._connection, adapter_reports, row)

    def all(self) -> list[AdapterVersion]:
        """Every version that is known, the newest change first."""
        query = select(adapters.c.body).order_by(adapters.c.changed_at.desc(), adapters.c.served_name)
        return [from_json(AdapterVersion, body) for body in self._connection.scalars(query)]

    def get(self, served_name: str) -> AdapterVersion | None:
        """One version."""
        body = self._connection.scalar(select(adapters.c.body).where(adapters.c.served_name == served_name))
        return None if body is None else from_json(AdapterVersion, body)

    def moves(self, served_name: str | None = None) -> list[AdapterMove]:
        """The steps of one version, or of all, oldest first."""
        query = select(adapter_moves.c.body).order_by(adapter_moves.c.number)
        if served_name is not None:
            query = query.where(adapter_moves.c.served_name == served_name)
        return [from_json(AdapterMove, body) for body in self._connection.scalars(query)]

    def reports(self, served_name: str) -> list[AdapterReport]:
        """What was found out about a version, by kind."""
        query = select(adapter_reports.c.body).where(adapter_reports.c.served_name == served_name)
        return [from_json(AdapterReport, body) for body in self._connection.scalars(query.order_by("kind"))]

    def reports_of(self, kind: str) -> list[AdapterReport]:
        """What was found out about every version, of one kind."""
        query = select(adapter_reports.c.body).where(adapter_reports.c.kind == kind)
        return [from_json(AdapterReport, body) for body in self._connection.scalars(query)]


class AdapterAnswerRepository:
    """What versions answered to events of real days; owner: vlm_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, answer: AdapterAnswer) -> None:
        """Keep an answer."""
        row = {
            "served_name": answer.served_name, "role": answer.role.value, "event": answer.event, "at": answer.at,
            "body": to_json(answer),
        }  # fmt: skip
        self._connection.execute(adapter_answers.insert().values(**row))

    def of(self, served_name: str, since: float = 0.0, limit: int = 10_000) -> list[AdapterAnswer]:
        """The latest answers of a version since a time (Unix seconds), oldest first."""
        query = select(adapter_answers.c.body).where(
            adapter_answers.c.served_name == served_name, adapter_answers.c.at >= since
        )
        newest = self._connection.scalars(query.order_by(adapter_answers.c.number.desc()).limit(limit))
        return [from_json(AdapterAnswer, body) for body in reversed(list(newest))]
