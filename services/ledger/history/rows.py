"""Score history as arrays: one row per judged second, joined and cut without losing a channel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOUR_S = 3600

Floats = NDArray[np.float32]


class HistoryRefused(ValueError):
    """Rows whose arrays do not fit together."""


@dataclass(frozen=True, slots=True)
class HistoryRows:
    """n rows of c channels: `time` (n,) Unix seconds; `values`, `usual` and `spread` (n, c), NaN is absence; `score`
    (n,); `tier` (n,), 0 where no event was open.

    Raises:
        HistoryRefused: arrays of unequal length, or a time that is no finite number.
    """

    time: NDArray[np.float64]
    values: Floats
    usual: Floats
    spread: Floats
    score: Floats
    tier: NDArray[np.int8]

    def __post_init__(self) -> None:
        n = len(self.time)
        for name in ("values", "usual", "spread"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape[0] != n or shape[1] != self.values.shape[1]:
                raise HistoryRefused(f"history {name} has shape {shape}: expected ({n}, channels), one row per time")
        for name in ("score", "tier"):
            if getattr(self, name).shape != (n,):
                raise HistoryRefused(f"history {name} has shape {getattr(self, name).shape}: expected ({n},)")
        if not np.isfinite(self.time).all():
            raise HistoryRefused("history time holds a value that is no finite number: expected Unix seconds")

    def __len__(self) -> int:
        return len(self.time)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "HistoryRows":
        """The rows of a mask, of indices or of a slice."""
        return HistoryRows(*(getattr(self, name)[chosen] for name in HistoryRows.__slots__))


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """Rows of one resident in the order of time with the channels their columns mean.

    Seconds that are older than the raw retention come as one row per hour: its end, means, the highest score and the
    most urgent tier.
    """

    channels: tuple[str, ...]
    time: NDArray[np.float64]
    values: Floats
    usual: Floats
    spread: Floats
    score: Floats
    tier: NDArray[np.int8]

    def __post_init__(self) -> None:
        if self.values.ndim == 2 and self.values.shape[1] != len(self.channels):
            raise HistoryRefused(
                f"history rows have {self.values.shape[1]} columns: expected {len(self.channels)}, one per channel"
            )
        self.rows  # noqa: B018 - checks that the arrays fit together

    def __len__(self) -> int:
        return len(self.time)

    @property
    def rows(self) -> HistoryRows:
        """The arrays without their names."""
        return HistoryRows(self.time, self.values, self.usual, self.spread, self.score, self.tier)


def named(channels: Sequence[str], rows: HistoryRows) -> HistoryWindow:
    """Rows with the names of their columns.

    Raises:
        HistoryRefused: as many names as columns are expected, each once.
    """
    if len(set(channels)) != len(channels):
        raise HistoryRefused(f"history channels {list(channels)} repeat a name: expected each once")
    return HistoryWindow(tuple(channels), rows.time, rows.values, rows.usual, rows.spread, rows.score, rows.tier)


def empty() -> HistoryWindow:
    """A window without rows."""
    none = np.empty((0, 0), np.float32)
    return HistoryWindow(
        (), np.empty(0), none, none, none, np.empty(0, np.float32), np.empty(0, np.int8)
    )  # fmt: skip


def join(parts: Sequence[HistoryWindow]) -> HistoryWindow:
    """One window of all parts over the union of their channels (NaN where a part has none), in the order of time.

    Where several parts tell about the same time, the last part wins.
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        return empty()
    channels = tuple(dict.fromkeys(name for part in parts for name in part.channels))
    time = np.concatenate([part.time for part in parts])
    # np.unique finds first occurrences, so the last part is made the first.
    _, latest = np.unique(time[::-1], return_index=True)
    chosen = len(time) - 1 - latest
    values, usual, spread = (
        np.concatenate([_widened(part, name, channels) for part in parts])[chosen] for name in _WIDE
    )
    score = np.concatenate([part.score for part in parts])[chosen]
    tier = np.concatenate([part.tier for part in parts])[chosen]
    return HistoryWindow(channels, time[chosen], values, usual, spread, score, tier)


def between(part: HistoryWindow, start: float, end: float) -> HistoryWindow:
    """The rows with start <= time < end."""
    inside = (part.time >= start) & (part.time < end)
    return part if inside.all() else named(part.channels, part.rows.take(inside))


_WIDE = ("values", "usual", "spread")


def _widened(part: HistoryWindow, name: str, channels: tuple[str, ...]) -> Floats:
    if part.channels == channels:
        columns: Floats = getattr(part, name)
        return columns
    wide = np.full((len(part), len(channels)), np.nan, np.float32)
    wide[:, [channels.index(channel) for channel in part.channels]] = getattr(part, name)
    return wide
