"""EIBench's judge: counts which true triggers an answer names; asked as often as the authors do, answers on disk."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.evaluation.triggers import ATTEMPTS, NONE, Counted, read_score
from training.corpus.settings_file import read_settings
from training.evaluating.judge import Judge, JudgeSettings, NotJudged, Why, ask
from training.synthesis.answers import Answers
from training.synthesis.errors import SettingsInvalid
from vlm_service.dialogue import Message

RECORD, TRUTH = "{record}", "{truth}"
AS_PUBLISHED = {"temperature": 0.1, "max_tokens": 512}
"""What the authors ask their judges with; a settings file that says otherwise is followed."""


class Words(BaseModel):
    """What the judge is asked. The default is our own wording: figures are comparable with published ones only where
    the authors' words (in their repository) are given, and their judge."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    system: str = "You compare a record with the truth and count. Answer in the form that is asked for."
    user: str = Field(default=(
        "Somebody looked at a picture and wrote down what made the person in it feel as they do. Count how many of the "
        "true triggers the record names, in whatever words. Begin with {score: named/total}, such as {score: 2/5} "
        "where two of five are named; then say which.\n\nRecord:\n{record}\n\nTrue triggers:\n{truth}"
    ))  # fmt: skip

    @model_validator(mode="after")
    def _has_places(self) -> Self:
        if RECORD not in self.user or TRUTH not in self.user:
            raise ValueError(f"user: expected {RECORD} and {TRUTH} where they belong")
        return self

    @classmethod
    def read(cls, file: Path) -> Self:
        """From a TOML file with `system` and `user`.

        Raises:
            SettingsInvalid: it is none.
        """
        return read_settings(cls, file, "a TOML file with system and user", SettingsInvalid)

    def messages(self, row: dict[str, Any]) -> tuple[Message, Message]:
        """About one picture."""
        truth = "\n".join(map(str, row["truth"]))
        user = self.user.replace(TRUTH, truth).replace(RECORD, row["said"])
        return Message("system", self.system), Message("user", user)


def count(
    rows: list[dict[str, Any]], settings: JudgeSettings, words: Words, answers: Answers, step: Callable[[], None]
) -> list[Counted | None]:  # fmt: skip
    """What the judge counts of each row; `NONE` where it never gave a score, None where it did not answer at all.

    Raises:
        CorpusError: see `judge.ask`.
    """
    usual = {name: value for name, value in AS_PUBLISHED.items() if name not in settings.model_fields_set}
    settings = settings.model_copy(update={"attempts": ATTEMPTS, **usual})
    judge = Judge(settings, answers, _score, whole=False)
    asked = [words.messages(row) for row in rows]
    asyncio.run(ask(judge, asked, lambda what, fields: None, step))
    found: list[Counted | None] = []
    for messages in asked:
        try:
            found.append(judge.opinion(messages))
        except NotJudged:
            found.append(None if judge.on_disk.next_attempt(messages) is not None else NONE)
    return found


def _score(text: str) -> Counted:
    found = read_score(text)
    if found is None:
        raise NotJudged(Why.NONSENSE, "no {score: named/total}")
    return found
