"""What `python -m training.synthesis` does: draws lives, makes examples of what was noticed, shows what waits."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.simulator.staged import Moment, Stage
from training.corpus.errors import CorpusError
from training.corpus.journal import Journal
from training.synthesis import questions, review_page
from training.synthesis.answers import Answers
from training.synthesis.asking import ask
from training.synthesis.errors import SettingsInvalid
from training.synthesis.money import agree
from training.synthesis.questions import Chosen
from training.synthesis.review import Review
from training.synthesis.scenes import plan
from training.synthesis.school import School
from training.synthesis.settings import SynthesisSettings
from training.synthesis.sifting import sift
from training.synthesis.stored import read_lines, write_lines
from training.synthesis.writing import CORPUS, REPORT, report_text, write, write_report

PLAN, MOMENTS, ANSWERS = "plan.jsonl", "moments", "answers"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 all is done, 2 it is not, with one line that says why, 130 interrupted."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.what == "plan":
            _plan(SynthesisSettings.read(asked.settings), asked.out)
        elif asked.what == "make":
            _make(SynthesisSettings.read(asked.settings), asked)
        else:
            review_page.serve(Review(asked.folder), asked.port)
    except CorpusError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        _refuse("interrupted; what was answered is kept, the same command goes on from here")
        return 130  # as shells have it after Ctrl-C
    except OSError as error:
        return _refuse(f"{error.filename or ''}: {error.strerror}; what was answered is kept, run it again")
    return 0


def _plan(settings: SynthesisSettings, out: Path) -> None:
    """The lives to be played. More people may come to a folder; otherwise its lives stay what they are."""
    out.mkdir(parents=True, exist_ok=True)
    stages, file = plan(settings), out / PLAN
    if file.exists():
        known = tuple(read_lines(file, Stage))
        if known[: len(stages)] != stages[: len(known)]:
            raise SettingsInvalid(
                f"{out}: holds other lives (seed, days, acts_per_day or this program differ); name another folder"
            )
        stages = max(known, stages, key=len)
    write_lines(file, stages)


def _make(settings: SynthesisSettings, asked: argparse.Namespace) -> None:
    out, console = asked.out, Console(stderr=True, highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Journal.open(asked.log) as journal, Progress(*columns, console=console) as bar:
        chosen = _chosen(settings, out, asked.short, bar)
        school = School(settings, Answers(out / ANSWERS))
        pairs = school.pairs([question for part in chosen for question in part.questions])
        money = school.estimate(pairs)
        journal.say("estimated", {"known": money.known, "new": money.new, "spent": money.spent, "cost": money.cost})
        console.print(money.said)
        if money.new:
            agree(money, settings, asked.yes)
            asking = bar.add_task("asking", total=len(pairs))
            asyncio.run(ask(school, pairs, money.spent, journal.say, lambda: bar.advance(asking)))
        sifting = bar.add_task("sifting", total=sum(len(part.questions) for part in chosen))
        review = Review(out)
        sifted = sift(chosen, school, review.decisions(), lambda: bar.advance(sifting))
        for (part, why), count in sorted(sifted.refused.items()):
            journal.say("not learned from", {"part": part, "why": why.value, "answers": count})
        review.write(sifted.disagreements)
        corpus = write(sifted, out)
        write_report(report_text(chosen, sifted, settings, school.estimate(pairs), corpus), out)
        journal.say("written", {"examples": corpus.manifest.rows, "fingerprint": corpus.manifest.fingerprint})
    print((out / REPORT).read_text(encoding="utf-8"))  # noqa: T201 - a person reads this
    console.print(f"written: {out / CORPUS}, {out / REPORT}")


def _chosen(settings: SynthesisSettings, out: Path, short: bool, bar: Progress) -> tuple[Chosen, ...]:
    stages = len(plan(settings))
    reading = bar.add_task("reading moments", total=stages)
    moments: list[Moment] = []
    for stage in range(stages):
        moments += read_lines(out / MOMENTS / f"{stage:05d}.jsonl", Moment)
        bar.advance(reading)
    chosen = questions.choose(questions.usable(moments, settings), settings)
    if not short:
        questions.insist(chosen)
    return chosen


def _refuse(why: str) -> int:
    print(f"attune: {why}", file=sys.stderr)  # noqa: T201 - a person reads this
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    for name in ("plan", "make"):
        command = commands.add_parser(name)
        command.add_argument("settings", type=Path)
        command.add_argument("--out", type=Path, required=True)
    command.add_argument("--yes", action="store_true")
    command.add_argument("--short", action="store_true")
    command.add_argument("--log", type=Path)
    reviewing = commands.add_parser("review")
    reviewing.add_argument("folder", type=Path)
    reviewing.add_argument("--port", type=int, default=0)
    return parser
