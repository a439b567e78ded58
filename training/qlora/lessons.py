"""What is learned in which order: a corpus as tokens, and every step of the training planned before the first."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from training.corpus.example import Example, Split
from training.corpus.store import Corpus
from training.corpus.terms import Terms, terms_of
from training.qlora.base import Base
from training.qlora.chat import Tokens
from training.qlora.errors import NothingLearned, TooLong
from training.qlora.packing import plan
from training.qlora.settings import TrainingSettings
from training.qlora.untaught import Untaught


@dataclass(frozen=True, slots=True)
class Lessons:
    """Sequences to learn from and to look at. `room` is the length of a row; `left_out` counts by reason,
    `untaught` has the reason of each example that cannot be taught, `sources` the terms of what is learned from."""

    train: tuple[Tokens, ...]
    validation: tuple[Tokens, ...]
    room: int
    examples: int
    layers: dict[str, float]
    left_out: dict[str, int]
    untaught: dict[str, str]
    sources: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the optimiser: rows of sequences (indices into `Lessons.train`), and what the rate is multiplied
    by."""

    phase: int
    rows: tuple[tuple[int, ...], ...]
    rate: float


def lessons(
    corpus: Corpus, base: Base, settings: TrainingSettings, read: Callable[[], None],
    told: Callable[[str, dict[str, object]], None],
) -> Lessons:  # fmt: skip
    """The corpus' training and validation examples of the layers wanted; `read` is called after each, `told` hears of
    each that cannot be taught.

    Raises:
        NothingLearned: there is none to learn from.
        TooLong: an example is longer than `pack_tokens`, and nobody said to leave it out.
        TooManyLeftOut: a larger share than `unteachable` cannot be taught.
        CorpusDamaged: the corpus is not what its manifest says.
    """
    sorted_by: dict[Split, list[Tokens]] = {Split.TRAIN: [], Split.VALIDATION: []}
    left_out: Counter[str] = Counter()
    examples: Counter[str] = Counter()
    untaught, sources = Untaught(settings.unteachable, told), set[tuple[str, str]]()
    teach = partial(_tokens, corpus=corpus, base=base, settings=settings)
    for example in corpus.examples():
        read()
        if example.split not in sorted_by or example.layer not in settings.layers:
            continue
        made = untaught.tried(example, teach)
        if made is None:
            left_out["cannot be taught"] += 1
            continue
        if not made:
            left_out["longer than pack_tokens"] += 1
            continue
        sorted_by[example.split] += made
        sources.add((example.source.dataset, example.source.licence))
        examples[example.layer.value] += example.split is Split.TRAIN
    untaught.insist(corpus.folder)
    train, validation = (tuple(sorted_by[split]) for split in (Split.TRAIN, Split.VALIDATION))
    if not train:
        layers = ", ".join(layer.value for layer in settings.layers)
        raise NothingLearned(f"{corpus.folder}: no training example of {layers} ({dict(left_out) or 'none at all'}); "
                             "compose a corpus that has some")  # fmt: skip
    count = sum(examples.values())
    shares = {layer: round(number / count, 4) for layer, number in sorted(examples.items()) if number}
    longest = max(map(len, (*train, *validation)))
    room = settings.pace.pack_tokens or longest
    terms = terms_of(sources, corpus.manifest.sources)
    return Lessons(train, validation, room, count, shares, dict(left_out), untaught.why, terms)


def steps(of: Lessons, settings: TrainingSettings) -> tuple[Step, ...]:
    """Every step, in order: equal settings and corpora, equal steps.

    Raises:
        NothingLearned: a phase whose kinds no example is of.
    """
    groups: list[tuple[int, tuple[tuple[int, ...], ...]]] = []
    for number, phase in enumerate(settings.phase):
        chosen = [place for place, one in enumerate(of.train) if one.turn.kind in phase.kinds]
        if not chosen:
            raise NothingLearned(f"phase {number + 1} wants {', '.join(map(str, phase.kinds))}, and no training "
                                 "example is of these; take the phase out, or compose with them")  # fmt: skip
        for epoch in range(phase.epochs):
            order = np.random.default_rng((settings.seed, number, epoch)).permutation(chosen)
            planned = plan([len(of.train[one]) for one in order], of.room)
            rows = [tuple(int(order[one]) for one in row) for row in planned]
            for begin in range(0, len(rows), settings.pace.packs):
                groups.append((number, tuple(rows[begin : begin + settings.pace.packs])))
    return tuple(Step(phase, some, _rate(at, len(groups), settings)) for at, (phase, some) in enumerate(groups))


def _tokens(example: Example, corpus: Corpus, base: Base, settings: TrainingSettings) -> list[Tokens]:
    made = [base.tokens(turn, corpus.assets) for turn in base.turns(example)]
    most, longest = settings.pace.pack_tokens, max(map(len, made))
    if not most or longest <= most:
        return made
    if settings.pace.leave_out:
        return []
    raise TooLong(f"example {example.id!r}: {longest:,} tokens, pack_tokens is {most:,}; raise it, or say "
                  "pace.leave_out = true")  # fmt: skip


def _rate(step: int, steps_in_all: int, settings: TrainingSettings) -> float:
    """Up in a line, down along a cosine to a tenth; `step` is counted from 0."""
    rising = math.ceil(settings.pace.warm_up * steps_in_all)
    if step < rising:
        return (step + 1) / rising
    way = (step - rising) / max(1, steps_in_all - rising)
    return 0.1 + 0.9 * (1.0 + math.cos(math.pi * way)) / 2.0
