"""What `python -m training.curating` does: looks a corpus over, and writes what a person is to decide."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from threadpoolctl import threadpool_limits

from training.corpus.assets import write_whole
from training.corpus.errors import CorpusError
from training.corpus.example import Example
from training.corpus.journal import Journal
from training.corpus.reviewed import Choice, Reviewed, read_review
from training.corpus.rows import digest
from training.corpus.store import Corpus
from training.curating.doubts import Looked, look
from training.curating.page import page
from training.curating.points import said
from training.curating.surprise import read_surprise

REVIEW, PAGE = "review.jsonl", "review.html"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 page and file are written, 2 they are not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    try:
        with Journal.open(asked.log) as log:
            _review(asked, log)
    except KeyboardInterrupt:
        print("attune: interrupted; what was decided is kept, run it again", file=sys.stderr)  # noqa: T201
        return 130  # as shells have it after Ctrl-C
    except (CorpusError, OSError) as error:
        print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
        return 2
    return 0


def _review(asked: argparse.Namespace, log: Journal) -> None:
    corpus, console = Corpus.open(asked.corpus), Console(stderr=True, soft_wrap=True, highlight=False)
    earlier = read_review(asked.out / REVIEW) if (asked.out / REVIEW).exists() else []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bar:
        reading = bar.add_task("reading", total=corpus.manifest.rows)
        examples = []
        for one in corpus.examples():
            examples.append(one)
            bar.advance(reading)
        surprise = read_surprise(asked.surprise, examples) if asked.surprise else {}
        comparing = bar.add_task("clusters, neighbours, picture", total=2)
        with threadpool_limits(1):  # more threads wait for one another longer than they work
            looked = look(examples, surprise)
            bar.advance(comparing)
            lines = lines_of(looked, asked.most, examples, earlier)
            text = page(looked, lines, asked.most, corpus.assets, str(asked.corpus))
            bar.advance(comparing)
    asked.out.mkdir(parents=True, exist_ok=True)
    write_whole(asked.out / PAGE, text.encode())
    write_whole(asked.out / REVIEW, "".join(f"{one.model_dump_json()}\n" for one in lines).encode())
    decided = sum(one.decision is not Choice.OPEN for one in lines)
    log.say("looked over", {"examples": len(examples), "suspects": len(looked.suspects), "lines": len(lines),
                            "decided": decided, "surprise": len(surprise)})  # fmt: skip
    if outdated := sum(one.decision is not Choice.OPEN for one in earlier) - decided:
        console.print(f"attune: {outdated} decisions were about examples that say something else now: left out")
    model = f"{len(surprise)} answers under the model" if surprise else "no model was asked (--settings, --run)"
    print(f"{len(examples)} examples, {len(looked.suspects)} with something against them, {len(lines)} to look at, "  # noqa: T201
          f"{decided} decided; {model}")  # fmt: skip
    console.print(f"written: {asked.out / PAGE}, {asked.out / REVIEW}")


def lines_of(
    looked: Looked, most: int, examples: Sequence[Example], earlier: Sequence[Reviewed]
) -> list[Reviewed]:  # fmt: skip
    """A line for each of the first `most` suspects, in order, with what was decided about the same words before; behind
    them everything else that was decided, so that nothing a person did is lost."""
    decided = {one.example: one for one in earlier if one.decision is not Choice.OPEN}
    lines = []
    for one in looked.suspects[:most]:
        line = Reviewed(
            example=one.example.id, digest=digest(one.example), doubt=round(one.doubt, 3), why=tuple(one.against),
            label=said(one.example) or one.example.label, suggested=one.suggested,
        )  # fmt: skip
        known = decided.get(line.example)
        if known is not None and known.digest == line.digest:
            line = known.model_copy(update={name: getattr(line, name) for name in ("doubt", "why", "suggested")})
            del decided[line.example]
        lines.append(line)
    there = {one.id: digest(one) for one in examples if one.id in decided}
    return lines + [one for one in decided.values() if there.get(one.example, one.digest) == one.digest]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train review", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--surprise", type=Path)
    parser.add_argument("--log", type=Path)
    return parser
