"""One resident's week as a picture: a row per day of the facility, a bar per event where and as long as it was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape

from services.console.language import say
from services.vocabulary import Event, UnixSeconds

DAYS = 7
WIDTH, ROW, LEFT, TOP, RIGHT = 480, 28, 60, 6, 14
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEAST = 2.5
"""Width of the shortest bar, in the picture's own units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of an event within one day: `day` counts back from today, `start` and `end` are shares of that day."""

    day: int
    start: float
    end: float
    tier: int


def bars(events: Sequence[Event], now: UnixSeconds, zone: tzinfo) -> list[Bar]:
    """The parts of these events in the last seven days, an event over midnight in two; the most urgent last."""
    found = [bar for event in events for bar in _parts(event, now, zone)]
    return sorted(found, key=lambda bar: (-bar.tier, bar.day, bar.start))


def drawn(events: Sequence[Event], now: UnixSeconds, zone: tzinfo) -> str:
    """The picture as SVG text; colours come from the style sheet."""
    bottom = TOP + DAYS * ROW
    title = escape(say("{n} events in the last seven days", n=len(events)))
    parts = [f'<svg class="plot week" viewBox="0 0 {WIDTH} {bottom + 22}" role="img"><title>{title}</title>']
    today = datetime.fromtimestamp(now, zone)
    for day in range(DAYS):
        y = TOP + day * ROW
        name = escape(say(WEEKDAYS[(today - timedelta(days=day)).weekday()]))
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + ROW * 0.7:.1f}" text-anchor="end">{name}</text>')
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y + ROW}" y2="{y + ROW}"/>')
    for hour in (0, 6, 12, 18, 24):
        x = _x(hour / 24)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{hour}</text>')
    for bar in bars(events, now, zone):
        x, y = _x(bar.start), TOP + bar.day * ROW + 4
        width = max(LEAST, _x(bar.end) - x)
        parts.append(
            f'<rect class="bar-{bar.tier}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 8}" rx="1.5"/>'
        )
    return "".join([*parts, "</svg>"])


def _parts(event: Event, now: UnixSeconds, zone: tzinfo) -> Iterator[Bar]:
    """Each day by the clock of its own time zone: on the day of a change of clocks, an hour lies where the clock
    says."""
    until = min(now, event.ended_at if event.ended_at is not None else now)
    last = datetime.fromtimestamp(now, zone).date()
    start = datetime.fromtimestamp(event.opened_at, zone)
    end = max(start, datetime.fromtimestamp(until, zone))
    for back in range(DAYS):
        day = last - timedelta(days=back)
        if start.date() <= day <= end.date():
            first = _share(start) if start.date() == day else 0.0
            yield Bar(back, first, _share(end) if end.date() == day else 1.0, event.tier.value)


def _share(at: datetime) -> float:
    return (at.hour * 3600 + at.minute * 60 + at.second) / 86_400


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)
