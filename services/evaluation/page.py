"""The report as one self-contained page with plots."""

import base64
import html
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from services.evaluation.arms import HEADINGS
from services.evaluation.bootstrap import Interval
from services.evaluation.experiment import WHAT_IT_COUNTS, rows
from services.evaluation.figures import judge
from services.evaluation.nouns import Verdict
from services.evaluation.report import Detector, Group, Report

INK, BLUE, RED, GREEN, GREY = "#1f2933", "#2a6f97", "#c1443c", "#4a8f5b", "#9aa5b1"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem} h2{font-size:1.15rem;margin:2rem 0 .4rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem;margin:.4rem 0}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e4e7eb;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal} thead th{border-bottom:2px solid #9aa5b1}
td small{color:#616e7c} .part td:first-child{padding-left:1.6rem;color:#52606d}
td.tested,th.tested{background:#eef4f8;font-weight:600} img{max-width:100%;margin:.3rem 0}
.facts{color:#52606d;margin:0 0 1rem} .note{color:#52606d;font-size:.9rem;max-width:52rem}
.wide{overflow-x:auto}
"""
_WHAT_IT_SAYS = (
    "An alarm is the first notification of one event at its highest tier. It is true if it came between the start "
    "of an episode's prodrome and two minutes after its end and nothing had found the episode before; further ones "
    "are duplicates, all others false. An episode is observable if face or body was seen for 60 % of the time from 5 "
    "minutes before its onset to its peak. Intervals hold 95 %, drawn over persons. Engine, oracle, plain levels are "
    "compared at the same number of false alarms: the thresholds of oracle and levels are set for it in hindsight."
)


def page(report: Report) -> str:
    """The whole page; needs nothing but itself."""
    facts = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in report.facts)
    parts = [
        f"<h1>How well does it notice?</h1><p class=facts>{html.escape(report.title)} · {facts}</p>",
        f"<div class=wide>{_figures(report.detectors)}</div><p class=note>{_WHAT_IT_SAYS}</p>",
        _experiment(report),
        f"<h2>Noticed against disturbed</h2>{_image(_tradeoff(report))}",
        f"<h2>When</h2>{_image(_times(report))}",
        f"<h2>Which episodes</h2>{_groups(report.kinds, ('episode', 'found', 'observable', 'share'))}",
        f"<h2>Whom</h2>{_groups(report.groups, ('residents', 'found', 'observable', 'share'), rate=True)}",
        f"<h2>Resident by resident</h2>{_image(_residents(report))}",
        f"<h2>What it said</h2>{_reasons(report)}",
        f"<h2>What went on at false alarms</h2>{_companions(report)}",
        f"<h2>Learning</h2><p>{_learning(report)}</p>",
    ]
    head = f"<meta charset=utf-8><title>Attune evaluation</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _experiment(report: Report) -> str:
    if not report.experiment:
        return ""
    cells = ("".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows(report.experiment))
    told = _table([html.escape(head) for head in HEADINGS], "".join(f"<tr>{row}</tr>" for row in cells))
    return f"<h2>This policy and the one beside it</h2><div class=wide>{told}</div><p class=note>{WHAT_IT_COUNTS}</p>"


def _figures(detectors: Sequence[Detector]) -> str:
    heads = "".join(f"<th{_tested(i)}>{html.escape(one.name)}</th>" for i, one in enumerate(detectors))
    rows = []
    for row, figure in enumerate(detectors[0].figures):
        cells = "".join(f"<td{_tested(i)}>{_cell(one.figures[row].interval, i == 0)}</td>"
                        for i, one in enumerate(detectors))  # fmt: skip
        name = html.escape(", ".join(filter(None, (figure.name.strip(), figure.unit))))
        rows.append(f"<tr{' class=part' if figure.name.startswith(' ') else ''}><td>{name}</td>{cells}</tr>")
    return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _tested(place: int) -> str:
    return "" if place else " class=tested"


def _cell(interval: Interval, bounds: bool) -> str:
    if math.isnan(interval.value):
        return "–"
    digits = 0 if abs(interval.value) >= 100 else 2
    said = f"{interval.value:.{digits}f}"
    return f"{said} <small>{interval.low:.{digits}f}–{interval.high:.{digits}f}</small>" if bounds else said


def _groups(groups: Sequence[Group], heads: Sequence[str], rate: bool = False) -> str:
    heads = (*heads, *(("false alarms per resident-day",) if rate else ()))
    rows = ""
    for one in groups:
        share = f"{one.found / one.there:.0%}" if one.there else "–"
        false = f"<td>{one.false_per_day:.2f}</td>" if rate else ""
        name = html.escape(one.name.replace("_", " "))
        rows += f"<tr><td>{name}</td><td>{one.found}</td><td>{one.there}</td><td>{share}</td>{false}</tr>"
    return _table(heads, rows)


def _reasons(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{count}</td>' for count in counts)}</tr>"
        for name, *counts in report.reasons
    )
    return _table(("reason", "true", "duplicate", "false"), rows)


def _companions(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(what.replace('_', ' '))}</td><td>{count}</td></tr>" for what, count in report.companions
    )
    return _table(("ordinary thing (several may go on at once)", "false alarms"), rows)


def _table(heads: Sequence[str], rows: str) -> str:
    return f"<table><thead><tr>{''.join(f'<th>{one}</th>' for one in heads)}</tr></thead><tbody>{rows}</tbody></table>"


def _learning(report: Report) -> str:
    hours = np.array([one for one in report.usable_hours if not math.isnan(one)])
    if not len(hours):
        return "No resident's thresholds spoke in this recording."
    return (
        f"The thresholds of {len(hours)} of {len(report.usable_hours)} residents spoke, after {np.median(hours):.1f} "
        f"hours in view in the median ({hours.min():.1f} to {hours.max():.1f})."
    )


def _image(figure: Any) -> str:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110, bbox_inches="tight")
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode()}">'


def _tradeoff(report: Report) -> Any:
    figure, axes = _canvas(1, 7.0, 4.2)
    axis = axes[0]
    colours = dict(zip(report.curves, (GREEN, GREY), strict=False))
    for name, curve in report.curves.items():
        axis.plot(
            *zip(*sorted(curve), strict=True), "-o", ms=4, color=colours.get(name, GREY), label=f"{name}, by threshold"
        )
    marks = {"engine": (BLUE, "D"), "literal rules": (RED, "s"), "random": (INK, "x"), "shared usual": (GREY, "^")}
    for one in report.detectors:
        if one.name in marks:
            x, y = one.value("false alarms"), one.value("recall of observable episodes")
            colour, mark = marks[one.name]
            axis.errorbar(x.value, y.value, _arms(y), _arms(x), fmt=mark, color=colour, ms=8, label=one.name)
    axis.axvline(1.0, color=GREY, lw=0.8, ls=":")
    axis.set(xlabel="false alarms per resident-day (log scale above 1)", ylim=(-0.03, 1.03),
             ylabel="recall of observable episodes", xlim=(0, None))  # fmt: skip
    axis.set_xscale("symlog", linthresh=1.0)
    axis.legend(frameon=False, fontsize=9, loc="center right")
    return figure


def _arms(interval: Interval) -> list[list[float]]:
    return [[max(interval.value - interval.low, 0.0)], [max(interval.high - interval.value, 0.0)]]


def _times(report: Report) -> Any:
    figure, axes = _canvas(2, 10.5, 3.2)
    judged = judge(report.detectors[0].alarms, report.observed)
    lead = np.concatenate([*judged.times(lambda label, alarm: label.peak_s - alarm.opened_s), np.zeros(0)]) / 60
    axes[0].hist(np.clip(lead, -5, 30), bins=np.arange(-5, 30.5, 1.0), color=BLUE)
    axes[0].axvline(0, color=INK, lw=0.8)
    axes[0].set(xlabel="minutes before the peak (30 and more together)", ylabel="episodes found")
    hours: dict[Verdict, list[float]] = {verdict: [] for verdict in Verdict}
    for alarm, verdict in zip(judged.alarms, judged.matched.verdicts, strict=True):
        hours[verdict].append(alarm.opened_s % 86_400 / 3600)
    axes[1].hist([hours[Verdict.TRUE], hours[Verdict.FALSE]], bins=24, range=(0, 24), stacked=True,
                 color=[GREEN, RED], label=["true", "false"])  # fmt: skip
    axes[1].set(xlabel="hour of the day", ylabel="alarms", xticks=range(0, 25, 4))
    axes[1].legend(frameon=False, fontsize=9)
    return figure


def _residents(report: Report) -> Any:
    judged = judge(report.detectors[0].alarms, report.observed)
    residents = len(report.observed.days)
    figure, axes = _canvas(1, 10.5, min(0.22 * residents + 1.2, 12.0))
    axis = axes[0]
    for label, found in zip(report.observed.labels, judged.matched.found, strict=True):
        colour = (GREEN if found >= 0 else RED) if label.observable else GREY
        begin, end = label.prodrome_s / 86_400, label.end_s / 86_400
        axis.plot([begin, max(end, begin + 0.01)], [label.resident] * 2, color=colour, lw=5, solid_capstyle="butt")
    false = [alarm for alarm, verdict in zip(judged.alarms, judged.matched.verdicts, strict=True)
             if verdict is Verdict.FALSE]  # fmt: skip
    axis.plot([alarm.opened_s / 86_400 for alarm in false], [alarm.resident + 0.32 for alarm in false], "v", ms=4,
              color=INK)  # fmt: skip
    axis.set(xlabel="day", ylabel="resident", xlim=(0, float(report.observed.days.max())), ylim=(residents, -1))
    axis.set_title("episodes found (green), missed (red), not observable (grey); false alarms (triangles)", fontsize=10)
    return figure


def _canvas(columns: int, wide: float, high: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(wide, high))
    axes = np.atleast_1d(figure.subplots(1, columns))
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=9)
    return figure, axes
