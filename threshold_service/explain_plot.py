"""Draws an event: score and speaking channels around its opening, with what is usual for the person."""

import itertools
import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from services.ledger.explained import Explained
from services.vocabulary import Explanation, describe
from threshold_service.explain_text import TIERS, moment, number
from threshold_service.statistics.arrays import Bools, Floats

CHANNELS = 5
BAND = 2.0
"""The band is the usual, plus and minus so many of the person's own spreads."""
GAP_S = 4.0
"""A longer silence leaves a gap in the line."""
COLOURS = {1: "#c4314b", 2: "#e08a1e", 3: "#8a94a6"}
LINE, USUAL, INK = "#235a93", "#cfe4dd", "#22303f"


def draw(known: Explained, file: Path) -> str:
    """Write the picture; says what is on it."""
    of, past = known.explanation, known.past
    names = _channels(known)
    figure = Figure(figsize=(11.0, 1.9 * (len(names) + 1) + 1.1), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(names) + 1, 1, sharex=True, squeeze=False)[:, 0]
    minutes = (past.time - of.opened_at) / 60.0
    _score(axes[0], minutes, past.score.astype(np.float64))
    for axis, name in zip(axes[1:], names, strict=True):
        _channel(axis, minutes, known, name)
    for axis in axes:
        _event(axis, minutes, past.tier.astype(int), _fired(of))
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8, colors=INK)
    last = max(float(past.time[-1]), of.opened_at) if len(past) else known.end
    axes[0].set_xlim((known.start - of.opened_at) / 60.0, (min(known.end, last + 10.0) - of.opened_at) / 60.0)
    axes[-1].set_xlabel("minutes from the opening", fontsize=9)
    if names:
        axes[-1].plot([], [], color=USUAL, linewidth=6, label=f"usual ± {BAND:g} spreads")
        axes[-1].legend(loc="upper left", fontsize=8, frameon=False)
    figure.suptitle(_title(of), fontsize=11, x=0.01, ha="left", color=INK)
    figure.savefig(file, dpi=110)
    return f"score and {len(names)} channels" if len(past) else "an empty frame, the history of these minutes is gone"


def _channels(known: Explained) -> list[str]:
    """Those that spoke, the largest contribution first; of an event without any, those furthest from their usual."""
    past = known.past
    spoke = [one.channel for one in known.explanation.deviations if one.channel in past.channels]
    if spoke:
        return spoke[:CHANNELS]
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.abs(past.values - past.usual) / past.spread
    seen = np.where(np.isfinite(away), away, -1.0).max(axis=0, initial=-1.0)
    judged = [i for i in np.argsort(-seen).tolist() if describe(past.channels[i]).judged and seen[i] >= 0.0]
    plain = [i for i, name in enumerate(past.channels) if np.isfinite(past.values[:, i]).any()]
    return [past.channels[i] for i in (judged or plain)[: CHANNELS - 2]]


def _score(axis: Axes, minutes: Floats, score: Floats) -> None:
    axis.plot(*_broken(minutes, score), color=INK, linewidth=1.0)
    axis.axhline(1.0, color=COLOURS[1], linewidth=1.0, linestyle=(0, (4, 2)))
    axis.text(0.995, 1.0, "tier-1 threshold", transform=axis.get_yaxis_transform(), ha="right", va="bottom",
              fontsize=8, color=COLOURS[1])  # fmt: skip
    axis.set_ylim(0.0, max(1.25, 1.08 * float(np.nanmax(score, initial=0.0))))
    axis.set_ylabel("score", fontsize=9)


def _channel(axis: Axes, minutes: Floats, known: Explained, name: str) -> None:
    past, column = known.past, known.past.channels.index(name)
    values, usual, spread = (
        block[:, column].astype(np.float64) for block in (past.values, past.usual, past.spread)
    )  # fmt: skip
    low, high = usual - BAND * spread, usual + BAND * spread
    least = describe(name).low
    if least is not None:
        low = np.maximum(low, least)
    if np.isfinite(usual).any():
        axis.fill_between(minutes, low, high, color=USUAL, linewidth=0.0)
        axis.plot(minutes, usual, color="#1f6257", linewidth=0.8)
    axis.plot(*_broken(minutes, values), color=LINE, linewidth=1.1)
    axis.set_ylabel(name, fontsize=9)
    for one in known.explanation.deviations:
        if one.channel == name:
            side = f"{number(one.z)} spreads, adds {number(one.contribution)}"
            axis.set_title(side, fontsize=8, loc="right", color=INK, pad=2)


def _fired(of: Explanation) -> float:
    """Minutes from the opening to the second that the score is of."""
    return (of.calibration.at - of.opened_at) / 60.0 if of.calibration is not None else 0.0


def _event(axis: Axes, minutes: Floats, tiers: "np.ndarray[tuple[int], np.dtype[np.int64]]", fired: float) -> None:
    """The seconds in which an event was open, the moment of the opening, and that of the last raise."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], tiers, [0]])))
    for first, after in itertools.pairwise(edges.tolist()):
        if tiers[first]:
            colour = COLOURS[int(tiers[first])]
            axis.axvspan(minutes[first], minutes[min(after, len(minutes) - 1)], color=colour, alpha=0.13, linewidth=0.0)
    axis.axvline(0.0, color=INK, linewidth=1.2, linestyle=(0, (5, 3)))
    if fired > 0.0:
        axis.axvline(fired, color=COLOURS[1], linewidth=1.4, linestyle=(0, (5, 3)))


def _broken(minutes: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The line with a gap wherever nothing came for longer than `GAP_S`."""
    holes: Bools = np.diff(minutes, prepend=minutes[:1]) > GAP_S / 60.0
    at = np.flatnonzero(holes)
    return np.insert(minutes, at, math.nan), np.insert(values, at, math.nan)


def _title(of: Explanation) -> str:
    fired = f"{of.reason.value} {number(of.score)} over {number(of.threshold)}"
    sure = " (provisional)" if of.provisional else ""
    opened = f"opened {moment(of.opened_at)} UTC"
    return f"{of.resident}: tier {TIERS[of.tier]}, {opened}\n{fired}{sure}, policy {of.policy_version}"
