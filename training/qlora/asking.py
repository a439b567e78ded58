"""Has an adapter and its base answer what they never learned from; answers are on disk before the next are begun."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training.corpus.example import Example, Split
from training.corpus.store import Corpus
from training.qlora.base import Base
from training.qlora.errors import CheckpointDamaged, NothingLearned
from training.qlora.served import ADAPTER, BESIDE, Served
from training.qlora.untaught import Untaught


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens of thinking and of the answer, how many test examples at most (0: all), and how many at a time."""

    thinking: int
    answer: int
    most: int = 0
    at_once: int = 1


def asked_about(
    corpus: Corpus, budget: Budget, layers: frozenset[str], base: Base, untaught: Untaught
) -> list[Example]:  # fmt: skip
    """The test examples, in turns over layers and kinds where not all are wanted; what the model cannot be shown is
    left out.

    Raises:
        NothingLearned: there is none.
        TooManyLeftOut: a larger share than `unteachable` cannot be shown.
    """
    found = [one for one in corpus.examples() if one.split is Split.TEST and one.layer.value in layers]
    if not found:
        raise NothingLearned(f"{corpus.folder}: no test example of {', '.join(sorted(layers))}; compose with some")
    groups: dict[tuple[str, str], list[Example]] = {}
    for one in found:
        groups.setdefault((one.layer.value, one.kind.value), []).append(one)
    turns = sorted((place, key) for key, group in groups.items() for place in range(len(group)))
    shown: list[Example] = []
    for place, key in turns:
        one = groups[key][place]
        if untaught.tried(one, lambda each: base.tokens(base.turns(each)[-1], corpus.assets)) is not None:
            shown.append(one)
        if budget.most and len(shown) == budget.most:
            break
    untaught.insist(corpus.folder)
    return shown


def answer_all(
    served: Served, examples: list[Example], corpus: Corpus, budget: Budget, file: Path, told: Callable[[], None]
) -> None:  # fmt: skip
    """Append what was not answered yet to `file`, so many at a time: example, who (`adapter` or `beside`), text."""
    known = {(one["example"], one["who"]) for one in read_answers(file)}
    with file.open("a", encoding="utf-8") as out:
        for first in range(0, len(examples), budget.at_once):
            for who in (ADAPTER, BESIDE):
                together = examples[first : first + budget.at_once]
                asked = [one for one in together if (one.id, who) not in known]
                turns = [served.base.turns(one)[-1] for one in asked]
                with served.speaking(who):
                    texts = served.answers(turns, corpus.assets, budget.thinking, budget.answer)
                for one, text in zip(asked, texts, strict=True):
                    out.write(json.dumps({"example": one.id, "who": who, "text": text}) + "\n")
                out.flush()
                for _ in together:
                    told()


def all_answered(examples: list[Example], file: Path) -> bool:
    """Whether both have answered everything: then no model has to be loaded.

    Raises:
        CheckpointDamaged: a line that is no answer.
    """
    known = {(one["example"], one["who"]) for one in read_answers(file)}
    return all((one.id, who) in known for one in examples for who in (ADAPTER, BESIDE))


def read_answers(file: Path) -> Iterator[dict[str, str]]:
    """What was answered so far. A last line that was cut off is passed over, and asked again.

    Raises:
        CheckpointDamaged: a line that is no answer.
    """
    if not file.exists():
        return
    text = file.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        file.write_text(text, encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        try:
            one = json.loads(line)
            yield {name: str(one[name]) for name in ("example", "who", "text")}
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointDamaged(f"{file}, line {number}: no answer ({error}); remove the file") from error
