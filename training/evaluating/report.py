"""The evaluation as JSON for machines and as a page for people."""

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.evaluation.agreement import Agreement
from services.evaluation.bootstrap import Interval
from services.evaluation.figures_json import number
from services.evaluation.lift import Lift, What
from services.evaluation.opinions import MARKED, SHARES, Figure, Gain, Measure, is_not_worse
from services.evaluation.stability import Stability

_STYLE = "body{font:15px system-ui;max-width:60em;margin:2em auto}table{border-collapse:collapse}" \
         "td,th{padding:.3em .8em;border-bottom:1px solid #ddd;text-align:left}.worse{color:#a00}"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judging:
    """Who marked by the rubric, how many answers of whom it could not mark by reason, and whether it marks as people
    do."""

    judge: str
    left: tuple[tuple[str, str, int], ...] = ()
    people: tuple[Agreement, ...] = ()


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
    judging: Judging | None = None
    lift: Mapping[str, tuple[Lift, ...]] = field(default_factory=dict)
    across: Mapping[str, tuple[Stability, ...]] = field(default_factory=dict)

    @property
    def worse(self) -> tuple[Gain, ...]:
        """The shares, of all examples and of each layer, that are not shown to be within the margin."""
        plain = (one for one in self.gains if one.measure in SHARES and "." not in one.part)
        return tuple(one for one in plain if not is_not_worse(one, self.margin))


def to_json(of: Evaluation) -> str:
    """Every figure with its interval."""
    return json.dumps({
        "adapter": of.adapter, "beside": of.beside, "corpus": of.corpus, "examples": of.examples, "margin": of.margin,
        "figures": [_row(one) for one in of.figures], "beside_figures": [_row(one) for one in of.beside_figures],
        "gains": [
            {**_row(one), "p": number(one.p),
             "not_worse": is_not_worse(one, of.margin) if one.measure in SHARES else None} for one in of.gains
        ],
        "judge": None if of.judging is None else {
            "model": of.judging.judge,
            "not_judged": [{"who": who, "why": why, "answers": n} for who, why, n in of.judging.left],
            "people": [
                {"criterion": one.what, "spearman": _bounds(one.spearman), "kappa": _bounds(one.kappa), "n": one.n,
                 "answers": one.answers} for one in of.judging.people
            ],
        },
        "over_the_detector": [
            {"who": who, "heard": one.heard.value, "alarm": one.level.value, "what": one.what.value,
             "detector": _bounds(one.alone), "with_opinion": _bounds(one.both), "gain": _bounds(one.gain), "n": one.n}
            for who, found in of.lift.items() for one in found
        ],
        "between_residents": [
            {"who": who, "measure": one.measure.value, "spread": _bounds(one.spread), "residents": one.residents}
            for who, found in of.across.items() for one in found
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
    head = "<tr><th>part<th>measure<th>adapter<th>beside<th>gain<th>n</tr>"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation of an adapter</title><style>{_STYLE}"
        f"</style><h1>Adapter {of.adapter[:12]}</h1>{about}<table>{head}{''.join(rows)}</table>{_lift(of)}"
        f"{_across(of)}"
        f"{_judging(of.judging)}{f'<p>Not measured:</p><ul>{missing}</ul>' if missing else ''}</html>\n"
    )


def _lift(of: Evaluation) -> str:
    rows = "".join(
        f"<tr><td>{'adapter' if who == 'adapter' else html.escape(of.beside)}<td>{one.heard.value}<td>{one.level.value}"
        f"<td>{one.what.value}<td>{_of(one, one.alone)}<td>{_of(one, one.both)}<td>{_of(one, one.gain, '+')}<td>{one.n}"
        for who, found in of.lift.items() for one in found
    )  # fmt: skip
    head = "<tr><th>opinion of<th>heard<th>alarm<th>what<th>detector alone<th>with opinion<th>gain<th>n</tr>"
    return rows and f"<h2>Over the detector alone</h2><table>{head}{rows}</table>"


def _across(of: Evaluation) -> str:
    before = {one.measure: one for one in of.across.get("beside", ())}
    rows = "".join(
        f"<tr><td>{one.measure.value}<td>{_said(one.measure, one.spread)}"
        f"<td>{_said(one.measure, before[one.measure].spread) if one.measure in before else ''}<td>{one.residents}"
        for one in of.across.get("adapter", ())
    )
    head = "<tr><th>measure<th>adapter<th>beside<th>residents</tr>"
    told = "<p>Standard deviation between residents, beyond what chance alone makes; 0: as good for everybody.</p>"
    return rows and f"<h2>Across residents</h2>{told}<table>{head}{rows}</table>"


def _of(one: Lift, interval: Interval, sign: str = "") -> str:
    form = f"{sign}.1f" if one.what is What.LEAD else f"{sign}.0%"
    value, low, high = (format(bound, form) for bound in interval)
    return f"{value} ({low} to {high})"


def _judging(of: Judging | None) -> str:
    if of is None:
        return ""
    left = "".join(f"<li>{html.escape(who)}: {html.escape(why)}, {n} answers" for who, why, n in of.left)
    rows = "".join(
        f"<tr><td>{html.escape(one.what)}<td>{_plain(one.spearman)}<td>{_plain(one.kappa)}<td>{one.n}<td>{one.answers}"
        for one in of.people
    )
    people = (
        f"<table><tr><th>criterion<th>Spearman<th>kappa (quadratic)<th>pairs<th>answers</tr>{rows}</table>"
        if rows else "<p>No person's ratings were given: whether it marks as people do is not known.</p>"
    )  # fmt: skip
    marked = f"<h2>Rubric</h2><p>Marked 0 to 4 by {html.escape(of.judge)}.</p>"
    return f"{marked}{f'<p>Not marked:</p><ul>{left}</ul>' if left else ''}{people}"


def _plain(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "not defined"
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _bounds(interval: Interval) -> dict[str, float | None]:
    return {"value": number(interval.value), "low": number(interval.low), "high": number(interval.high)}


def _line(one: Figure, before: Figure | None, gain: Gain | None, margin: float) -> str:
    worse = gain is not None and one.measure in SHARES and not is_not_worse(gain, margin)
    cells = [html.escape(one.part or "all"), one.measure.value, _said(one.measure, one.interval),
             _said(one.measure, before.interval) if before else "",
             _said(one.measure, gain.interval, "+") if gain else "", str(one.n)]  # fmt: skip
    return f"<tr{' class=worse' if worse else ''}>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"


def _said(measure: Measure, interval: Interval, sign: str = "") -> str:
    if math.isnan(interval.value):
        return ""
    form = f"{sign},.0f" if measure is Measure.LENGTH else f"{sign}.2f" if measure in _MARKS else f"{sign}.0%"
    low, high = (format(bound, form) for bound in (interval.low, interval.high))
    return f"{format(interval.value, form)} ({low} to {high})"


_MARKS = {Measure.REASONING, *MARKED}


def _row(one: Figure | Gain) -> dict[str, str | int | float | None]:
    interval = one.interval
    return {
        "measure": one.measure.value, "part": one.part, "value": number(interval.value), "low": number(interval.low),
        "high": number(interval.high), "n": one.n,
    }  # fmt: skip


def lines(figures: Sequence[Figure]) -> list[tuple[str, str, int]]:
    """For the terminal: measures of all together."""
    return [(one.measure.value, _said(one.measure, one.interval), one.n) for one in figures if not one.part]
