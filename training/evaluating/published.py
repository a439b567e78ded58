"""What `python -m training.evaluating.published` does: a published benchmark's figures of answers in a file."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from services.evaluation import published
from services.evaluation.published import CLUE, LABEL, PEERS, Group, Score
from training.corpus.assets import write_whole
from training.corpus.errors import CorpusError


class AnswersInvalid(CorpusError):
    """A file of answers, or of a grouping, that is none; the message names file and line."""


Lines = list[dict[str, Any]]


def _labels(rows: Lines, groups: list[Group]) -> list[Score]:
    del groups
    return published.recalls([_text(row["truth"]) for row in rows], [_text(row["said"]) for row in rows])


def _open(rows: Lines, groups: list[Group]) -> list[Score]:
    truth, said = ([set(map(str, row[key])) for row in rows] for key in ("truth", "said"))
    return published.open_set(truth, said, groups or [published.exactly])


def _overlap(metric: str) -> "Figures":
    return lambda rows, groups: [published.overlap(metric, [float(row["score"]) for row in rows])]


KINDS: dict[str, type | tuple[type, ...]] = {"a text": str, "a list of texts": list, "a number": (int, float)}
Figures = Callable[[Lines, list[Group]], list[Score]]
BENCHMARKS: dict[str, tuple[str, dict[str, str], Figures]] = {
    "dfew": ("DFEW", {"truth": "a text", "said": "a text"}, _labels),
    "mafw": ("MAFW", {"truth": "a text", "said": "a text"}, _labels),
    "emer-ov": ("EMER-OV", {"truth": "a list of texts", "said": "a list of texts"}, _open),
    "emer-clue": ("EMER", {"score": "a number"}, _overlap(CLUE)),
    "emer-label": ("EMER", {"score": "a number"}, _overlap(LABEL)),
}
"""By the name on the command line: what it is called, the fields of a line, and how its figures are made."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 it is printed, 2 it is not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    name, fields, figures = BENCHMARKS[asked.benchmark]
    try:
        rows = _read(asked.answers, fields)
        try:
            scores = figures(rows, [_grouping(file) for file in asked.wheel])
        except ValueError as error:
            raise AnswersInvalid(f"{asked.answers}: {error}") from error
        if asked.out is not None:
            write_whole(asked.out, json.dumps({"benchmark": name, "scores": [_plain(one) for one in scores]}).encode())
    except (CorpusError, OSError) as error:
        print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
        return 2
    Console(highlight=False).print(_table(name, scores))
    return 0


def _table(name: str, scores: Sequence[Score]) -> Table:
    table = Table("metric", "here (95 %)", "items", "published", title=name)
    for metric, (value, low, high), n in scores:
        beside = [f"{one.who} {one.value:g}" for one in PEERS if (one.benchmark, one.metric) == (name, metric)]
        table.add_row(metric, f"{value:.2f} ({low:.2f} to {high:.2f})", f"{n:,}", "\n".join(beside))
    return table


def _plain(score: Score) -> dict[str, Any]:
    return {"metric": score.metric, **score.interval._asdict(), "items": score.n}


def _read(file: Path, fields: dict[str, str]) -> Lines:
    rows: Lines = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise AnswersInvalid(f"{file}:{number}: not JSON ({error})") from error
        if not isinstance(row, dict) or any(not isinstance(row.get(key), KINDS[kind]) for key, kind in fields.items()):
            wanted = ", ".join(f"{key} ({kind})" for key, kind in fields.items())
            raise AnswersInvalid(f"{file}:{number}: expected an object with {wanted}")
        rows.append(row)
    return rows


def _grouping(file: Path) -> Group:
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AnswersInvalid(f"{file}: not JSON ({error})") from error
    if not isinstance(table, dict) or not all(isinstance(group, str) for group in table.values()):
        raise AnswersInvalid(f"{file}: expected an object of labels, each with the name of its group")
    return published.grouping(table)


def _text(label: str) -> str:
    return published.exactly(label).strip(" .")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train published", description=__doc__)
    parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
    parser.add_argument("answers", type=Path)
    parser.add_argument("--wheel", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
