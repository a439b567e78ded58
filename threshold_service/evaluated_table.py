"""Prints what an evaluation found out."""

import math

from rich.console import Console
from rich.table import Table

from services.evaluation.arms import HEADINGS
from services.evaluation.bootstrap import Interval
from services.evaluation.experiment import WHAT_IT_COUNTS, rows
from services.evaluation.report import Report


def show(report: Report, console: Console) -> None:
    """Print the tables."""
    table = Table(title=report.title, caption="; ".join(f"{name}: {value}" for name, value in report.facts))
    table.add_column("figure (95 % interval over persons)")
    for detector in report.detectors:
        table.add_column(detector.name, justify="right")
    for place, figure in enumerate(report.detectors[0].figures):
        cells = [cell(detector.figures[place].interval, i < 2) for i, detector in enumerate(report.detectors)]
        table.add_row(f"{figure.name}{', ' if figure.unit else ''}{figure.unit}", *cells)
    console.print(table)
    if report.experiment:
        beside = Table(*HEADINGS, title="this policy and the one beside it", caption=WHAT_IT_COUNTS)
        for row in rows(report.experiment):
            beside.add_row(*map(str, row))
        console.print(beside)
    for title, groups in (("episodes found, by kind", report.kinds), ("by resident", report.groups)):
        part = Table("engine: " + title, "found", "observable", "false alarms per day")
        for one in groups:
            part.add_row(one.name, str(one.found), str(one.there), f"{one.false_per_day:.2f}".replace("nan", ""))
        console.print(part)
    said = Table("what the engine said", "true", "duplicate", "false")
    for name, *counts in report.reasons:
        said.add_row(name, *map(str, counts))
    console.print(said)
    went = ", ".join(f"{what} {count}" for what, count in report.companions)
    console.print(f"What went on at false alarms: {went or 'there were none'}")


def cell(interval: Interval, whole: bool) -> str:
    """A figure as text, with its interval if it is `whole`.

    >>> cell(Interval(0.5, 0.25, 0.75), True), cell(Interval(120.4, 90.0, 150.0), False)
    ('0.50 (0.25 to 0.75)', '120')
    """
    if math.isnan(interval.value):
        return "-"
    digits = 0 if abs(interval.value) >= 100 else 2
    bounds = f" ({interval.low:.{digits}f} to {interval.high:.{digits}f})" if whole else ""
    return f"{interval.value:.{digits}f}{bounds}"
