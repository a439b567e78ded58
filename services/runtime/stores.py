"""The doctor's look at what keeps the ledger and the queue: it logs in, asks the time and tries to write.

For `attune doctor`, and for the page of operations.
"""

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from services.runtime.clock import SystemClock
from services.runtime.findings import Finding, Grade, first_line, unwritable
from services.runtime.settings import LedgerSettings, SettingError, load
from services.vocabulary.time import Seconds, UnixSeconds

ANSWER_S: Seconds = 3.0
APART_S: Seconds = 2.0
"""Clocks further apart than this mix up what happened when (source: guess; samples are one second long)."""
OLDEST_REDIS = (6, 2)
"""The first version that lists pending messages by idle time."""
_ASK = """
SELECT extract(epoch FROM clock_timestamp())::float8, current_setting('server_version'), current_schema(),
       to_regclass('alembic_version') IS NOT NULL, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
"""


def look(settings: LedgerSettings | None = None) -> Iterator[Finding]:
    """Database, Redis and history folder, as these settings, or those of this shell, name them."""
    try:
        settings = settings or load(LedgerSettings)
    except SettingError as error:
        yield Finding("settings", Grade.BAD, str(error), "correct or unset the variable")
        return
    if urlsplit(settings.database_url).scheme.startswith("sqlite"):
        yield sqlite(settings.database_url)
    else:
        yield from postgresql(settings.database_url)
    if settings.redis_url:
        yield from redis_streams(settings.redis_url, settings.queue_prefix)
    else:
        yield Finding("redis", Grade.NOTE, "not set: the queue lives in the database", "")
    problem = unwritable(settings.history_folder)
    yield Finding("history folder", Grade.BAD if problem else Grade.GOOD, problem or "can be written",
                  "correct ATTUNE_HISTORY_FOLDER, or its owner" if problem else "")  # fmt: skip


def disk(folder: Path, needed_gb: float = 4.0) -> Finding:
    """Whether there is room where a folder lies, or will."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    good = free >= needed_gb
    return Finding("disk", Grade.GOOD if good else Grade.BAD, f"{free:.1f} GB free",
                   "" if good else f"free at least {needed_gb:.0f} GB")  # fmt: skip


def sqlite(url: str) -> Finding:
    """Whether the file is a database that can be written, or can be made."""
    remedy = "correct ATTUNE_DATABASE_URL (sqlite:///path/to/file.db), or the file's owner"
    file = Path(urlsplit(url).path[1:])
    if not file.name:
        return Finding("database", Grade.BAD, f"{url!r} names no file", remedy)
    problem = unwritable(file.parent)
    if not problem and file.exists():
        problem = _refused_by(file)
    if problem:
        return Finding("database", Grade.BAD, problem, remedy)
    made = "" if file.exists() else " (made at first start)"
    return Finding("database", Grade.GOOD, f"SQLite in {file.parent.name or '.'}/, can be written{made}")


def _refused_by(file: Path) -> str:
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=ANSWER_S)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA user_version").fetchone()
            connection.rollback()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"{str(file)!r}: {error}"
    return ""


def postgresql(url: str) -> Iterator[Finding]:
    """Whether one can log in and make tables, and how far its clock is away."""
    try:
        from sqlalchemy import text
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import SQLAlchemyError

        from services.runtime.engine import DatabaseUrlError, open_engine
    except ImportError as error:
        yield Finding(
            "database", Grade.NOTE, f"not tried: {error}", "rooms with a ledger: pip install 'attune[ledger]'"
        )
        return
    try:
        engine = open_engine(
            make_url(url).update_query_dict({"connect_timeout": "3"}).render_as_string(hide_password=False)
        )
        with engine.connect() as connection:
            before = SystemClock().now()
            theirs, version, schema, made, may_make = connection.execute(text(_ASK)).one()
            after = SystemClock().now()
        engine.dispose()
    except DatabaseUrlError as error:
        yield Finding("database", Grade.BAD, str(error), "correct ATTUNE_DATABASE_URL")
        return
    except SQLAlchemyError as error:
        found = first_line(getattr(error, "orig", None) or error)
        yield Finding(
            "database", Grade.BAD, found, "start it, or correct ATTUNE_DATABASE_URL (user, password, database)"
        )
        return
    yield _rights(version, schema, made, may_make)
    yield beside("database", theirs, before, after)


def _rights(version: str, schema: str | None, made: bool, may_make: bool) -> Finding:
    if made or may_make:
        tables = "the ledger is there" if made else "the ledger is made at first start"
        return Finding("database", Grade.GOOD, f"PostgreSQL {version.split()[0]}: logged in, {tables}")
    where = f"in schema {schema!r}" if schema else "in any schema of the search path"
    return Finding("database", Grade.BAD, f"logged in, but this user may not make tables {where}",
                   "as owner of the database: GRANT CREATE ON SCHEMA … TO this user")  # fmt: skip


def redis_streams(url: str, prefix: str) -> Iterator[Finding]:
    """Whether it is a Redis that takes messages, and how far its clock is away."""
    try:
        import redis
    except ImportError as error:
        yield Finding("redis", Grade.NOTE, f"not tried: {error}", "rooms with a ledger: pip install 'attune[ledger]'")
        return
    probe = f"{prefix}doctor:{uuid.uuid4().hex}"
    try:
        with redis.Redis.from_url(url, protocol=2, socket_connect_timeout=ANSWER_S, socket_timeout=ANSWER_S) as client:
            client.ping()
            before = SystemClock().now()
            seconds, micros = client.time()
            after = SystemClock().now()
            version = str(client.info("server")["redis_version"])
            client.xadd(probe, {"probe": "1"})
            client.delete(probe)
    except ValueError as error:
        yield Finding("redis", Grade.BAD, first_line(error), "correct ATTUNE_REDIS_URL: redis://host:port/number")
        return
    except redis.RedisError as error:
        yield Finding("redis", Grade.BAD, f"{_place(url)} does not answer as a Redis that can be written: "
                      f"{first_line(error)}", "start it, or correct ATTUNE_REDIS_URL (port, password)")  # fmt: skip
        return
    yield _redis_version(version)
    yield beside("redis", seconds + micros / 1e6, before, after)


def _redis_version(version: str) -> Finding:
    known = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if known < OLDEST_REDIS:
        return Finding("redis", Grade.BAD, f"version {version}", "install Redis 6.2 or newer")
    return Finding("redis", Grade.GOOD, f"Redis {version}: takes messages")


def _place(url: str) -> str:
    """Where it is, without the password."""
    parts = urlsplit(url)
    return f"{parts.hostname or parts.path}:{parts.port or 6379}" if parts.scheme != "unix" else parts.path


def beside(what: str, theirs: UnixSeconds, before: UnixSeconds, after: UnixSeconds) -> Finding:
    """How far another clock is from this one, which was read before and after it answered."""
    apart = max(0.0, before - theirs, theirs - after)
    if apart > APART_S:
        side = "behind" if theirs > after else "ahead of"
        return Finding(f"clock beside {what}", Grade.BAD, f"this clock is {apart:.1f} s {side} the one of the {what}",
                       "set both clocks (NTP)")  # fmt: skip
    return Finding(f"clock beside {what}", Grade.GOOD, f"less than {apart + 0.1:.1f} s apart")
