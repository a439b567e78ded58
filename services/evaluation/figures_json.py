"""A report as JSON: every figure with its interval."""

import json
import math
from collections.abc import Sequence

from services.evaluation.arms import Compared
from services.evaluation.report import Group, Report


def to_json(report: Report) -> str:
    """What was found, readable by machines; numbers that there are not are null."""
    made = {
        "title": report.title,
        "facts": dict(report.facts),
        "detectors": [
            {
                "name": one.name,
                "alarms": len(one.alarms),
                "figures": [
                    {"what": figure.name.strip(), "part": figure.name.startswith(" "), "unit": figure.unit,
                     "value": number(figure.interval.value), "low": number(figure.interval.low),
                     "high": number(figure.interval.high)}
                    for figure in one.figures
                ],
            }
            for one in report.detectors
        ],
        "kinds": _groups(report.kinds),
        "groups": _groups(report.groups),
        "reasons": [dict(zip(("reason", "true", "duplicate", "false"), row, strict=True)) for row in report.reasons],
        "went_on_at_false_alarms": [{"what": what, "alarms": count} for what, count in report.companions],
        "usable_hours_in_view": [number(hours) for hours in report.usable_hours],
        "experiment": [_compared(one) for one in report.experiment],
        "curves": {name: [list(map(number, pair)) for pair in curve] for name, curve in report.curves.items()},
    }  # fmt: skip
    return json.dumps(made, indent=1) + "\n"


def _compared(one: Compared) -> dict[str, str | int | float | None]:
    arms = {f"{side}{end}": number(value)
            for side, arm in (("beside", one.first), ("tried", one.second), ("gained", one.gained))
            for end, value in zip(("", "_low", "_high"), arm, strict=True)}  # fmt: skip
    return {"what": one.what, "n": one.n, **arms, "p": number(one.p), "evidence": number(one.evidence),
            "limit": number(one.limit), "standing": one.standing.value}  # fmt: skip


def number(value: float) -> float | None:
    """A number, or None where there is none."""
    return None if math.isnan(value) else round(value, 6)


def _groups(groups: Sequence[Group]) -> list[dict[str, str | int | float | None]]:
    return [
        {"name": one.name, "found": one.found, "observable": one.there, "false_per_day": number(one.false_per_day)}
        for one in groups
    ]
