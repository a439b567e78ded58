"""What people decided about single examples: which stay as they are, which are dropped, which say something wrong."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.corpus.errors import ReviewInvalid
from training.corpus.example import Example, Kind, Message
from training.corpus.parts import Text
from training.corpus.rows import digest


class Choice(StrEnum):
    """What becomes of an example. `OPEN`: nobody has decided, so it stays as it is."""

    OPEN = ""
    KEEP = "keep"
    DROP = "drop"
    RELABEL = "relabel"


class Reviewed(BaseModel):
    """One line of a review, of which a person fills in the last six fields.

    `digest` says which wording of the example was looked at, `doubt` and `why` what spoke against it, `suggested` what
    its neighbours say. A relabelling has a `new_label`, which takes the old one's place in the answer too, or a
    `new_answer` of its own; `new_thinking` where the thoughts speak for the old one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    example: str
    digest: str
    doubt: float = 0.0
    why: tuple[str, ...] = ()
    label: str = ""
    suggested: str = ""
    decision: Choice = Choice.OPEN
    reason: str = Field(default="", max_length=500)
    by: str = Field(default="", max_length=80)
    new_label: str = ""
    new_answer: str = ""
    new_thinking: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.decision in (Choice.DROP, Choice.RELABEL) and not (self.reason.strip() and self.by.strip()):
            raise ValueError(f"example {self.example!r}: decision {self.decision.value!r} without reason or by; say "
                             "why, and who decided")  # fmt: skip
        relabels, anew = self.decision is Choice.RELABEL, bool(self.new_label or self.new_answer)
        if relabels != anew or (self.new_thinking and not relabels):
            raise ValueError(f"example {self.example!r}: decision {self.decision.value!r}; new_label or new_answer "
                             "belong to a relabelling, and to nothing else, and so does new_thinking")  # fmt: skip
        return self


@dataclass(slots=True)
class Outcome:
    """What came of the decisions: examples dropped and relabelled by reason, kept by name, decisions about examples
    that are not there."""

    examples: list[Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    relabelled: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    absent: int = 0


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of some files by example; a later file counts where two speak of one example."""

    by_example: dict[str, Reviewed] = field(default_factory=dict)

    @classmethod
    def read(cls, files: Sequence[Path]) -> Self:
        """Raises:
        ReviewInvalid: a file that cannot be read, or a line that is no review.
        """
        lines = (line for file in files for line in read_review(file))
        return cls({one.example: one for one in lines if one.decision is not Choice.OPEN})

    @property
    def digest(self) -> str:
        """Of all that was decided; empty where nothing was."""
        said = "\n".join(one.model_dump_json() for _, one in sorted(self.by_example.items()))
        return hashlib.sha256(said.encode()).hexdigest() if said else ""

    def applied(self, examples: Iterable[Example]) -> Outcome:
        """The examples as they were decided about.

        Raises:
            ReviewInvalid: an example says something else than when it was looked at, or its words speak for the label
                that was taken from it.
        """
        outcome, met = Outcome(), 0
        for one in examples:
            decided = self.by_example.get(one.id)
            if decided is None:
                outcome.examples.append(one)
                continue
            met += 1
            if decided.digest != digest(one):
                raise ReviewInvalid(f"example {one.id!r}: says something else than when {decided.by or 'somebody'} "
                                    "looked at it; review the corpus as it is now (attune train review)")  # fmt: skip
            if decided.decision is Choice.DROP:
                outcome.dropped[decided.reason.strip()] += 1
                continue
            relabel = decided.decision is Choice.RELABEL
            outcome.examples.append(relabelled(one, decided) if relabel else one)
            outcome.relabelled[decided.reason.strip()] += relabel
            outcome.kept += not relabel
        outcome.absent, outcome.relabelled = len(self.by_example) - met, +outcome.relabelled
        return outcome


def read_review(file: Path) -> list[Reviewed]:
    """The lines of a review, decided or not.

    Raises:
        ReviewInvalid: there is none, or a line that is none; names file and line.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReviewInvalid(f"{file}: cannot be read ({error}); expected what attune train review wrote") from error
    found: list[Reviewed] = []
    decided: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                one = Reviewed.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                raise ReviewInvalid(f"{file}, line {number}: {f'{where}: ' if where else ''}{first['msg']}; "
                                    "mend it") from error  # fmt: skip
            if one.decision is not Choice.OPEN and (before := decided.setdefault(one.example, number)) != number:
                raise ReviewInvalid(f"{file}, line {number}: example {one.example!r} is decided in line {before} too; "
                                    "keep one of them")  # fmt: skip
            found.append(one)
    return found


def relabelled(example: Example, decided: Reviewed) -> Example:
    """The example with its new label, in its answer too, or with its new answer.

    Raises:
        ReviewInvalid: its answer does not name the old label, or it thinks towards that, and no new one is given.
    """
    label, last = decided.new_label or example.label, example.messages[-1]
    if not decided.new_answer and not names_label(example):
        raise ReviewInvalid(f"example {example.id!r}: its answer would stay as it is, for it does not name its label "
                            f"{example.label!r}; write new_answer, or drop it")  # fmt: skip
    if thinks_of(example, bool(decided.new_answer)) and not decided.new_thinking:
        raise ReviewInvalid(
            f"example {example.id!r}: its thoughts speak for the old answer; write new_thinking, or drop it"
        )
    words = decided.new_answer or _named(example).sub(lambda _: label.replace("_", " "), example.answer)
    answer = Message(last.role, (Text(words),), decided.new_thinking or last.thinking)
    source = replace(example.source, made_by=f"{example.source.made_by}, relabelled in review")
    return replace(example, label=label, messages=(*example.messages[:-1], answer), source=source)


def names_label(example: Example) -> bool:
    """Whether a new label alone makes another answer of its answer. A verdict says a tier, a question about a false
    alarm is answered by visit or ordinary, yes or no: neither by its label."""
    says = example.kind is Kind.CLASSIFICATION or (example.kind is Kind.THINKING and not example.answer.startswith("{"))
    return says and bool(example.label) and _named(example).search(example.answer) is not None


def thinks_of(example: Example, answered_anew: bool) -> bool:
    """Whether its thoughts would lead to another answer than its own: every new one, or a label they speak of."""
    label = example.label.replace("_", " ").lower()
    speaks = bool(label) and label in example.messages[-1].thinking.lower()
    return example.kind is Kind.THINKING and (answered_anew or speaks)


def _named(example: Example) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(example.label.replace('_', ' '))}(?!\w)", re.IGNORECASE)
