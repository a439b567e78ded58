"""One channel over time against the person's usual band, as SVG text; colours come from the style sheet."""

import itertools
import math
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from services.console.language import say
from services.vocabulary import UnixSeconds

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 480, 160
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 12, 28
BAND = 2.0
"""The band is the usual level, plus and minus so many of the person's own spreads."""
POINTS = 480
_TITLE = "{channel} over time, with the usual band and the moment of the alert"


@dataclass(frozen=True, slots=True)
class Trace:
    """One channel: `time`, `values`, `usual` and `spread`, all (n,), NaN where nothing was measured."""

    name: str
    time: Floats
    values: Floats
    usual: Floats
    spread: Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a time and a value lie in the picture."""

    start: float
    end: float
    lowest: float
    highest: float

    def x(self, time: float) -> float:
        """Across."""
        return LEFT + (time - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Down."""
        return TOP + (self.highest - value) / (self.highest - self.lowest) * (HEIGHT - TOP - BOTTOM)


def plot(trace: Trace, start: UnixSeconds, end: UnixSeconds, fired_at: UnixSeconds, low: float | None) -> str:
    """The plot from `start` to `end` with a mark where the alert opened; `low` is the least possible value, if any.

    Returns an empty text when nothing of the channel was measured in that time.
    """
    seen = thinned(trace)
    framed = frame_of(seen, start, end, low)
    if framed is None:
        return ""
    frame, bottom, top = framed
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(say(_TITLE, channel=trace.name))}</title>",
        *_grid(frame, fired_at), band(frame, seen.time, bottom, top),
        f'<path class="line" d="{path(frame, seen.time, seen.values)}"/>', *_mark(frame, fired_at), "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def frame_of(
    seen: Trace, start: UnixSeconds, end: UnixSeconds, low: float | None
) -> tuple[Frame, Floats, Floats] | None:
    """The frame that holds a trace and its band, and the band's bottom and top; None: nothing was measured."""
    bottom, top = seen.usual - BAND * seen.spread, seen.usual + BAND * seen.spread
    if low is not None:
        bottom = np.maximum(bottom, low)
    if not np.isfinite(seen.values).any():
        return None
    everything = np.concatenate([seen.values, bottom, top])
    finite = everything[np.isfinite(everything)]
    lowest, highest = float(finite.min()), float(finite.max())
    room = (highest - lowest or max(abs(highest), 0.1)) * 0.08
    return Frame(start, max(end, start + 1.0), lowest - room, highest + room), bottom, top


def thinned(trace: Trace, points: int = POINTS) -> Trace:
    """At most about `points` rows: the row of each stretch that is furthest from the usual, so that peaks stay."""
    n = len(trace.time)
    if n <= points:
        return trace
    away = np.nan_to_num(np.abs(trace.values - trace.usual), nan=-1.0)
    edges = np.linspace(0, n, points + 1).astype(int)
    chosen = np.array([first + int(np.argmax(away[first:last])) for first, last in itertools.pairwise(edges)])
    return Trace(
        trace.name, trace.time[chosen], trace.values[chosen], trace.usual[chosen], trace.spread[chosen]
    )  # fmt: skip


def path(frame: Frame, time: Floats, values: Floats, bridged: float = 4.0) -> str:
    """Straight lines between neighbours; what is further apart than so many usual steps stays apart, and a lone point
    becomes a dot."""
    step = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
    words, pen_down, last = [], False, -math.inf
    for t, v in zip(time.tolist(), values.tolist(), strict=True):
        if not math.isfinite(v):
            pen_down = False
            continue
        pen_down = pen_down and t - last <= bridged * step
        words.append(f"{'L' if pen_down else 'M'}{frame.x(t):.1f} {frame.y(v):.1f}" + ("" if pen_down else "h0.01"))
        pen_down, last = True, t
    return "".join(words)


def band(frame: Frame, time: Floats, bottom: Floats, top: Floats) -> str:
    """The usual band; nothing where it is not known."""
    known = np.isfinite(bottom) & np.isfinite(top)
    if known.sum() < 2:
        return ""
    there = [f"{frame.x(t):.1f} {frame.y(v):.1f}" for t, v in zip(time[known], top[known], strict=True)]
    back = [f"{frame.x(t):.1f} {frame.y(v):.1f}" for t, v in zip(time[known][::-1], bottom[known][::-1], strict=True)]
    return f'<path class="band" d="M{"L".join(there + back)}Z"/>'


def levels(frame: Frame) -> list[str]:
    """Three lines across, with what they mean."""
    parts = []
    for value in (frame.lowest, (frame.lowest + frame.highest) / 2, frame.highest):
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    return parts


def _grid(frame: Frame, fired_at: UnixSeconds) -> list[str]:
    parts = levels(frame)
    every = next(step for step in (1, 2, 5, 10, 20, 60) if frame.end - frame.start <= 540 * step or step == 60)
    for minutes in range(-60, 61, every):
        at = fired_at + 60 * minutes
        if minutes and frame.start + 20 < at < frame.end - 20:
            label = f"{minutes:+d} min".replace("-", "−")
            kind = "tick odd" if minutes // every % 2 else "tick"
            parts.append(
                f'<text class="{kind}" x="{frame.x(at):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>'
            )
    return parts


def _mark(frame: Frame, fired_at: UnixSeconds) -> list[str]:
    if not frame.start <= fired_at <= frame.end:
        return []
    x = frame.x(fired_at)
    return [
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{HEIGHT - BOTTOM}"/>',
        f'<text class="tick mark-text" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{_anchor(x)}">{say("alert")}</text>',
    ]  # fmt: skip


def _anchor(x: float) -> str:
    """Words that would reach over an edge stand inside it."""
    return "end" if x > WIDTH - 40 else "middle"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
