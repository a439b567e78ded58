"""What `python -m training.evaluating.published` does: a published benchmark's figures of answers in a file."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from services.evaluation import published
from services.evaluation.published import CLUE, LABEL, PEERS, Group, Score
from services.evaluation.triggers import NONE, read_score, trigger_recall
from training.corpus.assets import write_whole
from training.corpus.errors import CorpusError
from training.evaluating.direct import rows_of
from training.evaluating.eibench import Words, count
from training.evaluating.emer import CLUES, LABELS, overlaps
from training.evaluating.judge import JudgeSettings
from training.synthesis.answers import Answers
from training.synthesis.errors import SettingsInvalid


class AnswersInvalid(CorpusError):
    """A file of answers, or of a grouping, that is none; the message names file and line."""


Lines = list[dict[str, Any]]


def _labels(rows: Lines, groups: list[Group]) -> list[Score]:
    del groups
    truth, said = ([_text(row[key]) for row in rows] for key in ("truth", "said"))
    return published.recalls_over_folds(truth, said, [row["fold"] for row in rows])


def _open(rows: Lines, groups: list[Group]) -> list[Score]:
    truth, said = ([set(map(str, row[key])) for row in rows] for key in ("truth", "said"))
    return published.open_set(truth, said, groups or [published.exactly])


def _overlap(metric: str) -> "Figures":
    return lambda rows, groups: [published.overlap(metric, [float(row["score"]) for row in rows])]


def _triggers(rows: Lines, groups: list[Group]) -> list[Score]:
    """Rows without a score in the judge's words take no part, as with the authors."""
    pairs = [(row["picture"], found) for row in rows if (found := read_score(row["score"])) is not None]
    if len(pairs) < len(rows):
        _note(f"{len(rows) - len(pairs)} of {len(rows)} pictures have no score in the judge's words and take no part")
    return trigger_recall([picture for picture, _ in pairs], [found for _, found in pairs])


KINDS: dict[str, Callable[[object], bool]] = {
    "a text": lambda value: isinstance(value, str),
    "a list of texts": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "a number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
}
Figures = Callable[[Lines, list[Group]], list[Score]]
BENCHMARKS: dict[str, tuple[str, dict[str, str], Figures]] = {
    "dfew": ("DFEW", {"truth": "a text", "said": "a text"}, _labels),
    "mafw": ("MAFW", {"truth": "a text", "said": "a text"}, _labels),
    "emer-ov": ("EMER-OV", {"truth": "a list of texts", "said": "a list of texts"}, _open),
    "emer-clue": ("EMER", {"score": "a number"}, _overlap(CLUE)),
    "emer-label": ("EMER", {"score": "a number"}, _overlap(LABEL)),
    "eibench": ("EIBench", {"picture": "a text", "score": "a text"}, _triggers),
}
"""By the name on the command line: what it is called, the fields of a line, and how its figures are made."""
DIRECT, FOLDS = frozenset({"dfew", "mafw"}), 5
"""Benchmarks of which a run's answers are read directly, and their official folds."""
EMER = {"emer-clue": CLUES, "emer-label": LABELS}
"""What a judge is asked about each, unless --words says otherwise."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 it is printed, 2 it is not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    name, fields, figures = BENCHMARKS[asked.benchmark]
    try:
        _insist(asked)
        rows = _rows(asked, fields) if asked.judge is None else _judged(asked)
        try:
            scores = figures(rows, [_grouping(file) for file in asked.wheel])
        except ValueError as error:
            raise AnswersInvalid(f"{asked.answers[0]}: {error}") from error
        if asked.out is not None:
            write_whole(asked.out, json.dumps({"benchmark": name, "scores": [_plain(one) for one in scores]}).encode())
    except (CorpusError, OSError) as error:
        print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
        return 2
    Console(highlight=False).print(_table(name, scores))
    return 0


def _insist(asked: argparse.Namespace) -> None:
    """That everything that was named is of use.

    Raises:
        SettingsInvalid: something would be passed over.
    """
    files, judged = asked.answers, asked.judge is not None
    wrong = {
        f"--judge with {asked.benchmark}: its figures need none; eibench, emer-clue and emer-label ask a judge":
            judged and asked.benchmark not in ("eibench", *EMER),
        f"--judge with {len(files)} files of answers: expected one": judged and len(files) > 1,
        "--words without --judge: they are a judge's, name one": asked.words is not None and not judged,
        f"--wheel with {asked.benchmark}: only emer-ov brings words together": bool(
            asked.wheel and asked.benchmark != "emer-ov"),
        "--corpus without the folder of a run: a file of answers has its own truth": bool(
            asked.corpus and not any(one.is_dir() for one in files)),
        "the same answers twice: every fold has its own": len(set(files)) < len(files),
    }  # fmt: skip
    for why, there in wrong.items():
        if there:
            raise SettingsInvalid(why)


def _rows(asked: argparse.Namespace, fields: dict[str, str]) -> Lines:
    """The lines of a file, or what an adapter answered in a run; of several each is a fold, in order.

    Raises:
        AnswersInvalid: several of a benchmark without folds, runs without their corpora, or folds that share an item.
    """
    folds = asked.benchmark in DIRECT
    if len(asked.answers) > 1 and not folds:
        raise AnswersInvalid(f"{len(asked.answers)} files of answers with {asked.benchmark}: expected one; only "
                             f"{' and '.join(sorted(DIRECT))} have folds")  # fmt: skip
    if folds and len(asked.answers) not in (1, FOLDS):
        _note(f"{len(asked.answers)} folds: published figures are means over {FOLDS}")
    rows: Lines = []
    tried: dict[str, int] = {}
    for place, source in enumerate(asked.answers):
        if source.is_dir():
            if not folds or len(asked.corpus) != len(asked.answers):
                raise AnswersInvalid(f"{source}: is a folder; expected a file, or with {' or '.join(sorted(DIRECT))} "
                                     "the folder of a run, and --corpus for each, in the same order")  # fmt: skip
            found = rows_of(source, asked.corpus[place], BENCHMARKS[asked.benchmark][0])
            if shared := [row["item"] for row in found if tried.setdefault(row["item"], place) != place]:
                raise AnswersInvalid(f"{source}: item {shared[0]} is tried in fold {tried[shared[0]] + 1} too, "
                                     f"{len(shared)} in all; give each run the corpus of its own fold")  # fmt: skip
        else:
            found = _read(source, fields)
        rows += [row | {"fold": place + 1} for row in found]
    return rows


def _judged(asked: argparse.Namespace) -> Lines:
    """The rows with what a judge counted in place of a score; those that it did not answer left out and told of.

    Raises:
        SettingsInvalid: settings that are none.
    """
    file, settings = asked.answers[0], JudgeSettings.read(asked.judge)
    words = Words.read(asked.words) if asked.words else EMER.get(asked.benchmark, Words())
    answers = Answers(file.with_name(f"{file.stem}-judged"))
    if asked.benchmark in EMER:
        rows = _read(file, {"said": "a text", "truth": "a text"})
        with _bar() as bar:
            judging = bar.add_task("", total=len(rows))
            scores = overlaps(rows, settings, words, answers, lambda: bar.advance(judging))
        if silent := sum(one is None for one in scores):
            _note(f"{silent} of {len(rows)} items were given no score by the judge and take no part; the same command "
                  "asks again while there are attempts left")  # fmt: skip
        return [{"score": one} for one in scores if one is not None]
    rows = _read(file, {"picture": "a text", "said": "a text", "truth": "a list of texts"})
    with _bar() as bar:
        judging = bar.add_task("", total=len(rows))
        counted = count(rows, settings, words, answers, lambda: bar.advance(judging))
    if never := sum(found is NONE for found in counted):
        _note(f"{never} of {len(rows)} pictures were never given a score by the judge and count 0, as with the authors")
    if silent := sum(found is None for found in counted):
        _note(f"{silent} of {len(rows)} pictures were not answered by the judge and take no part; the same command "
              "asks again")  # fmt: skip
    return [{"picture": row["picture"], "score": f"{{score: {found.named}/{found.total}}}"}
            for row, found in zip(rows, counted, strict=True) if found is not None]  # fmt: skip


def _bar() -> Progress:
    return Progress(TextColumn("judging"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True))


def _note(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"attune: {text}", markup=False)


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
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise AnswersInvalid(f"{file}: no text in UTF-8 ({error})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise AnswersInvalid(f"{file}:{number}: not JSON ({error})") from error
        if not isinstance(row, dict) or any(not KINDS[kind](row.get(key)) for key, kind in fields.items()):
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
    parser.add_argument("answers", type=Path, nargs="+")
    parser.add_argument("--corpus", type=Path, action="append", default=[])
    parser.add_argument("--wheel", type=Path, action="append", default=[])
    for option in ("--out", "--judge", "--words"):
        parser.add_argument(option, type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
