"""The doctor logs in to the real PostgreSQL and Redis, and is taken in by nothing else."""

import socket
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from services.runtime import stores
from services.runtime.findings import Finding, Grade

pytestmark = pytest.mark.unit


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_it_logs_in_to_postgresql_and_reads_its_clock(fresh_schema: str) -> None:
    database, clock = stores.postgresql(fresh_schema)
    assert (database.grade, clock.grade) == (Grade.GOOD, Grade.GOOD), (database, clock)
    assert "logged in, the ledger is made at first start" in database.found


def test_it_sees_a_ledger_that_is_there(fresh_schema: str) -> None:
    engine = create_engine(fresh_schema)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
    engine.dispose()
    assert "the ledger is there" in next(stores.postgresql(fresh_schema)).found


def test_it_refuses_a_user_that_may_not_make_tables(fresh_schema: str) -> None:
    user = f"attune_{uuid.uuid4().hex}"
    admin = create_engine(fresh_schema, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE USER {user} PASSWORD 'x'"))
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {user}"))
    try:
        url = make_url(fresh_schema).set(username=user, password="x").render_as_string(hide_password=False)
        found = next(stores.postgresql(url))
        assert found.grade is Grade.BAD
        assert "may not make tables in schema" in found.found
        assert "GRANT CREATE" in found.remedy
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"REVOKE ALL ON SCHEMA {schema} FROM {user}"))
            connection.execute(text(f"DROP USER {user}"))
        admin.dispose()


def test_it_names_a_database_that_does_not_exist(database_url: str) -> None:
    url = make_url(database_url).set(database="no_such_house").render_as_string(hide_password=False)
    found = only(stores.postgresql(url))
    assert found.grade is Grade.BAD
    assert "no_such_house" in found.found
    assert "ATTUNE_DATABASE_URL" in found.remedy


def test_it_names_a_user_that_does_not_exist(database_url: str) -> None:
    url = make_url(database_url).set(username="nobody_here", password="hunter2").render_as_string(hide_password=False)
    found = only(stores.postgresql(url))
    assert found.grade is Grade.BAD
    assert "nobody_here" in found.found
    assert "hunter2" not in str(found)


def test_it_does_not_take_redis_for_postgresql(redis_url: str) -> None:
    port = urlsplit(redis_url).port or 6379
    assert only(stores.postgresql(f"postgresql+psycopg://postgres@127.0.0.1:{port}/x")).grade is Grade.BAD


def test_it_says_that_nobody_listens() -> None:
    found = only(stores.postgresql(f"postgresql+psycopg://postgres@127.0.0.1:{unused()}/x"))
    assert found.grade is Grade.BAD
    assert "refused" in found.found


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/attune", "attune.db", "postgresql://127.0.0.1/attune"])
def test_it_refuses_another_database(url: str) -> None:
    found = only(stores.postgresql(url))
    assert found.grade is Grade.BAD
    assert "ATTUNE_DATABASE_URL" in found.remedy


def test_it_leaves_nothing_behind_in_redis(redis_url: str) -> None:
    prefix = f"attune:test:{uuid.uuid4().hex}:"
    answer, clock = stores.redis_streams(redis_url, prefix)
    assert (answer.grade, clock.grade) == (Grade.GOOD, Grade.GOOD), (answer, clock)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys(f"{prefix}*") == []


def test_it_looks_at_redis_own_port_when_none_is_named(redis_url: str) -> None:
    if (urlsplit(redis_url).port or 6379) != 6379:
        pytest.skip("needs the test Redis at its usual port")
    number = urlsplit(redis_url).path
    assert next(stores.redis_streams(f"redis://127.0.0.1{number}", "attune:test:")).grade is Grade.GOOD


def test_it_does_not_take_postgresql_for_redis(database_url: str) -> None:
    port = make_url(database_url).port or 5432
    found = only(stores.redis_streams(f"redis://127.0.0.1:{port}", "attune:test:"))
    assert found.grade is Grade.BAD
    assert f"127.0.0.1:{port} does not answer as a Redis" in found.found


def test_it_names_a_wrong_password_without_showing_it(redis_url: str) -> None:
    parts = urlsplit(redis_url)
    found = only(stores.redis_streams(f"redis://nurse:hunter2@{parts.netloc}", "attune:test:"))
    assert found.grade is Grade.BAD
    assert "password" in found.remedy
    assert "hunter2" not in str(found)


def test_it_does_not_wait_for_a_redis_that_says_nothing(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "ANSWER_S", 0.2)
    assert only(stores.redis_streams(f"redis://127.0.0.1:{silent}", "attune:test:")).grade is Grade.BAD


def test_it_refuses_an_address_that_is_no_redis() -> None:
    found = only(stores.redis_streams("http://127.0.0.1", "attune:test:"))
    assert "ATTUNE_REDIS_URL" in found.remedy


@pytest.mark.parametrize(("version", "grade"), [("7.0.15", Grade.GOOD), ("6.2.0", Grade.GOOD), ("5.0.7", Grade.BAD)])
def test_it_wants_a_redis_that_lists_what_is_pending(version: str, grade: Grade) -> None:
    assert stores._redis_version(version).grade is grade


def test_it_finds_sqlite_that_will_be_made_and_makes_nothing(tmp_path: Path) -> None:
    found = stores.sqlite(f"sqlite:///{tmp_path}/new/attune.db")
    assert found.grade is Grade.GOOD
    assert "made at first start" in found.found
    assert list(tmp_path.iterdir()) == []


def test_it_finds_sqlite_that_is_there(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "attune.db").execute("CREATE TABLE t (x)").connection.close()
    assert stores.sqlite(f"sqlite:///{tmp_path}/attune.db").grade is Grade.GOOD


def test_it_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "attune.db").write_text("dear diary, " * 100)
    found = stores.sqlite(f"sqlite:///{tmp_path}/attune.db")
    assert found.grade is Grade.BAD
    assert "not a database" in found.found


@pytest.mark.parametrize("path", ["/proc/attune.db", "/dev/null/attune.db", ""])
def test_it_refuses_a_place_where_nothing_can_be_written(path: str) -> None:
    found = stores.sqlite(f"sqlite:///{path}")
    assert found.grade is Grade.BAD
    assert "ATTUNE_DATABASE_URL" in found.remedy


@pytest.mark.parametrize(
    ("theirs", "grade", "says"),
    [
        (100.5, Grade.GOOD, "less than"),
        (103.5, Grade.BAD, "2.5 s behind"),
        (97.0, Grade.BAD, "3.0 s ahead of"),
    ],
)
def test_it_compares_the_clocks(theirs: float, grade: Grade, says: str) -> None:
    found = stores.beside("database", theirs, 100.0, 101.0)
    assert found.grade is grade
    assert says in found.found


def test_it_looks_at_what_the_shell_names(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path}/attune.db")
    monkeypatch.setenv("ATTUNE_REDIS_URL", redis_url)
    monkeypatch.setenv("ATTUNE_HISTORY_FOLDER", "/proc/history")
    grades = {finding.what: finding.grade for finding in stores.look()}
    assert grades == {
        "database": Grade.GOOD, "redis": Grade.GOOD, "clock beside redis": Grade.GOOD, "history folder": Grade.BAD,
    }  # fmt: skip


def test_it_notes_that_there_is_no_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path}/attune.db")
    assert {finding.what: finding.grade for finding in stores.look()}["redis"] is Grade.NOTE


def test_it_names_a_setting_that_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE", "x")
    assert "ATTUNE_DATABASE = 'x': unknown setting" in only(stores.look()).found


def test_it_says_how_much_disk_is_missing_also_where_the_folder_will_be_made(tmp_path: Path) -> None:
    assert stores.disk(tmp_path / "history" / "of", needed_gb=0.0).grade is Grade.GOOD
    short = stores.disk(tmp_path, needed_gb=1e9)
    assert short.grade is Grade.BAD and "free at least" in short.remedy
