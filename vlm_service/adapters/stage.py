"""Lets the right version answer each event, notes how it went, and asks the one that is tried beside it, unheard."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from services.ledger import AdapterAnswerRepository, Database
from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary import AdapterAnswer, AdapterRole, Event
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.adapters.routing import Cast, Part, part_of
from vlm_service.adapters.watch import FAILED, INVALID
from vlm_service.dialogue import AnswerError, Frame, Opinionated
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, NotProven
from vlm_service.places import EVALUATION

BESIDE_WITHIN_S: Seconds = 300.0
"""For an answer that nobody waits for (source: guess)."""
MOST_BESIDE = 8
"""Unheard answers under way at once; what comes beyond is left out and counted (source: guess)."""


class Asked(NamedTuple):
    """What is asked about: an event, with the pictures that may be shown."""

    event: Event
    frames: Sequence[Frame]


class Stage:
    """Who is heard in this process: `cast` is replaced as a whole, so that one request sees one cast."""

    def __init__(self, engine: Engine, database: Database, clock: Clock) -> None:
        self.cast = Cast()
        self._engine, self._database, self._clock = engine, database, clock
        self._speaking: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._beside = 0
        self._log = logs.logger(room="vlm")

    def silent(self, served_name: str) -> bool:
        """Whether nobody waits for an answer of this version."""
        return not self._speaking[served_name]

    async def answer(
        self, event: Event, deadline_s: Seconds, rank: int, frames: Sequence[Frame] = ()
    ) -> tuple[Opinionated, str]:
        """The answer and the served name of who gave it (empty: the base model). Where a canary fails, the active
        one answers in the time that is left.

        Raises:
            EngineFailure: no answer was to be had; the subclass says why.
            AnswerError: there was an answer, but it is no usable verdict.
        """
        part = part_of(self.cast, event)
        started = time.monotonic()
        try:
            said = await self._said(part.served_name, Asked(event, frames), deadline_s, rank)
        except (EngineFailure, AnswerError) as failure:
            note = self._note(part, event, failure.reason, started)
            left = deadline_s - (time.monotonic() - started)
            theirs = part.role is AdapterRole.CANARY and failure.reason in FAILED | INVALID | {NotProven.reason}
            if not (theirs and left > 0.0 and part.beside is not None):
                self._follow(note, Asked(event, frames), None)
                raise
            return await self._instead(part.beside, Asked(event, frames), (left, rank), note), part.beside
        self._follow(self._note(part, event, "verdict", started, said), Asked(event, frames), part.beside)
        return said, part.served_name

    async def drain(self) -> None:
        """End what nobody waits for."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _said(self, served_name: str, asked: Asked, deadline_s: Seconds, rank: int) -> Opinionated:
        frames = asked.frames if self.cast.sees(served_name) else ()
        with self._waited_for(served_name):
            return await self._engine.answer(asked.event, deadline_s, rank, frames, served_name)

    async def _instead(
        self, served_name: str, asked: Asked, within: tuple[Seconds, int], note: AdapterAnswer
    ) -> Opinionated:
        """What the one beside a canary says that failed; `note` is the canary's."""
        try:
            said = await self._said(served_name, asked, *within)
        except (EngineFailure, AnswerError):
            self._follow(note, asked, None)
            raise
        part = Part(served_name, AdapterRole.ACTIVE)
        self._follow(
            self._beside_of(note, self._note(part, asked.event, "verdict", time.monotonic(), said)), asked, None
        )
        return said

    def _beside_of(self, note: AdapterAnswer, other: AdapterAnswer) -> AdapterAnswer:
        return replace(
            note, beside=other.served_name or self._engine.reasoner, beside_tier=other.tier,
            beside_grounding=other.grounding, beside_contradictions=other.contradictions,
        )  # fmt: skip

    @contextmanager
    def _waited_for(self, served_name: str) -> Iterator[None]:
        self._speaking[served_name] += 1
        try:
            yield
        finally:
            self._speaking[served_name] -= 1

    def _note(
        self, part: Part, event: Event, outcome: str, started: float, said: Opinionated | None = None
    ) -> AdapterAnswer:
        note = AdapterAnswer(
            part.served_name, part.role, event.id, self._clock.now(), time.monotonic() - started, outcome
        )
        if said is None:
            return note
        return replace(
            note, tier=said.verdict.tier.value, opinion=said.verdict.opinion.value, grounding=said.grounding.share,
            contradictions=len(said.grounding.contradictions),
        )  # fmt: skip

    def _follow(self, heard: AdapterAnswer, asked: Asked, beside: str | None) -> None:
        """Keep what was heard and, where somebody is tried beside it, what that one says."""
        metrics.ADAPTER_ANSWERS.labels(heard.role.value, "verdict" if heard.tier else "none").inc()
        if beside is not None and self._beside >= MOST_BESIDE:
            metrics.BESIDE_LEFT_OUT.inc()
            beside = None
        if beside is None and not heard.served_name:
            return
        task = asyncio.create_task(self._keep(heard, asked, beside))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, heard: AdapterAnswer, asked: Asked, beside: str | None) -> None:
        notes = [heard]
        if beside is not None:
            self._beside += 1
            try:
                other = await self._unheard(beside, asked)
            finally:
                self._beside -= 1
            notes = [self._beside_of(heard, other)]
            if heard.role is AdapterRole.ACTIVE:
                notes.append(self._beside_of(other, heard))
                metrics.ADAPTER_ANSWERS.labels(other.role.value, "verdict" if other.tier else "none").inc()
        try:
            await asyncio.to_thread(self._write, [note for note in notes if note.served_name])
        except SQLAlchemyError as error:
            self._log.warning("an adapter's answer was not noted", error=type(error).__name__)

    async def _unheard(self, served_name: str, asked: Asked) -> AdapterAnswer:
        part, started = Part(served_name, AdapterRole.SHADOW), time.monotonic()
        try:
            said = await self._said(served_name, asked, BESIDE_WITHIN_S, EVALUATION)
        except (EngineFailure, AnswerError) as failure:
            return self._note(part, asked.event, failure.reason, started)
        return self._note(part, asked.event, "verdict", started, said)

    def _write(self, notes: list[AdapterAnswer]) -> None:
        with self._database.write() as connection:
            repository = AdapterAnswerRepository(connection)
            for note in notes:
                repository.record(note)
