"""What `python -m training.evaluating` does: reads the answers in a run's folder and says what they are worth."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.evaluation.lift import lifts
from services.evaluation.opinions import Said, figures, gains
from services.evaluation.stability import stability
from services.simulator.staged import Moment
from training.corpus.assets import write_whole
from training.corpus.errors import CorpusDamaged, CorpusError
from training.corpus.example import Example
from training.corpus.journal import Journal
from training.corpus.store import Corpus
from training.evaluating.judge import Judge, JudgeSettings, ask
from training.evaluating.lifting import noticed
from training.evaluating.ratings import agreements, read_ratings, write_sheet
from training.evaluating.report import Evaluation, Judging, lines, to_json, to_page
from training.evaluating.rubric_judge import Marks, judge_of, judged, marked
from training.evaluating.scoring import all_of, moments_of
from training.synthesis.answers import Answers
from training.synthesis.errors import SettingsInvalid

WHO = ("adapter", "beside")
BASE = "its base"
WORSE = 3
ANSWERS, JSON, PAGE = "answers.json", "evaluation.json", "evaluation.html"
JUDGED, LOG = "judged", "judged.jsonl"
_MOMENTS = (
    "grounded claims: name the staged moments with --moments",
    "what the opinion adds to the detector: name the staged moments with --moments",
)
_RUBRIC = "reasoning quality by rubric: no judge was asked; --judge names one"
_PEOPLE = "agreement of the judge with people: --ratings names a file of theirs"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the report is written, 2 it is not, with one line that says why; 3: it is written, and of an
    adapter that was compared with another one it is not shown to be no worse."""
    asked = _parser().parse_args(arguments)
    try:
        of = Answered.read(asked.run, Corpus.open(asked.corpus))
        if asked.sheet is not None:
            write_sheet((one for who in WHO for one in judged(of.examples, of.said[who])), asked.sheet)
        if asked.ratings is not None and asked.judge is None:
            raise SettingsInvalid("--ratings without --judge: people are compared with a judge, name one")
        judge = None
        if asked.judge is not None:
            judge = judge_of(JudgeSettings.read(asked.judge), Answers(asked.run / JUDGED))
            _ask(judge, of)
        moments = moments_of(asked.moments) if asked.moments else {}
        found = evaluate(of, moments, asked.margin, judge, asked.ratings)
    except KeyboardInterrupt:
        print("attune: interrupted; what was judged is kept, the same command goes on", file=sys.stderr)  # noqa: T201
        return 130  # as shells have it after Ctrl-C
    except (CorpusError, OSError) as error:
        print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
        return 2
    write_whole(asked.run / JSON, to_json(found).encode())
    write_whole(asked.run / PAGE, to_page(found).encode())
    table = Table("measure", "adapter", "n", title=f"{found.examples} test examples, beside {found.beside}")
    for measure, said, n in lines(found.figures):
        table.add_row(measure, said, str(n))
    Console(highlight=False).print(table)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for who, why, n in found.judging.left if found.judging else ():
        console.print(f"not marked: {n} answers of {who}, {why}")
    worse = found.worse if of.beside != BASE else ()
    for gain in worse:
        told = f"{gain.interval.value:+.3f} ({gain.interval.low:+.3f} to {gain.interval.high:+.3f}, n = {gain.n})"
        console.print(f"not shown to be within {asked.margin:g} of {of.beside}: {gain.measure.value}, "
                      f"{gain.part or 'all'}: {told}")  # fmt: skip
    console.print(f"written: {asked.run / JSON}, {asked.run / PAGE}")
    return WORSE if worse else 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What adapter and beside answered to the examples, in the order in which they were asked."""

    run: Path
    adapter: str
    beside: str
    corpus: str
    examples: tuple[Example, ...]
    said: Mapping[str, Mapping[str, str]]
    left_out: int = 0

    @classmethod
    def read(cls, run: Path, corpus: Corpus) -> "Answered":
        """The answers in a run (`answers.json` names the file).

        Raises:
            CorpusDamaged: the answers are missing, incomplete, or of another corpus.
        """
        told = _read(run / ANSWERS)
        if told["corpus"] != corpus.manifest.fingerprint:
            raise CorpusDamaged(f"{run / ANSWERS}: answers about corpus {told['corpus'][:19]}, {corpus.folder} is "
                                f"{corpus.manifest.fingerprint[:19]}; ask again")  # fmt: skip
        said: dict[str, dict[str, str]] = {who: {} for who in WHO}
        for line in (run / told["file"]).read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            said[one["who"]][one["example"]] = one["text"]
        wanted = {name: place for place, name in enumerate(told["examples"])}
        if missing := [name for name in wanted if any(name not in said[who] for who in WHO)]:
            raise CorpusDamaged(f"{run / told['file']}: {len(missing)} of {len(wanted)} examples are not answered; run "
                                "the command again, it goes on")  # fmt: skip
        examples = sorted((one for one in corpus.examples() if one.id in wanted), key=lambda one: wanted[one.id])
        beside = told["beside"] or BASE
        left_out = len(told.get("left_out", ()))
        return cls(run, told["adapter"], beside, corpus.manifest.fingerprint, tuple(examples), said, left_out)


def evaluate(
    of: Answered, moments: Mapping[str, Moment], margin: float, judge: Judge[Marks] | None = None,
    ratings: Path | None = None,
) -> Evaluation:  # fmt: skip
    """The worth of what adapter and beside answered; with a judge, of what it has answered so far too.

    Raises:
        RatingsInvalid: a file of human ratings that is none.
    """
    events = {name: one.event for name, one in moments.items()}
    by_who = {who: all_of(of.examples, of.said[who], events) for who in WHO}
    missing = [] if events else list(_MOMENTS)
    if of.left_out:
        missing.append(f"{of.left_out} test examples that a model cannot be shown; {ANSWERS} says why each")
    lift = {who: tuple(lifts(noticed(of.examples, of.said[who], moments))) for who in WHO}
    judging = None
    if judge is None:
        missing.append(_RUBRIC)
    else:
        judging = _judged(judge, of, by_who, ratings)
        missing += [] if ratings else [_PEOPLE]
    first, second = by_who["beside"], by_who["adapter"]
    return Evaluation(
        of.adapter, of.beside, of.corpus, len(of.examples), margin, tuple(figures(second)), tuple(figures(first)),
        tuple(gains(first, second)), tuple(missing), judging, lift,
        {who: tuple(stability(by_who[who])) for who in WHO},
    )  # fmt: skip


def _judged(judge: Judge[Marks], of: Answered, by_who: dict[str, list[Said]], ratings: Path | None) -> Judging:
    """What the judge has answered so far, its marks put into `by_who`."""
    left: list[tuple[str, str, int]] = []
    marks: dict[str, Marks] = {}
    for who in WHO:
        by_who[who], why, found = marked(judge, of.examples, of.said[who], by_who[who])
        left += [(who, one.value, n) for one, n in sorted(why.items())]
        marks |= found
    written = {one.name for who in WHO for one in judged(of.examples, of.said[who])}
    people = agreements(read_ratings(ratings, written), marks) if ratings else ()
    return Judging(judge.settings.model, tuple(left), people)


def _ask(judge: Judge[Marks], of: Answered) -> None:
    asked = [one.messages for who in WHO for one in judged(of.examples, of.said[who])]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True, highlight=False)
    with Journal.open(of.run / LOG) as journal, Progress(*columns, console=console) as bar:
        judging = bar.add_task("judging", total=len(asked))
        asyncio.run(ask(judge, asked, journal.say, lambda: bar.advance(judging)))


def _read(file: Path) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusDamaged(f"{file}: no answers ({error}); `attune train evaluate` asks for them") from error
    return told


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train evaluate", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--moments", type=Path)
    parser.add_argument("--margin", type=float, default=0.05)
    for option in ("--judge", "--ratings", "--sheet"):
        parser.add_argument(option, type=Path)
    return parser
