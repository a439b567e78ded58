"""One resident's last 24 hours: what was measured against what is usual for them at that hour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape

import numpy as np

from services.console import plots, words
from services.console.language import say
from services.console.plots import HEIGHT, LEFT, TOP, WIDTH, Frame, Trace
from services.console.room import Room
from services.ledger.history import HistoryWindow, window
from services.vocabulary import Event, Mode, Resident, Seconds, UnixSeconds, describe

HOURS = 24
CELL_S: Seconds = 600.0
"""What is drawn as one point: the middle value of ten minutes."""
SEEN = 0.05
"""A channel is drawn where it was measured in at least this share of the day."""
MOST = 4
CHOSEN = (
    "motion.ratio", "audio.loudness", "pose.restlessness", "affect.valence", "audio.speech", "pose.speed",
    "pose.out_of_bed", "motion.erratic", "audio.vocal_energy", "affect.arousal",
)  # fmt: skip
"""What tells most of somebody's day, in this order."""


@dataclass(frozen=True, slots=True)
class DayPlot:
    """One drawn channel."""

    name: str
    svg: str


def course(room: Room, resident: Resident, now: UnixSeconds) -> list[Trace]:
    """The channels that tell most of the day, in ten minutes a point; an hour is read at a time."""
    shown = [c for c in CHOSEN if resident.mode is Mode.AFFECT or not describe(c).affect_only]
    first = math.floor(now / 3600.0) - HOURS + 1
    parts = []
    for hour in range(first, first + HOURS):
        past = window(room.database, room.history, resident.id, hour * 3600.0, (hour + 1) * 3600.0, shown)
        parts.append({name: _cells(past, name, hour * 3600.0) for name in shown if name in past.channels})
    none = _none()
    time = np.asarray(first * 3600.0 + CELL_S * (np.arange(HOURS * len(none[0])) + 0.5), np.float64)
    traces = []
    for name in shown:
        values, usual, spread = (np.concatenate([part.get(name, none)[i] for part in parts]) for i in range(3))
        traces.append(Trace(name, time, values, usual, spread))
    return [one for one in traces if np.isfinite(one.values).mean() >= SEEN][:MOST]


def drawn(traces: Sequence[Trace], events: Sequence[Event], now: UnixSeconds, zone: tzinfo) -> list[DayPlot]:
    """Each channel as SVG text, over the same hours; colours come from the style sheet."""
    found = [(words.channel(one.name), _plot(one, events, now, zone)) for one in traces]
    return [DayPlot(name, svg) for name, svg in found if svg]


def _plot(trace: Trace, events: Sequence[Event], now: UnixSeconds, zone: tzinfo) -> str:
    start = float(trace.time[0]) - CELL_S / 2
    framed = plots.frame_of(trace, start, start + HOURS * 3600.0, describe(trace.name).low)
    if framed is None:
        return ""
    frame, bottom, top = framed
    title = say("{channel} over the last 24 hours, with what is usual at each hour", channel=words.channel(trace.name))
    return "".join([
        f'<svg class="plot day" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(title)}</title>',
        *plots.levels(frame), *_hours(frame, zone), plots.band(frame, trace.time, bottom, top),
        *_bars(frame, events, now),
        f'<path class="line" d="{plots.path(frame, trace.time, trace.values, 1.5)}"/></svg>',
    ])  # fmt: skip


def _hours(frame: Frame, zone: tzinfo) -> list[str]:
    """A line at 0, 6, 12 and 18 by the house's clock, also on the day when clocks change."""
    at = datetime.fromtimestamp(frame.start, zone).replace(minute=0, second=0, microsecond=0)
    parts = []
    for hour in range(HOURS + 2):
        local = datetime.fromtimestamp((at + timedelta(hours=hour)).timestamp(), zone)
        time = local.timestamp()
        if local.hour % 6 == 0 and frame.start <= time <= frame.end:
            x = frame.x(time)
            edge = "start" if x < LEFT + 8 else "end" if x > WIDTH - 36 else "middle"
            parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - 28}"/>')
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{edge}">{local.hour:02d}:00</text>'
            )
    return parts


def _bars(frame: Frame, events: Sequence[Event], now: UnixSeconds) -> list[str]:
    """Where and as long as something was out of the usual, along the upper edge; the most urgent last, on top."""
    parts = []
    for event in sorted(events, key=lambda one: -one.tier.value):
        first, last = max(event.opened_at, frame.start), min(event.ended_at or now, frame.end)
        if last >= first:
            x, width = frame.x(first), max(2.5, frame.x(last) - frame.x(first))
            parts.append(
                f'<rect class="bar-{event.tier.value}" x="{x:.1f}" y="1" width="{width:.1f}" height="7" rx="1.5"/>'
            )
    return parts


Cells = tuple[plots.Floats, plots.Floats, plots.Floats]


def _none() -> Cells:
    empty = np.full(int(3600.0 / CELL_S), np.nan)
    return empty, empty, empty


def _cells(past: HistoryWindow, name: str, start: UnixSeconds) -> Cells:
    """Of each ten minutes of an hour the middle value, and the usual and its spread then; NaN: nothing was measured."""
    i = past.channels.index(name)
    place = np.minimum(((past.time - start) // CELL_S).astype(int), int(3600.0 / CELL_S) - 1)
    made = [array.copy() for array in _none()]
    for cell in np.unique(place):
        inside = place == cell
        for kept, values in zip(made, (past.values, past.usual, past.spread), strict=True):
            seen = values[inside, i]
            seen = seen[np.isfinite(seen)]
            kept[cell] = float(np.median(seen)) if len(seen) else math.nan
    return made[0], made[1], made[2]
