"""One row per resident and hour for what is too old to be kept second by second."""

import json
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from services.ledger.history.rows import HOUR_S, Floats, HistoryRows, HistoryWindow, named
from services.ledger.tables import history_hours
from services.ledger.upsert import put
from services.vocabulary import UnixSeconds


class HourRepository:
    """Hourly aggregates of score history; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, resident: str, hour: int, seconds: HistoryWindow) -> None:
        """Keep what remains of an hour: per channel count, mean, spread, extremes and usual; score and tier."""
        body = json.dumps(_summary(seconds), separators=(",", ":"))
        put(self._connection, history_hours, {"resident": resident, "hour": hour, "body": body})

    def between(self, resident: str, start: UnixSeconds, end: UnixSeconds) -> list[HistoryWindow]:
        """One row per hour whose end lies in start <= end of hour < end."""
        hours = history_hours.c
        # The row of hour h stands at its end, (h + 1) * 3600.
        query = select(hours.hour, hours.body).where(
            hours.resident == resident, (hours.hour + 1) * HOUR_S >= start, (hours.hour + 1) * HOUR_S < end
        )
        return [_row(hour, json.loads(body)) for hour, body in self._connection.execute(query.order_by(hours.hour))]


def _summary(seconds: HistoryWindow) -> dict[str, Any]:
    urgent = seconds.tier[seconds.tier > 0]
    return {
        "seconds": len(seconds),
        "score": {"mean": _mean(seconds.score), "highest": _extreme(np.fmax, seconds.score)},
        "tier": int(urgent.min()) if len(urgent) else 0,
        "channels": {name: _channel(seconds, i) for i, name in enumerate(seconds.channels)},
    }


def _channel(seconds: HistoryWindow, i: int) -> dict[str, float | int]:
    values = seconds.values[:, i]
    return {
        "n": int(np.isfinite(values).sum()), "mean": _mean(values), "sd": _spread(values),
        "low": _extreme(np.fmin, values), "high": _extreme(np.fmax, values),
        "usual": _mean(seconds.usual[:, i]), "spread": _mean(seconds.spread[:, i]),
    }  # fmt: skip


def _mean(values: Floats) -> float:
    seen = values[np.isfinite(values)].astype(np.float64)
    return float(seen.mean()) if len(seen) else float("nan")


def _spread(values: Floats) -> float:
    seen = values[np.isfinite(values)].astype(np.float64)
    return float(seen.std()) if len(seen) else float("nan")


def _extreme(of: np.ufunc, values: Floats) -> float:
    return float(of.reduce(values, initial=np.nan))


def _row(hour: int, summary: dict[str, Any]) -> HistoryWindow:
    channels = summary["channels"]

    def _wide(fact: str) -> Floats:
        return np.array([[channel[fact] for channel in channels.values()]], np.float32).reshape(1, len(channels))

    rows = HistoryRows(
        np.array([(hour + 1) * float(HOUR_S)]), _wide("mean"), _wide("usual"), _wide("spread"),
        np.array([summary["score"]["highest"]], np.float32), np.array([summary["tier"]], np.int8),
    )  # fmt: skip
    return named(tuple(channels), rows)
