"""An event's explanation as one SVG: the score and the channels that spoke, drawn as the page draws its channels."""

from collections.abc import Iterator
from html import escape

import numpy as np

from services.console import words
from services.console.plots import HEIGHT, WIDTH, Trace, plot
from services.ledger.explained import Explained
from services.vocabulary import describe

CHANNELS = 5
TITLE = 26
"""Height of the line of words over each plot, in the plot's own units."""
LOOK = {
    "band": 'fill="#cfe4dd"', "line": 'fill="none" stroke="#235a93" stroke-width="1.8"', "grid": 'stroke="#dcdcd3"',
    "mark": 'stroke="#a11d16" stroke-width="2" stroke-dasharray="5 3"', "tick": 'fill="#55626a" font-size="12"',
    "tick odd": 'fill="#55626a" font-size="12"', "tick mark-text": 'fill="#a11d16" font-size="12"',
}  # fmt: skip
"""The page's look in attributes: a picture by itself has no style sheet, and the page's policy allows no inline one."""


def picture(known: Explained) -> str:
    """The picture; plots of which nothing was measured are left out, and one line says so where none is left."""
    plots = [(said, drawn) for said, drawn in _plots(known) if drawn]
    each = TITLE + HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {max(1, len(plots)) * each + TITLE}" '
        f'width="{2 * WIDTH}" font-family="sans-serif"><rect width="100%" height="100%" fill="#ffffff"/>',
        _words(TITLE - 8, _heading(known), 14),
    ]
    for number, (said, drawn) in enumerate(plots):
        top = TITLE + number * each
        parts.append(_words(top + TITLE - 8, said, 12))
        parts.append(_standing_alone(drawn, top + TITLE))
    if not plots:
        parts.append(_words(2 * TITLE, "The score history of these minutes is not kept.", 12))
    return "".join([*parts, "</svg>"])


def _plots(known: Explained) -> Iterator[tuple[str, str]]:
    """What each plot says, and the plot."""
    of, past = known.explanation, known.past
    n = len(past)
    # The band of the score is where nothing is told: from 0 to 1, this person's tier-1 threshold.
    score = Trace("score", past.time, past.score.astype(np.float64), np.full(n, 0.5), np.full(n, 0.25))
    yield "Score; the band ends at the tier-1 threshold", _drawn(known, score, 0.0)
    for one in [d for d in of.deviations if d.channel in past.channels][:CHANNELS]:
        column = past.channels.index(one.channel)
        values, usual, spread = (
            block[:, column].astype(np.float64) for block in (past.values, past.usual, past.spread)
        )
        trace = Trace(one.channel, past.time, values, usual, spread)
        yield f"{words.channel(one.channel)}: {words.how_far(one)}", _drawn(known, trace, describe(one.channel).low)


def _drawn(known: Explained, trace: Trace, low: float | None) -> str:
    opened = known.explanation.opened_at
    last = float(trace.time[-1]) + 10.0 if len(trace.time) else known.end
    return plot(trace, known.start, max(opened + 60.0, min(known.end, last)), opened, low)


def _heading(known: Explained) -> str:
    of = known.explanation
    sure = {None: "", True: ", provisional", False: ""}[of.provisional]
    return f"Tier {of.tier.value}, {of.reason.value}: {of.score:.3g} over {of.threshold:.3g}{sure}"


def _words(y: float, text: str, size: int) -> str:
    return f'<text x="8" y="{y}" font-size="{size}" fill="#1b262b">{escape(text)}</text>'


def _standing_alone(drawn: str, y: float) -> str:
    """A plot of the page, placed, with its look in attributes."""
    for name, look in LOOK.items():
        drawn = drawn.replace(f'class="{name}"', look)
    return drawn.replace('<svg class="plot"', f'<svg y="{y}" width="{WIDTH}" height="{HEIGHT}"', 1)
