"""Chooses from corpora what a recipe asks for, so that a build of fewer layers is part of a build of more."""

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from training.corpus.errors import RecipeInvalid
from training.corpus.example import Example, Layer
from training.corpus.leakage import Why, sieved
from training.corpus.recipe import Recipe, Share
from training.corpus.reviewed import Outcome


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a recipe and what it got of the layers that are built."""

    share: Share
    examples: tuple[Example, ...]
    there: int
    """How many fitted, chosen or not."""
    short: int
    """How many are missing to the least that the recipe asks for, of all layers."""


@dataclass(frozen=True, slots=True)
class Composed:
    """The training examples by part, the evaluation examples of the same layers, and what was dropped before."""

    recipe: Recipe
    layers: frozenset[Layer]
    parts: tuple[Part, ...]
    evaluation: tuple[Example, ...]
    dropped: Counter[Why]
    below_quality: int
    reviewed: Outcome = field(default_factory=Outcome)
    """What people had decided about the examples before any of this."""

    @property
    def training(self) -> list[Example]:
        """All that is learned from."""
        return [example for part in self.parts for example in part.examples]


def composed(
    examples: Iterable[Example],
    recipe: Recipe,
    layers: frozenset[Layer] = frozenset(Layer),
    step: Callable[[], None] = lambda: None,
) -> Composed:
    """What a recipe takes of all examples, then of that the layers asked for: for the same examples and recipe the
    training examples of L1 are among those of L1 and L2, and so on.

    Within a part the labels of the data sets take turns, so that a frequent label does not crowd out a rare one; within
    a label the order is by a digest of seed and id, so that neither the order of corpora nor time changes the choice.
    """
    good = sieved(examples, step)
    worthy = [one for one in good.training if one.quality >= recipe.least_quality]
    taken = set[str]()
    parts = []
    for share in recipe.part:
        fitting = [one for one in worthy if one.id not in taken and share.fits(one)]
        chosen = list(_in_turns(fitting, recipe.seed, share.high))
        taken |= {one.id for one in chosen}
        mine = tuple(one for one in chosen if one.layer in layers)
        parts.append(Part(share, mine, len(fitting), max(0, share.low - len(chosen))))
    kept = tuple(part for part in parts if part.share.layer is None or part.share.layer in layers)
    evaluation = tuple(one for one in good.evaluation if one.layer in layers)
    return Composed(recipe, layers, kept, evaluation, good.dropped, len(good.training) - len(worthy))


def insist(of: Composed) -> None:
    """That the recipe got what it asks for.

    Raises:
        RecipeInvalid: names every part that is short, and how much there is.
    """
    short = [f"{one.share.name}: {one.there} of {one.share.low}" for one in of.parts if one.short]
    if short:
        raise RecipeInvalid(f"recipe {of.recipe.name!r} asks for more than there is ({'; '.join(short)}); add corpora, "
                            "or take what there is with --short")  # fmt: skip


def _in_turns(examples: Sequence[Example], seed: int, most: int) -> Iterator[Example]:
    ordered = sorted(examples, key=lambda one: hashlib.sha256(f"{seed}\n{one.id}".encode()).digest())
    queues: defaultdict[tuple[str, str, str], deque[Example]] = defaultdict(deque)
    for one in ordered:
        queues[one.layer.value, one.source.dataset, one.label].append(one)
    waiting = deque(queues[key] for key in sorted(queues))
    for _ in range(min(most, len(ordered))):
        queue = waiting.popleft()
        yield queue.popleft()
        if queue:
            waiting.append(queue)
