"""Who is learned from and who is tried on: whole subjects, never halves of one, and a proof of it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from training.corpus.errors import SubjectsShared
from training.corpus.example import Example, Split

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.1
"""Of subjects. Source: guess."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known about subjects across splits: how many were seen, and of which data sets none is told."""

    subjects: int
    untold: frozenset[str]


def split_of(dataset: str, group: str, seed: int, official: Split | None = None) -> Split:
    """The split of a subject (or of an item where none is told): by a digest, so that neither order nor growth moves
    anybody. An official test or validation set is kept; of an official training set a part validates.

    >>> split_of("DFEW", "00001", 0, Split.TEST).value
    'test'
    """
    if official is not None and official is not Split.TRAIN:
        return official
    said = hashlib.sha256(f"{seed}\n{dataset}\n{group}".encode()).digest()
    place = int.from_bytes(said[:8]) / 2.0**64
    if place < VALIDATION_SHARE:
        return Split.VALIDATION
    return Split.TEST if official is None and place < VALIDATION_SHARE + TEST_SHARE else Split.TRAIN


def prove_disjoint(examples: Iterable[Example]) -> Proof:
    """That no subject is in two splits.

    Raises:
        SubjectsShared: one is; names the data set and the splits, not the subject.
    """
    seen: dict[tuple[str, str], Split] = {}
    shared: dict[str, set[str]] = defaultdict(set)
    untold = set[str]()
    for example in examples:
        source = example.source
        if not source.subject:
            untold.add(source.dataset)
        elif seen.setdefault((source.dataset, source.subject), example.split) is not example.split:
            shared[source.dataset].add(source.subject)
    if shared:
        said = ", ".join(f"{len(who)} of {dataset}" for dataset, who in sorted(shared.items()))
        raise SubjectsShared(f"subjects in more than one split: {said}; build with subject-disjoint splits")
    return Proof(len(seen), frozenset(untold))
