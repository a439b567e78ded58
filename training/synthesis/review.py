"""What two teachers disagree about, for a person to decide, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from training.corpus.assets import write_whole
from training.corpus.errors import CorpusDamaged
from training.synthesis.filters import Accepted

T = TypeVar("T", bound=BaseModel)
WAITING, DECIDED = "review.jsonl", "decisions.jsonl"


class Choice(StrEnum):
    """Whose answer is learned from."""

    FIRST = "first"
    SECOND = "second"
    NEITHER = "neither"


class Opinion(BaseModel):
    """One teacher's usable answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    teacher: str
    label: str
    thinking: str
    text: str


class Disagreement(BaseModel):
    """One question with two answers; `truth` is what was staged."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    question: str
    truth: str
    asked: str
    first: Opinion
    second: Opinion


class Decision(BaseModel):
    """What a person decided about a question, why, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    question: str
    choice: Choice
    note: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The two files of a folder: what waits, and what was decided. A later decision about a question replaces an
    earlier one; nothing is ever removed."""

    folder: Path

    def write(self, disagreements: Sequence[Disagreement]) -> None:
        """Everything two teachers disagree about, decided or not."""
        lines = "".join(f"{one.model_dump_json()}\n" for one in disagreements)
        write_whole(self.folder / WAITING, lines.encode())

    def all(self) -> list[Disagreement]:
        """What was written.

        Raises:
            CorpusDamaged: a line that is none.
        """
        return [_read(Disagreement, line, self.folder / WAITING) for line in _lines(self.folder / WAITING)]

    def waiting(self) -> list[Disagreement]:
        """What nobody has decided yet."""
        known = self.decisions()
        return [one for one in self.all() if one.question not in known]

    def decisions(self) -> dict[str, Decision]:
        """The last decision about each question.

        Raises:
            CorpusDamaged: a line that is none.
        """
        file = self.folder / DECIDED
        found = (_read(Decision, line, file) for line in _lines(file))
        return {one.question: one for one in found}

    def decide(self, question: str, choice: Choice, note: str = "") -> None:
        """Keeps a decision.

        Raises:
            CorpusDamaged: nobody disagreed about that question here.
        """
        if question not in {one.question for one in self.all()}:
            raise CorpusDamaged(f"{self.folder / WAITING}: holds no question {question[:40]!r}")
        decision = Decision(question=question, choice=choice, note=note.strip()[:500],
                            at=datetime.now(UTC).isoformat(timespec="seconds"))  # fmt: skip
        with (self.folder / DECIDED).open("a", encoding="utf-8") as file:
            file.write(f"{decision.model_dump_json()}\n")
            file.flush()


def opinion(teacher: str, said: Accepted) -> Opinion:
    """As it is shown."""
    return Opinion(teacher=teacher, label=said.label, thinking=said.thinking, text=said.text)


def _lines(file: Path) -> list[str]:
    return [one for one in file.read_text(encoding="utf-8").splitlines() if one.strip()] if file.exists() else []


def _read(noun: type[T], line: str, file: Path) -> T:
    try:
        return noun.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        raise CorpusDamaged(
            f"{file}: a line is no {noun.__name__.lower()} ({first['msg']}); mend or remove it"
        ) from error
