"""What is asked of a finished adapter by the Python that has torch: its answers, and what a server is to prove."""

import argparse
import hashlib
import json
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.corpus.assets import write_whole
from training.corpus.example import Split
from training.corpus.store import Corpus
from training.qlora.asking import Budget, all_answered, answer_all, asked_about
from training.qlora.base import open_base
from training.qlora.golden import golden, golden_with_pictures
from training.qlora.record import ADAPTER, ANSWERS, GOLDEN, Run
from training.qlora.served import Served, check_run
from training.qlora.settings import TrainingSettings
from training.qlora.untaught import Untaught

_COLUMNS = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


def answer(settings: TrainingSettings, asked: argparse.Namespace) -> None:
    """Answers of the adapter, and of what is beside it, to the corpus' test examples. `answers.json` in the run names
    the file with them, which is gone on with where everything is as it was.

    Raises:
        BaseChanged, TemplateChanged, BaseInvalid: the base or the adapter beside is not what it must be.
        NothingLearned: there is no test example.
        TooManyLeftOut: too many of them cannot be shown to the model.
    """
    run, base, corpus = Run.read(asked.run), open_base(settings.model), Corpus.open(asked.corpus)
    check_run(run, base)
    budget = Budget(asked.thinking, asked.answer, asked.most, asked.at_once)
    console = Console(stderr=True, highlight=False)
    untaught = Untaught(settings.unteachable, lambda what, fields: console.print(f"attune: {what}: {fields['why']}"))
    layers = frozenset(layer.value for layer in settings.layers)
    examples = asked_about(corpus, budget, layers, base, untaught)
    of = {
        "adapter": run.adapter_sha256, "beside": str(asked.beside or ""), "corpus": corpus.manifest.fingerprint,
        "thinking": budget.thinking, "answer": budget.answer, "at_once": budget.at_once,
    }  # fmt: skip
    name = f"answers-{hashlib.sha256(json.dumps(of).encode()).hexdigest()[:12]}.jsonl"
    with Progress(*_COLUMNS, console=console) as bar:
        asking = bar.add_task("asking", total=2 * len(examples))
        if all_answered(examples, asked.run / name):
            bar.update(asking, completed=2 * len(examples))
        else:
            served = Served.of(base, asked.run / ADAPTER, asked.beside)
            answer_all(served, examples, corpus, budget, asked.run / name, lambda: bar.advance(asking))
    told = {**of, "file": name, "examples": [one.id for one in examples], "left_out": untaught.why}
    write_whole(asked.run / ANSWERS, json.dumps(told, indent=1).encode())


def golden_prompts(settings: TrainingSettings, asked: argparse.Namespace) -> None:
    """`golden.json` in the run, from the corpus' validation examples.

    Raises:
        BaseChanged, TemplateChanged, BaseInvalid: see `answer`.
        NothingLearned: the adapter changes too little to be told from its base.
    """
    run, base, corpus = Run.read(asked.run), open_base(settings.model), Corpus.open(asked.corpus)
    check_run(run, base)
    wanted = {Split.VALIDATION, Split.TEST}
    console = Console(stderr=True, highlight=False)
    untaught = Untaught(1.0, lambda what, fields: console.print(f"attune: {what}: {fields['why']}"))
    tried = (untaught.tried(one, base.turns) or [] for one in corpus.examples() if one.split in wanted)
    turns = [turn for some in tried for turn in some]
    turns.sort(key=lambda turn: len(turn.given) + len(turn.learned))
    texts = [turn for turn in turns if not turn.images]
    served = Served.of(base, asked.run / ADAPTER)
    found = golden(served, [base.tokens(turn, corpus.assets) for turn in texts[:_TRIED]]) if served.language else []
    found += golden_with_pictures(served, turns)
    told = {"adapter": run.adapter_sha256, "prompts": [asdict(one) for one in found]}
    write_whole(asked.run / GOLDEN, json.dumps(told, indent=1).encode())


_TRIED = 24
