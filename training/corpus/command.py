"""What `python -m training.corpus` does: builds a corpus, or composes one of others, and says what came of it."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from training.corpus.building import Built, CorpusSettings, build
from training.corpus.composing import composed, insist
from training.corpus.errors import CorpusError, RecipeInvalid
from training.corpus.example import Layer, Split
from training.corpus.joined import PLOT, REPORT, Joined
from training.corpus.journal import Journal
from training.corpus.recipe import Recipe
from training.corpus.reviewed import Decisions


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the corpus is whole, 2 it is not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        with Journal.open(asked.log) as log:
            return _build(asked, console, log) if asked.what == "build" else _compose(asked, console, log)
    except CorpusError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        _refuse("interrupted; the same command goes on from here")
        return 130  # as shells have it after Ctrl-C
    except OSError as error:
        return _refuse(f"{error.filename or asked.out}: {error.strerror}; what is written stays, run it again")


def _build(asked: argparse.Namespace, console: Console, log: Journal) -> int:
    settings = CorpusSettings.read(asked.settings)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} items"),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=console) as bar:
        tasks = {one.dataset: bar.add_task(one.dataset, total=None) for one in settings.source}
        built = build(settings, asked.out, log.say, lambda of: bar.advance(tasks[of]))
    _show(built)
    console.print(f"written: {asked.out}")
    return 0


def _show(built: Built) -> None:
    splits = {dataset: dict.fromkeys(Split, 0) for dataset in built.examples}
    for example in built.corpus.examples():
        splits[example.source.dataset][example.split] += 1
    table = Table("data set", *(split.value for split in Split), "cannot map", "left out")
    for dataset, row in splits.items():
        out = sum(count for (of, _), count in built.left_out.items() if of == dataset)
        table.add_row(dataset, *(str(row[split]) for split in Split), str(built.cannot_map[dataset]), str(out))
    Console().print(table)
    if built.proof.untold:
        print(f"not told whom they show, so nothing is proven: {', '.join(sorted(built.proof.untold))}")  # noqa: T201
    for dataset, count in sorted(built.unscored.items()):
        print(f"{dataset}: {count} examples with films of which no scores tell anything")  # noqa: T201
    print(f"fingerprint {built.corpus.manifest.fingerprint}")  # noqa: T201 - a person reads this


def _compose(asked: argparse.Namespace, console: Console, log: Journal) -> int:
    recipe, layers = Recipe.read(asked.recipe), _layers(asked.layers)
    joined, decisions = Joined.read(asked.corpora), Decisions.read(asked.reviewed)
    outcome = decisions.applied(joined.examples)
    log.say("reviewed", {"dropped": outcome.dropped.total(), "relabelled": outcome.relabelled.total(),
                         "kept": outcome.kept, "absent": outcome.absent})  # fmt: skip
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        looking = bar.add_task("looking for leaks and repeats", total=len(outcome.examples))
        of = composed(outcome.examples, recipe, layers, lambda: bar.advance(looking))
        of = replace(of, reviewed=outcome)
        for part in of.parts:
            log.say("part", {"part": part.share.name, "asked": part.share.low, "there": part.there,
                               "got": len(part.examples)})  # fmt: skip
        for why, count in of.dropped.items():
            log.say("not learned from", {"why": why.value, "examples": count})
        if not asked.short:
            insist(of)
        writing = bar.add_task("writing", total=len(of.training) + len(of.evaluation))
        corpus = joined.write(of, asked.out, lambda: bar.advance(writing), decisions.digest)
    log.say("composed", {"examples": corpus.manifest.rows, "fingerprint": corpus.manifest.fingerprint})
    print((asked.out / REPORT).read_text(encoding="utf-8"))  # noqa: T201 - a person reads this
    console.print(f"written: {asked.out}, {asked.out / REPORT}, {asked.out / PLOT}")
    return 0


def _layers(text: str) -> frozenset[Layer]:
    try:
        return frozenset(Layer(name.strip()) for name in text.split(","))
    except ValueError as error:
        raise RecipeInvalid(f"--layers {text!r}; expected some of {', '.join(Layer)}, separated by commas") from error


def _refuse(why: str) -> int:
    print(f"attune: {why}", file=sys.stderr)  # noqa: T201 - a person reads this
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    building = commands.add_parser("build")
    building.add_argument("settings", type=Path)
    composing = commands.add_parser("compose")
    composing.add_argument("corpora", type=Path, nargs="+")
    composing.add_argument("--recipe", default="default")
    composing.add_argument("--layers", default=",".join(Layer))
    composing.add_argument("--short", action="store_true")
    composing.add_argument("--reviewed", type=Path, action="append", default=[])
    for command in (building, composing):
        command.add_argument("--out", type=Path, required=True)
        command.add_argument("--log", type=Path)
    return parser
