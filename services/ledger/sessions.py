"""Who is signed in, by the digest of a token that only their browser holds, and who tried to sign in in vain."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from services.ledger.tables import sessions, sign_in_attempts
from services.ledger.upsert import insert_many, insert_new
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one person; `digest` is the SHA-256 of its token, in hex."""

    digest: str
    person: str
    started_at: UnixSeconds
    seen_at: UnixSeconds
    expires_at: UnixSeconds
    """However often it is seen, it ends here."""


class SessionRepository:
    """Sessions; owner: console."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, session: Session) -> None:
        """Keep a new session."""
        row = {
            "digest": session.digest, "person": session.person, "started_at": session.started_at,
            "seen_at": session.seen_at, "expires_at": session.expires_at,
        }  # fmt: skip
        insert_new(self._connection, sessions, row)

    def get(self, digest: str) -> Session | None:
        """One session, also one that is over."""
        row = self._connection.execute(select(sessions).where(sessions.c.digest == digest)).first()
        if row is None:
            return None
        return Session(row.digest, row.person, row.started_at, row.seen_at, row.expires_at)

    def touch(self, digest: str, now: UnixSeconds) -> None:
        """It was seen."""
        self._connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=float(now)))

    def end(self, digest: str) -> None:
        """Sign one browser out."""
        self._connection.execute(delete(sessions).where(sessions.c.digest == digest))

    def end_all(self, person: str) -> None:
        """Sign a person out everywhere."""
        self._connection.execute(delete(sessions).where(sessions.c.person == person))


class AttemptRepository:
    """Attempts to sign in, in vain; `name` is a digest, since people type passwords there; owner: console."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, name: str, address: str, now: UnixSeconds) -> None:
        """Keep an attempt, before it is known how it ends."""
        insert_many(self._connection, sign_in_attempts, [{"name": name, "address": address, "at": float(now)}])

    def since(self, then: UnixSeconds, name: str | None = None, address: str | None = None) -> int:
        """How many there were after a time, of one name, from one address, or of both."""
        query = select(func.count()).select_from(sign_in_attempts).where(sign_in_attempts.c.at > then)
        if name is not None:
            query = query.where(sign_in_attempts.c.name == name)
        if address is not None:
            query = query.where(sign_in_attempts.c.address == address)
        return self._connection.scalar(query) or 0

    def forget(self, name: str, address: str | None = None) -> None:
        """Nothing is held against a name any more: from one address, or from everywhere."""
        query = delete(sign_in_attempts).where(sign_in_attempts.c.name == name)
        if address is not None:
            query = query.where(sign_in_attempts.c.address == address)
        self._connection.execute(query)
