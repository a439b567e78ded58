"""What `python -m training.evaluating` does: reads the answers in a run's folder and says what they are worth."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.evaluation.opinions import figures, gains
from training.corpus.assets import write_whole
from training.corpus.errors import CorpusDamaged, CorpusError
from training.corpus.store import Corpus
from training.evaluating.report import Evaluation, lines, to_json, to_page
from training.evaluating.scoring import all_of, events_of

ANSWERS, JSON, PAGE = "answers.json", "evaluation.json", "evaluation.html"
_RUBRIC = "reasoning quality by rubric: no judge endpoint was asked"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the report is written, 2 it is not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    try:
        found = evaluate(asked.run, Corpus.open(asked.corpus), asked.moments, asked.margin)
    except (CorpusError, OSError) as error:
        print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
        return 2
    write_whole(asked.run / JSON, to_json(found).encode())
    write_whole(asked.run / PAGE, to_page(found).encode())
    table = Table("measure", "adapter", "n", title=f"{found.examples} test examples, beside {found.beside}")
    for measure, said, n in lines(found.figures):
        table.add_row(measure, said, str(n))
    Console(highlight=False).print(table)
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"written: {asked.run / JSON}, {asked.run / PAGE}")
    return 0


def evaluate(run: Path, corpus: Corpus, moments: Path | None, margin: float) -> Evaluation:
    """The worth of what adapter and beside answered (`answers.json` names the file).

    Raises:
        CorpusDamaged: the answers are missing, incomplete, or of another corpus.
    """
    told = _read(run / ANSWERS)
    if told["corpus"] != corpus.manifest.fingerprint:
        raise CorpusDamaged(f"{run / ANSWERS}: answers about corpus {told['corpus'][:19]}, {corpus.folder} is "
                            f"{corpus.manifest.fingerprint[:19]}; ask again")  # fmt: skip
    said: dict[tuple[str, str], str] = {}
    for line in (run / told["file"]).read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        said[one["who"], one["example"]] = one["text"]
    wanted = {name: place for place, name in enumerate(told["examples"])}
    if missing := [name for name in wanted if any((who, name) not in said for who in ("adapter", "beside"))]:
        raise CorpusDamaged(f"{run / told['file']}: {len(missing)} of {len(wanted)} examples are not answered; run the "
                            "command again, it goes on")  # fmt: skip
    examples = sorted((one for one in corpus.examples() if one.id in wanted), key=lambda one: wanted[one.id])
    events = events_of(moments) if moments else {}
    by_who = {
        who: all_of(examples, {name: text for (of, name), text in said.items() if of == who}, events)
        for who in ("adapter", "beside")
    }
    unknown = () if events else ("grounded claims: name the staged moments with --moments",)
    return Evaluation(
        told["adapter"], told["beside"] or "its base", corpus.manifest.fingerprint, len(examples), margin,
        tuple(figures(by_who["adapter"])), tuple(figures(by_who["beside"])),
        tuple(gains(by_who["beside"], by_who["adapter"])), (*unknown, _RUBRIC),
    )  # fmt: skip


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
    return parser
