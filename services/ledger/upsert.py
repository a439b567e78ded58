"""Inserts that know what to do when the row is already there, on SQLite and PostgreSQL alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


def insert_new(connection: Connection, table: Table, row: Row) -> bool:
    """Insert `row` unless one of its unique keys is taken; whether it was inserted."""
    key = (connection.dialect.name, table.name, "insert_new", *row)
    if key not in _texts:
        statement = _insert(connection, table).on_conflict_do_nothing().returning(*table.primary_key)
        _texts[key] = _compiled(connection, statement, list(row))
    text, places = _texts[key]
    told: Any = tuple(row[name] for name in places) if places else dict(row)
    return connection.exec_driver_sql(text, told).first() is not None


def insert_many(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows of the same columns."""
    if rows:
        _execute(connection, lambda: table.insert().inline(), (table.name, "insert"), rows)


def put(connection: Connection, table: Table, rows: Row | Sequence[Row]) -> None:
    """Insert rows, each replacing the one of the same primary key."""
    rows = [rows] if isinstance(rows, Mapping) else rows
    if not rows:
        return
    _execute(connection, lambda: _replacing(connection, table, rows[0]), (table.name, "put"), rows)


def _replacing(connection: Connection, table: Table, row: Row) -> Any:
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in row if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


_texts: dict[tuple[str, ...], tuple[str, tuple[str, ...] | None]] = {}
"""By dialect, statement and names of columns: the text of the statement and the order of its parameters."""


def _execute(connection: Connection, build: Callable[[], Any], key: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Values go to the driver as they are: what SQLAlchemy does with each of many parameters takes longer than the
    insertion itself (measured), and no table has a type that it would have to translate."""
    key = (connection.dialect.name, *key, *rows[0])
    if key not in _texts:
        _texts[key] = _compiled(connection, build(), list(rows[0]))
    text, places = _texts[key]
    told: list[Any] = [tuple(row[name] for name in places) for row in rows] if places else [dict(row) for row in rows]
    connection.exec_driver_sql(text, told if len(told) > 1 else told[0])


def _compiled(connection: Connection, statement: Any, columns: list[str]) -> tuple[str, tuple[str, ...] | None]:
    compiled = statement.compile(dialect=connection.dialect, column_keys=columns)
    return compiled.string, tuple(compiled.positiontup) if compiled.positional else None


def _insert(connection: Connection, table: Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
