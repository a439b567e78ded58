"""Pages of rows, newest first, that never lose a row between two pages."""

from typing import Any

from sqlalchemy import Column, Connection, Row, Select


def newest_first(
    connection: Connection, query: Select[Any], time: Column[Any], before: float | None, limit: int
) -> list[Row[Any]]:
    """Rows of `query` with `time` below `before` (None: no bound), newest first.

    Ask for the next page with the time of the last row: rows of that same instant are all on this page, which
    may therefore be longer than `limit`.
    """
    bounded = query if before is None else query.where(time < before)
    rows = list(connection.execute(bounded.order_by(time.desc()).limit(limit)))
    if len(rows) < limit or not rows:
        return rows
    last = getattr(rows[-1], time.name)
    above = [row for row in rows if getattr(row, time.name) != last]
    return above + list(connection.execute(query.where(time == last)))
