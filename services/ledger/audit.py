"""An append-only record in which each entry carries the digest of the one before: a changed entry shows."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, text

from services.ledger.tables import audit
from services.vocabulary import UnixSeconds

SWEPT = "audit.swept"
"""Kind of the entry that says which entry was the last one to be removed when its retention ended."""

_CHAIN_LOCK = 0x0A77_0E02


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry; `body` is JSON and holds personal data."""

    number: int
    kind: str
    at: UnixSeconds
    body: str


class AuditRepository:
    """The audit chain; every room appends, nobody changes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, kind: str, body: str, now: UnixSeconds) -> str:
        """Add an entry (`body` is JSON); its digest."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
        last = select(audit.c.digest).order_by(audit.c.number.desc()).limit(1)
        previous = self._connection.scalar(last) or ""
        digest = _digest(previous, kind, now, body)
        row = {"kind": kind, "at": float(now), "body": body, "previous": previous, "digest": digest}
        self._connection.execute(audit.insert().values(**row))
        return digest

    def page(self, before: int | None, limit: int, kind: str | None = None, about: str = "") -> list[AuditEntry]:
        """Entries before a number, newest first; `kind`: of that kind alone, `about`: whose body holds the text."""
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.number < before)
        if kind:
            query = query.where(audit.c.kind == kind)
        if about:
            query = query.where(audit.c.body.contains(about, autoescape=True))
        return [AuditEntry(row.number, row.kind, row.at, row.body) for row in self._connection.execute(query)]

    def verify(self) -> int | None:
        """The number of the first entry that was changed, or before which one is missing; None when all is well."""
        previous: str | None = None
        swept = set(self._connection.scalars(select(audit.c.body).where(audit.c.kind == SWEPT)))
        for row in self._connection.execute(select(audit).order_by(audit.c.number)):
            known_start = row.previous == "" or row.previous in swept
            if not known_start if previous is None else row.previous != previous:
                return int(row.number)
            if row.digest != _digest(row.previous, row.kind, row.at, row.body):
                return int(row.number)
            previous = row.digest
        return None

    def sweep(self, before: UnixSeconds, now: UnixSeconds) -> int:
        """Remove entries older than `before` and say so in the chain; how many."""
        newest = self._connection.scalar(select(func.max(audit.c.number)).where(audit.c.at < before))
        if newest is None:
            return 0
        digest = self._connection.scalar(select(audit.c.digest).where(audit.c.number == newest))
        self.append(SWEPT, str(digest), now)
        return self._connection.execute(delete(audit).where(audit.c.number <= newest)).rowcount


def _digest(previous: str, kind: str, at: UnixSeconds, body: str) -> str:
    return hashlib.sha256("\x1f".join((previous, kind, repr(float(at)), body)).encode()).hexdigest()
