"""Prints the figures of a bench and writes them down."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside a peer, limit or baseline of the same run; `bar` is what the ratio must reach."""

    what: str
    value: float
    unit: str
    beside: str = ""
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None


def publish(room: str, figures: list[Figure]) -> int:
    """Print the table, write build/bench/<room>.json; 1 where a bar is missed, else 0."""
    table = Table(title=f"bench: {room}")
    for heading in ("what", "value", "unit", "beside", "ratio", "bar", "met"):
        table.add_column(heading)
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        table.add_row(figure.what, f"{figure.value:,.4g}", figure.unit, figure.beside, ratio, figure.bar, met)
    Console(width=160).print(table)
    target = Path("build/bench") / f"{room}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    return int(any(figure.met is False for figure in figures))
