"""The database migrates itself, keeps transactions whole, and refuses what it cannot be."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from services.ledger import AgentRepository, Database, DatabaseUrlError, OutboxRepository
from services.ledger.database import migration_settings
from services.ledger.tables import METADATA, outbox
from services.runtime import engine
from services.runtime.lifecycle import THREADS

pytestmark = pytest.mark.unit


def test_it_has_the_tables_that_the_code_expects_after_migrating(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_it_changes_nothing_when_the_schema_is_current(database: Database) -> None:
    with database.write() as connection:
        OutboxRepository(connection).add("event.changed", "e", "{}", 1.0)
    database.migrate()
    with database.read() as connection:
        assert len(OutboxRepository(connection).unpublished(10)) == 1


def test_it_can_go_back_to_an_empty_database_and_forward_again(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.migrate()
    with database.write() as connection:
        command.downgrade(migration_settings(connection), "base")
    with database.read() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    database.migrate()
    assert database.check() == ""


def test_it_keeps_nothing_of_a_transaction_that_fails(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        OutboxRepository(connection).add("event.changed", "e", "{}", 1.0)
        raise ZeroDivisionError
    with database.read() as connection:
        assert OutboxRepository(connection).unpublished(10) == []


def test_it_refuses_a_write_in_a_reading_transaction(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), database.read() as connection:
        OutboxRepository(connection).add("event.changed", "e", "{}", 1.0)
    with database.write() as connection:  # the connection that went back to the pool can write again
        OutboxRepository(connection).add("event.changed", "e", "{}", 1.0)


def test_it_shows_no_value_of_a_person_in_an_exception(database: Database) -> None:
    row = {"id": "i", "topic": "t", "key": "k", "body": "Mrs Smith", "created_at": None}
    with pytest.raises(DBAPIError) as failure, database.write() as connection:
        connection.execute(outbox.insert().values(**row))
    assert "Smith" not in f"{failure.value}{failure.value.orig}"


def test_it_reads_one_state_while_others_write(database: Database) -> None:
    with database.read() as reader:
        before = OutboxRepository(reader).unpublished(10)
        with database.write() as writer:
            OutboxRepository(writer).add("event.changed", "e", "{}", 1.0)
        assert OutboxRepository(reader).unpublished(10) == before == []


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "not understood"),
        ("nonsense", "not understood"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://root@127.0.0.1/x", "not understood|not supported"),
        ("postgresql://postgres@127.0.0.1/x", "not supported|not understood"),
    ],
)
def test_it_refuses_a_url_that_it_cannot_use(url: str, complaint: str) -> None:
    with pytest.raises(DatabaseUrlError, match=complaint) as refusal:
        Database(url)
    assert "expected sqlite:///" in str(refusal.value)


def test_it_says_in_one_line_what_is_wrong(sqlite_url: str) -> None:
    assert "no such table" in Database(sqlite_url).check()
    away = Database("postgresql+psycopg://postgres@127.0.0.1:1/nowhere").check()
    assert away.startswith("database does not answer") and "\n" not in away


def test_it_runs_sqlite_so_that_a_commit_survives_a_power_cut(sqlite_url: str) -> None:
    with Database(sqlite_url).read() as connection:
        facts = {name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")}
    assert facts == {"journal_mode": "wal", "synchronous": 2}


def _migrate(url: str, start: "multiprocessing.synchronize.Event") -> None:
    start.wait(20)
    Database(url).migrate()


def _write_many(url: str, start: "multiprocessing.synchronize.Event", writer: int, count: int) -> None:
    database = Database(url)
    start.wait(20)
    database.migrate()
    for number in range(count):
        with database.write() as connection:
            assert connection.scalar(select(outbox.c.number).limit(1)) != 0  # read first: a plain BEGIN fails here
            OutboxRepository(connection).add("event.changed", f"{writer}-{number}", "{}", float(number))


def _at_once(work: list[tuple[object, ...]]) -> list[int | None]:
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    processes = [context.Process(target=function, args=(url, start, *rest)) for function, url, *rest in work]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_it_lets_four_processes_migrate_and_then_write_one_sqlite_file(sqlite_url: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).parent.mkdir()
    assert _at_once([(_write_many, sqlite_url, writer, 50) for writer in range(4)]) == [0] * 4
    with Database(sqlite_url).read() as connection:
        numbers = [message.number for message in OutboxRepository(connection).unpublished(1000)]
    assert numbers == list(range(1, 201))


def test_it_lets_processes_migrate_one_empty_postgresql_at_once(postgres_schema: str) -> None:
    fresh = Database(postgres_schema)
    with fresh.write() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS " + _beside(postgres_schema)))
    url = postgres_schema.replace(_schema(postgres_schema), _beside(postgres_schema))
    try:
        assert _at_once([(_migrate, url)] * 2) == [0] * 2
        assert Database(url).check() == ""
    finally:
        with fresh.write() as connection:
            connection.execute(text(f"DROP SCHEMA {_beside(postgres_schema)} CASCADE"))


def _schema(url: str) -> str:
    return url[url.index("attune_") :]


def _beside(url: str) -> str:
    return f"{_schema(url)}_beside"


def test_it_lets_the_threads_of_one_process_take_turns_on_sqlite(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 0)  # a writer who meets another fails at once
    database = Database(sqlite_url)
    database.migrate()

    def write(number: int) -> None:
        for k in range(20):
            with database.write() as connection:
                AgentRepository(connection).seen(f"a{number}", float(k), "test", "e")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with database.read() as connection:
        assert [one.seen_at for one in AgentRepository(connection).all()] == [19.0] * 8


def test_every_thread_of_a_process_may_read_at_once(database: Database) -> None:
    inside = threading.Barrier(THREADS, timeout=60)

    def _look(_: int) -> None:
        with database.read() as connection:
            connection.execute(text("SELECT 1"))
            inside.wait()

    with ThreadPoolExecutor(THREADS) as pool:
        assert len(list(pool.map(_look, range(THREADS)))) == THREADS
