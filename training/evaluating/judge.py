"""A judge on a server: asked until an answer can be read, every answer on disk, what cannot be judged counted."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

import httpx
from pydantic import Field, model_validator

from training.corpus.errors import CorpusError
from training.corpus.settings_file import read_settings
from training.synthesis.answers import Answer, Answers
from training.synthesis.errors import SettingsInvalid
from training.synthesis.money import Purse, cost_of, price, tokens_of
from training.synthesis.settings import Protocol, ServerSettings
from training.synthesis.teachers.served import NoAnswer, OnDisk, Served
from vlm_service.dialogue import Message

T = TypeVar("T")
Say = Callable[[str, dict[str, object]], None]


class JudgeSettings(ServerSettings):
    """What `--judge` reads: any server that speaks one of two protocols, and what it may cost."""

    protocol: Literal[Protocol.OPENAI, Protocol.ANTHROPIC] = Protocol.OPENAI
    model: str = Field(min_length=1)
    url: str = Field(min_length=1)
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    budget: float = Field(default=0.0, ge=0.0)

    @model_validator(mode="after")
    def _paid(self) -> Self:
        if (self.price_in or self.price_out) and not self.budget:
            raise ValueError("budget: the judge has a price, so say what may be spent at most")
        return self

    @classmethod
    def read(cls, file: Path) -> Self:
        """From a TOML file.

        Raises:
            SettingsInvalid: it cannot be read, or says something that nobody understands.
        """
        return read_settings(cls, file, "a TOML file with name, model and url", SettingsInvalid)


class Why(StrEnum):
    """Why something is not judged."""

    NO_ANSWER = "the judge did not answer"
    REFUSED = "the judge refused"
    CUT_OFF = "the judge's answer was cut off"
    NONSENSE = "the judge's answer is none"
    NOTHING_SAID = "nothing was said that could be judged"


class NotJudged(ValueError):
    """An answer of a judge that cannot be used."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why.value}{f': {detail}' if detail else ''}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Judge(Generic[T]):
    """How one kind of question is put: its settings, where answers lie, the JSON schema wanted of them (or none), and
    what an answer's text means, `NotJudged` where nothing. `whole`: an answer that was cut off is none."""

    settings: JudgeSettings
    answers: Answers
    read: Callable[[str], T]
    schema: Mapping[str, Any] | None = None
    whole: bool = True

    @property
    def on_disk(self) -> OnDisk:
        """What it answered so far."""
        return OnDisk(self.settings, self.answers, self.schema)

    def opinion(self, messages: Sequence[Message]) -> T:
        """The first answer on disk that can be used.

        Raises:
            NotJudged: there is none; says why the last one is not.
        """
        last = NotJudged(Why.NO_ANSWER)
        for answer in self.on_disk.known(messages):
            try:
                return self._read(answer)
            except NotJudged as error:
                last = error
        raise last

    def next_attempt(self, messages: Sequence[Message]) -> int | None:
        """Which attempt to make; None where there is a usable answer, or no attempt left."""
        attempt = self.on_disk.next_attempt(messages)
        try:
            self.opinion(messages)
        except NotJudged:
            return attempt
        return None

    def _read(self, answer: Answer) -> T:
        if answer.refusal:
            raise NotJudged(Why.REFUSED, answer.refusal[:80])
        if answer.wrong:
            raise NotJudged(Why.NONSENSE, answer.wrong)
        if self.whole and answer.reply.finish_reason == "length":
            raise NotJudged(Why.CUT_OFF, "raise max_tokens")
        return self.read((answer.reply.content or "").rpartition("</think>")[2].strip())


async def ask(judge: Judge[T], asked: Sequence[Sequence[Message]], say: Say, step: Callable[[], None]) -> None:
    """Asks until each has a usable answer on disk, or no attempt left; as many at once as the settings say, equal
    questions once.

    Raises:
        SettingsInvalid: a key is not there; nobody is asked.
        CorpusError, OSError: a judge that fails, a budget that is spent, a full disk; after what is under way.
    """
    settings, over = judge.settings, list[CorpusError | OSError]()
    different = list(dict.fromkeys(map(tuple, asked)))
    spent = sum(cost_of(settings, answer) for messages in different for answer in judge.on_disk.known(messages))
    purse, places = Purse(settings.budget, spent), asyncio.Semaphore(settings.at_once)
    async with httpx.AsyncClient() as client:
        served = Served(judge.on_disk, client, settings.key)

        async def settle(messages: Sequence[Message]) -> None:
            async with places:
                try:
                    while not over and (attempt := judge.next_attempt(messages)) is not None:
                        await _paid(served, purse, messages, attempt)
                except NoAnswer as error:
                    say("not judged", {"judge": settings.name, "why": str(error)})
                except (CorpusError, OSError) as error:
                    over.append(error)
            step()

        async with asyncio.TaskGroup() as group:
            for messages in different:
                group.create_task(settle(messages))
    for _ in range(len(asked) - len(different)):
        step()
    if over:
        raise over[0]


async def _paid(served: Served, purse: Purse, messages: Sequence[Message], attempt: int) -> None:
    most, cost = price(served.settings, 1.5 * tokens_of(messages), served.settings.max_tokens), 0.0
    purse.reserve(most)
    try:
        cost = cost_of(served.settings, await served.ask(messages, attempt))
    finally:
        purse.settle(most, cost)
