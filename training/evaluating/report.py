"""The evaluation as JSON for machines and as a page for people."""

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.evaluation.bootstrap import Interval
from services.evaluation.figures_json import number
from services.evaluation.opinions import SHARES, Figure, Gain, Measure, is_not_worse

_STYLE = "body{font:15px system-ui;max-width:60em;margin:2em auto}table{border-collapse:collapse}" \
         "td,th{padding:.3em .8em;border-bottom:1px solid #ddd;text-align:left}.worse{color:#a00}"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was found. `beside` names what the adapter was compared with, `missing` what could not be measured."""

    adapter: str
    beside: str
    corpus: str
    examples: int
    margin: float
    figures: tuple[Figure, ...]
    beside_figures: tuple[Figure, ...]
    gains: tuple[Gain, ...]
    missing: tuple[str, ...]


def to_json(of: Evaluation) -> str:
    """Every figure with its interval."""
    return json.dumps({
        "adapter": of.adapter, "beside": of.beside, "corpus": of.corpus, "examples": of.examples, "margin": of.margin,
        "figures": [_row(one) for one in of.figures], "beside_figures": [_row(one) for one in of.beside_figures],
        "gains": [
            {**_row(one), "p": number(one.p),
             "not_worse": is_not_worse(one, of.margin) if one.measure in SHARES else None} for one in of.gains
        ],
        "not_measured": list(of.missing),
    }, indent=1)  # fmt: skip


def to_page(of: Evaluation) -> str:
    """One page of HTML, nothing loaded from elsewhere."""
    before = {(one.measure, one.part): one for one in of.beside_figures}
    gained = {(one.measure, one.part): one for one in of.gains}
    rows = [_line(one, before.get((one.measure, one.part)), gained.get((one.measure, one.part)), of.margin)
            for one in of.figures]  # fmt: skip
    missing = "".join(f"<li>{html.escape(one)}</li>" for one in of.missing)
    about = (
        f"<p>{of.examples} test examples of corpus {html.escape(of.corpus[:19])}, beside {html.escape(of.beside)}. "
        f"Intervals hold 95 %; a gain whose lower end is below -{of.margin:g} may be a loss and is marked.</p>"
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation of an adapter</title><style>{_STYLE}"
        f"</style><h1>Adapter {of.adapter[:12]}</h1>{about}<table><tr><th>part<th>measure<th>adapter<th>beside<th>gain"
        f"<th>n</tr>{''.join(rows)}</table>{f'<p>Not measured:</p><ul>{missing}</ul>' if missing else ''}</html>\n"
    )


def _line(one: Figure, before: Figure | None, gain: Gain | None, margin: float) -> str:
    worse = gain is not None and one.measure in SHARES and not is_not_worse(gain, margin)
    cells = [html.escape(one.part or "all"), one.measure.value, _said(one.measure, one.interval),
             _said(one.measure, before.interval) if before else "",
             _said(one.measure, gain.interval, "+") if gain else "", str(one.n)]  # fmt: skip
    return f"<tr{' class=worse' if worse else ''}>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"


def _said(measure: Measure, interval: Interval, sign: str = "") -> str:
    if math.isnan(interval.value):
        return ""
    form = f"{sign}.0%" if measure is not Measure.LENGTH else f"{sign},.0f"
    low, high = (format(bound, form) for bound in (interval.low, interval.high))
    return f"{format(interval.value, form)} ({low} to {high})"


def _row(one: Figure | Gain) -> dict[str, str | int | float | None]:
    interval = one.interval
    return {
        "measure": one.measure.value, "part": one.part, "value": number(interval.value), "low": number(interval.low),
        "high": number(interval.high), "n": one.n,
    }  # fmt: skip


def lines(figures: Sequence[Figure]) -> list[tuple[str, str, int]]:
    """For the terminal: measures of all together."""
    return [(one.measure.value, _said(one.measure, one.interval), one.n) for one in figures if not one.part]
