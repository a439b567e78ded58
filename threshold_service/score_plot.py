"""Draws a scored recording: the columns that spoke, their score, the threshold, and the events."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from threshold_service.recording import Recording
from threshold_service.scoring import Scored, Series
from threshold_service.statistics.arrays import Floats, Ints

COLUMNS = 4
POINTS = 4000
TIERS = {1: "#c4314b", 2: "#e08a1e", 3: "#8a94a6"}


def draw(recording: Recording, scored: Scored, found: tuple[Series, ...], file: Path) -> str:
    """Write a picture of the series with the most to tell; says which that is."""
    one = max(found, key=lambda series: (float((scored.tier[series.rows] > 0).any()), scored.score[series.rows].max()))
    columns = _loudest(recording, scored, one.rows)
    figure = Figure(figsize=(12, 2.2 * (len(columns) + 1) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(columns) + 1, 1, sharex=True, squeeze=False)[:, 0]
    when = (recording.times[one.rows] * 1e6).astype("datetime64[us]")
    for axis, column in zip(axes, columns, strict=False):
        kept = _kept(recording.values[one.rows, column])
        axis.plot(when[kept], recording.values[one.rows, column][kept], color="#3b5b8c", linewidth=0.8)
        axis.set_ylabel(recording.channels[column], fontsize=9)
    _scores(axes[-1], when, scored, one)
    for axis in axes:
        _events(axis, when, scored, one.rows)
        axis.axvspan(when[0], when[min(one.learning, len(when)) - 1], color="#eceff4", zorder=0)
        axis.margins(x=0)
        axis.spines[["top", "right"]].set_visible(False)
    locator: Any = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    named = one.resident or recording.channels[columns[0]]
    figure.suptitle(f"{named}: grey while learning, red tier 1, orange tier 2 (times in UTC)", fontsize=11)
    figure.savefig(file, dpi=110)
    return named


def _loudest(recording: Recording, scored: Scored, rows: Ints) -> list[int]:
    """The columns that were `top` where the score was highest, the most telling first."""
    best: dict[int, float] = {}
    names = {name: column for column, name in enumerate(recording.channels)}
    tops, scores = scored.top[rows], scored.score[rows]
    for name, column in names.items():
        spoke = tops == name
        best[column] = float(scores[spoke].max()) if spoke.any() else 0.0
    return sorted(best, key=lambda column: -best[column])[:COLUMNS]


def _kept(values: Floats) -> Ints:
    """Rows to draw: all, or of many the smallest and largest of each stretch, so that peaks stay."""
    n = len(values)
    if n <= POINTS:
        return np.arange(n)
    kept = []
    for part in np.array_split(np.arange(n), POINTS // 2):
        seen = part[np.isfinite(values[part])]
        if len(seen):
            kept += sorted({int(seen[values[seen].argmin()]), int(seen[values[seen].argmax()])})
    return np.array(kept, np.int64)


def _scores(axis: Axes, when: "np.ndarray[tuple[int], np.dtype[np.datetime64]]", scored: Scored, one: Series) -> None:
    scores = scored.score[one.rows]
    kept = _kept(scores)
    axis.plot(when[kept], scores[kept], color="#22303f", linewidth=0.8, label="score")
    threshold = np.where(scored.threshold[one.rows] < 1.0, scored.threshold[one.rows], np.nan)
    axis.plot(when, threshold, color="#e08a1e", linewidth=1.2, linestyle="--", label="threshold of the budget")
    axis.set_ylim(0.0, 1.02)
    axis.set_ylabel("score", fontsize=9)
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=2)


def _events(axis: Axes, when: "np.ndarray[tuple[int], np.dtype[np.datetime64]]", scored: Scored, rows: Ints) -> None:
    tiers = scored.tier[rows].astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], tiers, [0]])))
    for first, after in itertools.pairwise(edges.tolist()):
        if tiers[first]:
            last = when[min(after, len(when) - 1)]
            axis.axvspan(when[first], last, color=TIERS[int(tiers[first])], alpha=0.25, linewidth=1.0)
