"""Keeps what is tried on out of what is learned from: by raw asset, by subject, by nearly the same words."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from training.corpus.example import Example, Split
from training.corpus.near import Near, Signed
from training.corpus.parts import Recorded
from training.format.marks import rendered


class Why(StrEnum):
    """Why an example is not learned from."""

    ASSET_IN_EVALUATION = "shows a file that evaluation shows"
    SUBJECT_IN_EVALUATION = "shows a subject that evaluation shows"
    NEAR_EVALUATION = "nearly repeats an example of evaluation"
    NEAR_TRAINING = "nearly repeats an example of training"


@dataclass(slots=True)
class Sieved:
    """Evaluation examples as they were, and the training examples that leak nothing and repeat nothing."""

    evaluation: list[Example] = field(default_factory=list)
    training: list[Example] = field(default_factory=list)
    dropped: Counter[Why] = field(default_factory=Counter)


def sieved(examples: Iterable[Example], step: Callable[[], None] = lambda: None) -> Sieved:
    """Evaluation first: nothing is taken from it. Of near-duplicates in training the one with the smallest
    id stays."""
    all_ = sorted(examples, key=lambda one: one.id)  # so that what stays does not depend on the order of corpora
    found = Sieved([one for one in all_ if one.split is not Split.TRAIN])
    assets = {asset for one in found.evaluation for asset in one.assets.union(one.films)}
    subjects = {(one.source.dataset, one.source.subject) for one in found.evaluation if one.source.subject}
    tried, learned = Near(), Near()
    for one in found.evaluation:
        if text := words_of(one):
            tried.add(one.id, Signed.of(text))
        step()
    for one in all_:
        if one.split is Split.TRAIN:
            why = _why(one, assets, subjects, tried, learned)
            if why is None:
                found.training.append(one)
            else:
                found.dropped[why] += 1
            step()
    return found


def words_of(example: Example) -> str:
    """What of an example its words and numbers alone decide: empty where a picture, film or sound decides, for two
    pictures may well be asked about in the same words."""
    parts = [part for message in example.messages for part in message.parts]
    if any(isinstance(part, Recorded) for part in parts):
        return ""
    return "\n".join([rendered(parts), *(message.thinking for message in example.messages)])


def _why(
    one: Example, assets: set[str], subjects: set[tuple[str, str]], tried: Near, learned: Near
) -> Why | None:  # fmt: skip
    if one.assets.union(one.films) & assets:
        return Why.ASSET_IN_EVALUATION
    if (one.source.dataset, one.source.subject) in subjects:
        return Why.SUBJECT_IN_EVALUATION
    if text := words_of(one):
        signed = Signed.of(text)
        if tried.like(signed) is not None:
            return Why.NEAR_EVALUATION
        if learned.like(signed) is not None:
            return Why.NEAR_TRAINING
        learned.add(one.id, signed)
    return None
