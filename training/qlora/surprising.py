"""How much each answer of a corpus surprises an adapter: for review, not for training."""

import argparse
import json
import math

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.corpus.rows import digest
from training.corpus.store import Corpus
from training.curating.surprise import Surprised, surprise_lines
from training.qlora.base import Base, open_base
from training.qlora.chat import Tokens
from training.qlora.record import ADAPTER, Run
from training.qlora.served import Served, check_run
from training.qlora.settings import TrainingSettings
from training.qlora.untaught import Untaught

_COLUMNS = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


def surprise(settings: TrainingSettings, asked: argparse.Namespace) -> None:
    """A line of `Surprised` for every example that the model can be shown, appended to `asked.out`; what stands there
    is not computed again. The answer of a conversation is its last turn.

    Raises:
        BaseChanged, TemplateChanged, BaseInvalid: base or adapter is not the one that the run knows.
        ReviewInvalid: the file holds something else.
    """
    run, base, corpus = Run.read(asked.run), open_base(settings.model), Corpus.open(asked.corpus)
    check_run(run, base)
    known = {(one.example, one.digest) for one in surprise_lines(asked.out)}
    waiting = [one for one in corpus.examples() if (one.id, digest(one)) not in known]
    console = Console(stderr=True, highlight=False)
    untaught = Untaught(1.0, lambda what, fields: console.print(f"attune: {what}: {fields['why']}"))
    if not waiting:
        return
    served = Served.of(base, asked.run / ADAPTER)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    done = corpus.manifest.rows - len(waiting)
    with Progress(*_COLUMNS, console=console) as bar, asked.out.open("a", encoding="utf-8") as out:
        asking = bar.add_task("asking the model", total=corpus.manifest.rows, completed=done)
        for one in waiting:
            tokens = untaught.tried(one, lambda each: base.tokens(base.turns(each)[-1], corpus.assets))
            if tokens is not None:
                nats, entropy = mean_surprise(served, base, tokens, corpus)
                said = Surprised(example=one.id, digest=digest(one), nats=nats, entropy=entropy,
                                 tokens=int(tokens.learned.sum()))  # fmt: skip
                out.write(json.dumps(said.model_dump()) + "\n")
                out.flush()
            bar.advance(asking)


def mean_surprise(served: Served, base: Base, tokens: Tokens, corpus: Corpus) -> tuple[float, float]:
    """Of the tokens that are learned from: their mean negative log-probability and the mean entropy of what the adapter
    expected in their places (nats)."""
    pixels = {asset: base.pixels(asset, corpus.assets) for asset, _, _ in tokens.images}
    with served.speaking("adapter"):
        expected = served.following(tokens, pixels).numpy()
    places = np.flatnonzero(tokens.learned)
    before = expected[places - 1]
    nats = -before[np.arange(len(places)), tokens.ids[places]]
    entropy = -(np.exp(before) * before).sum(axis=1)
    return _finite(nats), _finite(entropy)


def _finite(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    """A model that broke expects nothing: its surprise is no number, and whoever reads it passes over it."""
    mean = float(values.mean())
    return mean if math.isfinite(mean) else math.nan
