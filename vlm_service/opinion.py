"""Makes one assessment per revision of an event: by the model where one answers in time, by rules otherwise.

A question stands in the ledger until it is settled. Where the rules had to answer, the model may amend once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from services.ledger.questions import Question
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import RULES, UNCHECKED, Assessment, Event, Grounding, Verdict
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.dialogue import AnswerError, Frame, ground, prompt_version
from vlm_service.dialogue.lint import UNSAID, WITHHELD
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, ServerError, TimedOut
from vlm_service.kept import Kept, assessment_id
from vlm_service.patience import Patience
from vlm_service.places import Places, rank_of
from vlm_service.rules import reason_about

LOOK_S: Seconds = 1.0
"""How often it is looked whether somebody asks about a later revision of the events in question."""
AGAIN_S: Seconds = 2.0
"""How long a question rests whose server failed in a way that may pass (source: guess)."""

HEAD_START_S: Seconds = 0.005
"""After which the ledger is told of a question: the request to the model's server is on its way then, and both would
take turns on one core (source: measured, it is sent within 3 ms)."""
MOST_REMEMBERED = 10_000
"""Of the latest assessments, whose repeats cost the model nothing (source: guess, some days of a facility)."""
MOST_HELD_BYTES = 64 * 2**20
"""Of all pictures that wait for a model: beyond that questions are text alone (source: guess)."""


class Superseded(RuntimeError):
    """The event has a later revision, which is asked about by itself."""


@dataclass(frozen=True, slots=True)
class _Reasoned:
    verdict: Verdict
    reasoner: str
    adapter: str = ""
    thinking: str = ""
    fallback_reason: str = ""
    grounding: Grounding = UNCHECKED
    pictures: int = 0
    model_version: str = ""


@dataclass(eq=False, slots=True)
class _Asked:
    """A question on its way: `first` is what its askers get, `over` why the model is no longer asked."""

    question: Question
    first: "asyncio.Future[Assessment]"
    resumed: bool = False
    frames: tuple[Frame, ...] = ()
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    model: "asyncio.Task[None] | None" = None
    over: Superseded | None = None
    written: "asyncio.Task[Assessment | None] | None" = None


class SecondOpinion:
    """Reasons about events. Several requests about one revision share one answer, also across restarts."""

    def __init__(self, kept: Kept, clock: Clock, engine: Engine | None, places: Places, patience: Patience) -> None:
        self._kept, self._clock, self._engine = kept, clock, engine
        self._places, self._patience = places, patience
        self._asked: dict[str, _Asked] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._remembered: dict[str, None] = {}
        self._log = logs.logger(room="vlm")

    async def assess(self, event: Event, deadline_s: Seconds = 0.0, frames: Sequence[Frame] = ()) -> Assessment:
        """The assessment of this revision of `event`, in the ledger when this returns: by the model, or by the rules
        after `deadline_s` (0, or more than the tier has: as long as the tier has). The `frames` are shown to the model
        and held in memory alone, until it has answered; a question that survives a restart has lost them.

        A caller that goes away does not end the reasoning: its result is kept and told to alerting.

        Raises:
            sqlalchemy.exc.DBAPIError: the ledger does not answer; nothing was kept.
            Superseded: the event has a later revision.
        """
        identity = assessment_id(event.id, event.revision)
        asked = self._asked.get(identity)
        if asked is None:
            now, longest = self._clock.now(), self._patience.answer_within(event.tier)
            due = now + (min(deadline_s, longest) if deadline_s else longest)
            question = Question(identity, event, now, due, due + self._patience.amend_within(event.tier))
            asked = self._begin(question, frames=tuple(frames))
        return await asyncio.shield(asked.first)

    async def resume(self) -> None:
        """Take up what an earlier life of this process left.

        Raises:
            sqlalchemy.exc.DBAPIError: the ledger does not answer.
        """
        self._remembered = dict.fromkeys(await asyncio.to_thread(self._kept.latest, MOST_REMEMBERED))
        for question in await asyncio.to_thread(self._kept.questions):
            if question.id not in self._asked:
                metrics.RESUMED.inc()
                self._begin(question, resumed=True)

    async def watch(self, stop: asyncio.Event) -> None:
        """Give up, until `stop` is set, what is asked about events that have become more urgent since: they are asked
        about anew. One that has ended is still worth an opinion: it says what happened."""
        while not await until(stop, LOOK_S):
            try:
                if self._asked:
                    await self._look()
                await asyncio.to_thread(self._kept.settle_rest)
            except DBAPIError as error:
                self._log.warning("database is away", error=type(error).__name__)

    async def drain(self, patience_s: Seconds) -> None:
        """Wait for what is being reasoned about, then give up; what was given up is taken up by the next life."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await asyncio.to_thread(self._kept.settle_rest)
        except DBAPIError as error:
            self._log.warning("database is away", error=type(error).__name__)

    def _begin(self, question: Question, resumed: bool = False, frames: tuple[Frame, ...] = ()) -> _Asked:
        asked = _Asked(question, asyncio.get_running_loop().create_future(), resumed, self._affordable(frames))
        self._asked[question.id] = asked
        task = asyncio.create_task(self._see_through(asked))
        self._running.add(task)
        task.add_done_callback(lambda done: self._end(asked, done))
        return asked

    def _affordable(self, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        held = sum(len(frame.jpeg) for asked in self._asked.values() for frame in asked.frames)
        if held + sum(len(frame.jpeg) for frame in frames) <= MOST_HELD_BYTES:
            return frames
        metrics.PICTURES.labels("too_many_held").inc(len(frames))
        return ()

    def _end(self, asked: _Asked, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        del self._asked[asked.question.id]
        self._remembered[asked.question.id] = None
        if len(self._remembered) > MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("assessment was not made", error=type(error).__name__)
        if not asked.first.done():
            asked.first.set_exception(error) if error is not None else asked.first.cancel()
        if not asked.first.cancelled():
            asked.first.exception()  # whoever asked hears of it; where nobody waits it is no news

    async def _see_through(self, asked: _Asked) -> None:
        if self._engine is not None:
            with metrics.WAITING.track_inprogress():
                return await self._by_both(asked, self._engine)
        known = await asyncio.to_thread(self._kept.assessment, asked.question.id)
        if known is None:
            await self._tell(asked, _by_rules(asked.question.event))
        else:
            metrics.REPEATS.inc()
            asked.first.set_result(known)
        if asked.resumed:
            await self._settle(asked)
        return None

    async def _is_answered(self, asked: _Asked) -> bool:
        """Whether the ledger has an answer that no model would amend; its askers have it then.

        Raises:
            sqlalchemy.exc.DBAPIError: the ledger does not answer.
        """
        if asked.written is None:
            return False
        if not asked.written.done():
            await asyncio.wait({asked.written})
        known = asked.written.result()
        if known is not None and not asked.first.done():
            metrics.REPEATS.inc()
            asked.first.set_result(known)
        return known is not None and not (asked.resumed and known.reasoner == RULES)

    async def _by_both(self, asked: _Asked, engine: Engine) -> None:
        """The model until the question's end; the rules as soon as its askers can wait no longer. The ledger is asked
        for an earlier answer while the model begins: where there is one, the model stops."""
        asked.written = asyncio.create_task(self._write_down(asked.question))
        asked.model = asyncio.create_task(self._by_model(asked, engine))
        try:
            if await self._is_answered(asked):
                return await self._settle(asked) if asked.resumed else None
            left = asked.question.due_at - self._clock.now()
            await asyncio.wait({asked.model}, timeout=max(0.0, left))
            if not asked.model.done():
                waited = asked.question.due_at - asked.question.asked_at
                await self._fall_back(asked, TimedOut(f"no verdict within {waited:.1f} s"))
            await asyncio.wait({asked.model})
            if asked.model.cancelled():
                await self._give_up(asked)
            else:
                asked.model.result()
        finally:
            asked.model.cancel()
            await asyncio.gather(asked.model, asked.written, return_exceptions=True)
        return None

    async def _write_down(self, question: Question) -> Assessment | None:
        """The answer that the ledger has already; where there is none, the question is kept."""
        if not self._is_to_look_up(question):
            await asyncio.sleep(HEAD_START_S)
        return await self._kept.ask(question)

    def _is_to_look_up(self, question: Question) -> bool:
        """Whether the ledger is asked at once: it may have an answer, or others wait in line, so that there is time."""
        return question.id in self._remembered or not self._places.free

    async def _by_model(self, asked: _Asked, engine: Engine) -> None:
        """Ask until there is an answer, a failure that does not pass, or no time left; then all is settled."""
        question = asked.question
        if question.id in self._remembered and await self._is_answered(asked):
            return None  # others take their place in line at once: a slow disk delays nobody's turn
        while True:
            try:
                reasoned = await self._answer(question, engine, asked.frames)
            except (EngineFailure, AnswerError) as failure:
                await self._fall_back(asked, failure)
                if isinstance(failure, ServerError):
                    asked.frames = ()  # they may be what it failed at
                passes = isinstance(failure, EngineFailure) and failure.may_pass
                if not passes or self._clock.now() + AGAIN_S >= question.until:
                    metrics.ABANDONED.labels(failure.reason).inc()
                    return await self._settle(asked)
                await asyncio.sleep(AGAIN_S)
            else:
                await self._tell(asked, reasoned, settles=True)
                return None

    async def _answer(self, question: Question, engine: Engine, frames: tuple[Frame, ...]) -> _Reasoned:
        rank = rank_of(question.event.tier)
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._left(question)):
                    await held.enter_async_context(self._places.place(rank))
            except TimeoutError as error:
                raise TimedOut("no place at the model's server became free in time") from error
            with metrics.ENGINE_SECONDS.time():
                answer, adapter = await engine.speak(question.event, self._left(question), rank, frames)
        if answer.thinking == WITHHELD or UNSAID in answer.thinking:
            metrics.WITHHELD.inc()
        for claim in answer.grounding.claims:
            metrics.CLAIMS.labels(claim.support.value).inc()
        metrics.PICTURES.labels("shown").inc(answer.pictures)
        return _Reasoned(answer.verdict, engine.reasoner, adapter, answer.thinking,
                         grounding=answer.grounding, pictures=answer.pictures,
                         model_version=engine.model_version)  # fmt: skip

    def _left(self, question: Question) -> Seconds:
        """
        Raises:
            TimedOut: nobody wants the model's opinion any more.
        """
        left = question.until - self._clock.now()
        if left <= 0.0:
            raise TimedOut("the time for the model's answer was over")
        return left

    async def _fall_back(self, asked: _Asked, failure: EngineFailure | AnswerError) -> None:
        """The rules answer, unless somebody has."""
        event = asked.question.event
        if await self._tell(asked, _by_rules(event, f"{failure.reason}: {failure}")):
            metrics.FALLBACKS.labels(failure.reason).inc()
            self._log.warning("the model gave no verdict, the rules answer", reason=failure.reason, event_id=event.id)

    async def _tell(self, asked: _Asked, reasoned: _Reasoned, settles: bool = False) -> bool:
        """Keep what was reasoned: as the first answer, or as the model's amendment to it; False where the rules have
        nothing to add."""
        question = asked.question
        async with asked.one_at_a_time:
            answered = await self._is_answered(asked)
            amends = asked.first.done()
            if answered or (amends and reasoned.reasoner == RULES):
                return False
            now = self._clock.now()
            made = Assessment(
                id=assessment_id(question.event.id, question.event.revision, amended=amends),
                event=question.event.id, event_revision=question.event.revision, created_at=now,
                reasoner=reasoned.reasoner, adapter=reasoned.adapter, prompt_version=prompt_version(),
                verdict=reasoned.verdict, thinking=reasoned.thinking, fallback_reason=reasoned.fallback_reason,
                latency_s=max(0.0, now - question.asked_at), grounding=reasoned.grounding,
                pictures=reasoned.pictures, policy_version=question.event.policy_version,
                model_version=reasoned.model_version,
            )  # fmt: skip
            kept = await self._kept.keep(made, question.id if settles and amends else "")
            if amends:
                metrics.AMENDED.inc()
                return True
            asked.first.set_result(kept)
            if settles:
                self._kept.settle_soon(question.id)
            return True

    async def _look(self) -> None:
        going = list(self._asked.values())
        known = await asyncio.to_thread(self._kept.revisions, [asked.question.event.id for asked in going])
        for asked in going:
            event = asked.question.event
            revision, ended = known.get(event.id, (event.revision, False))
            if revision > event.revision and not ended:
                asked.over = Superseded(f"event {event.id} has a later revision: ask about that one")
                if asked.model is not None:
                    asked.model.cancel()

    async def _give_up(self, asked: _Asked) -> None:
        """What is superseded is settled; what was only interrupted waits for the next life of this process."""
        if asked.over is None:
            return
        metrics.ABANDONED.labels("superseded").inc()
        if not asked.first.done():
            asked.first.set_exception(asked.over)
        await self._settle(asked)

    async def _settle(self, asked: _Asked) -> None:
        if asked.written is not None:
            await asyncio.wait({asked.written})  # or else it would be written after it was settled
        await asyncio.to_thread(self._kept.settle, asked.question.id)


def _by_rules(event: Event, why: str = "") -> _Reasoned:
    verdict = reason_about(event)
    return _Reasoned(verdict, RULES, fallback_reason=why, grounding=ground("", verdict, event))
