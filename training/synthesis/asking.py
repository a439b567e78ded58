"""Asks servers until there is a usable answer on disk to every question, or no attempt is left."""

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx

from training.corpus.errors import CorpusError
from training.synthesis.money import Purse, cost_of, price, tokens_of
from training.synthesis.questions import Question
from training.synthesis.school import Pair, School
from training.synthesis.settings import TeacherSettings
from training.synthesis.teachers.served import NoAnswer, OnDisk, Served
from training.synthesis.wording import messages_of

Say = Callable[[str, dict[str, object]], None]


async def ask(school: School, pairs: Sequence[Pair], spent: float, say: Say, step: Callable[[], None]) -> None:
    """Asks all of it, each teacher as many at once as its settings say.

    Raises:
        SettingsInvalid: a key is not there; nobody is asked.
        CorpusError, OSError: a teacher that fails, a budget that is spent, a full disk; after what is under way.
    """
    purse = Purse(school.settings.budget, spent)
    async with httpx.AsyncClient() as client:
        asking = {one.name: _Asking(school, one, purse, client, say) for one in school.settings.teacher}
        async with asyncio.TaskGroup() as group:
            for question, teacher in pairs:
                group.create_task(asking[teacher.name].settle(question, step))
    for one in asking.values():
        if one.over is not None:
            raise one.over


class _Asking:
    """One teacher being asked; `over` says why no further question goes out."""

    def __init__(
        self, school: School, teacher: TeacherSettings, purse: Purse, client: httpx.AsyncClient, say: Say
    ) -> None:
        self.over: CorpusError | OSError | None = None
        self._school, self._teacher, self._purse, self._say = school, teacher, purse, say
        self._served = Served(OnDisk(teacher, school.answers), client, teacher.key)
        self._places = asyncio.Semaphore(teacher.at_once)

    async def settle(self, question: Question, step: Callable[[], None]) -> None:
        """Until there is a usable answer, no attempt is left, or the teacher is over."""
        async with self._places:
            try:
                while self.over is None:
                    attempt = self._school.next_attempt(question, self._teacher)
                    if attempt is None:
                        break
                    await self._asked(question, attempt)
            except NoAnswer as error:
                said: dict[str, object] = {"question": question.id, "teacher": self._teacher.name, "why": str(error)}
                self._say("no answer", said)
            except (CorpusError, OSError) as error:
                self.over = self.over or error
        step()

    async def _asked(self, question: Question, attempt: int) -> None:
        messages, began, cost = messages_of(question), time.monotonic(), 0.0
        most = price(self._teacher, 1.5 * tokens_of(messages), self._teacher.max_tokens)
        self._purse.reserve(most)
        try:
            answer = await self._served.ask(messages, attempt)
            cost = cost_of(self._teacher, answer)
        finally:
            self._purse.settle(most, cost)
        self._say("answered", {
            "question": question.id, "teacher": self._teacher.name, "attempt": attempt, "cost": cost,
            "tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out,
            "seconds": round(time.monotonic() - began, 2),
        })  # fmt: skip
