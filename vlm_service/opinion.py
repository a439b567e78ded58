"""Makes one assessment per revision of an event: by the model where one answers, by rules otherwise, kept once."""

import asyncio
import uuid
from dataclasses import dataclass

from services.ledger.assessments import AssessmentRepository
from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import ASSESSMENT_MADE
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.vocabulary import RULES, UNCHECKED, Assessment, Event, Grounding, Verdict
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.dialogue import AnswerError, ground, prompt_version
from vlm_service.dialogue.lint import WITHHELD
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure
from vlm_service.rules import reason_about

ASSESSMENT_NAMESPACE = uuid.UUID("b6f1d4a2-9f0e-5c43-8a0b-2f3f5f0d9c31")


def assessment_id(event: str, revision: int) -> str:
    """UUIDv5 of event and revision: asking again finds the same assessment.

    >>> assessment_id("e", 1) == assessment_id("e", 1) != assessment_id("e", 2)
    True
    """
    return str(uuid.uuid5(ASSESSMENT_NAMESPACE, f"{event}\x1f{revision}"))


@dataclass(frozen=True, slots=True)
class _Reasoned:
    verdict: Verdict
    reasoner: str
    adapter: str = ""
    thinking: str = ""
    fallback_reason: str = ""
    grounding: Grounding = UNCHECKED


class SecondOpinion:
    """Reasons about events. Several requests about one revision share one answer, also across restarts."""

    def __init__(self, database: Database, clock: Clock, engine: Engine | None) -> None:
        self._database = database
        self._clock = clock
        self._engine = engine
        self._running: dict[str, asyncio.Task[Assessment]] = {}
        self._log = logs.logger(room="vlm")

    async def assess(self, event: Event, deadline_s: Seconds) -> Assessment:
        """The assessment of this revision of `event`, in the ledger when this returns.

        A caller that goes away does not end the reasoning: its result is kept and told to alerting.

        Raises:
            sqlalchemy.exc.DBAPIError: the ledger does not answer; nothing was kept.
        """
        identity = assessment_id(event.id, event.revision)
        task = self._running.get(identity)
        if task is None:
            task = asyncio.create_task(self._assess(identity, event, deadline_s))
            self._running[identity] = task
            task.add_done_callback(lambda done: self._forget(identity, done))
        return await asyncio.shield(task)

    async def drain(self, patience_s: Seconds) -> None:
        """Wait for what is being reasoned about, then give up; what was given up is asked for again by its caller."""
        running = list(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=patience_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _forget(self, identity: str, task: "asyncio.Task[Assessment]") -> None:
        del self._running[identity]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("assessment was not made", error=type(error).__name__)

    async def _assess(self, identity: str, event: Event, deadline_s: Seconds) -> Assessment:
        kept = await asyncio.to_thread(self._kept, identity)
        if kept is not None:
            metrics.REPEATS.inc()
            return kept
        with metrics.WAITING.track_inprogress():
            started = self._clock.monotonic()
            reasoned = await self._reason(event, deadline_s)
            latency = self._clock.monotonic() - started
        assessment = Assessment(
            id=identity,
            event=event.id,
            event_revision=event.revision,
            created_at=self._clock.now(),
            reasoner=reasoned.reasoner,
            adapter=reasoned.adapter,
            prompt_version=prompt_version(),
            verdict=reasoned.verdict,
            thinking=reasoned.thinking,
            fallback_reason=reasoned.fallback_reason,
            latency_s=latency,
            grounding=reasoned.grounding,
        )
        return await asyncio.to_thread(self._keep, assessment)

    async def _reason(self, event: Event, deadline_s: Seconds) -> _Reasoned:
        if self._engine is None:
            return _by_rules(event)
        try:
            with metrics.ENGINE_SECONDS.time():
                answer = await self._engine.answer(event, deadline_s)
        except (EngineFailure, AnswerError) as failure:
            metrics.FALLBACKS.labels(failure.reason).inc()
            self._log.warning("the model gave no verdict, the rules answer", reason=failure.reason, event_id=event.id)
            return _by_rules(event, f"{failure.reason}: {failure}")
        if answer.thinking == WITHHELD:
            metrics.WITHHELD.inc()
        for claim in answer.grounding.claims:
            metrics.CLAIMS.labels(claim.support.value).inc()
        return _Reasoned(
            answer.verdict, self._engine.reasoner, self._engine.adapter, answer.thinking, grounding=answer.grounding
        )

    def _kept(self, identity: str) -> Assessment | None:
        with self._database.read() as connection:
            return AssessmentRepository(connection).get(identity)

    def _keep(self, assessment: Assessment) -> Assessment:
        """Keep it together with its message; where another replica was first, its assessment stands."""
        with self._database.write() as connection:
            assessments = AssessmentRepository(connection)
            if assessments.record(assessment):
                body = codec.to_json(assessment)
                OutboxRepository(connection).add(ASSESSMENT_MADE, assessment.event, body, self._clock.now())
                reasoner = RULES if assessment.reasoner == RULES else "model"
                metrics.ASSESSMENTS.labels(reasoner, str(assessment.verdict.tier.value)).inc()
                return assessment
            kept = assessments.get(assessment.id)
        metrics.REPEATS.inc()
        return kept or assessment


def _by_rules(event: Event, why: str = "") -> _Reasoned:
    verdict = reason_about(event)
    return _Reasoned(verdict, RULES, fallback_reason=why, grounding=ground("", verdict, event))
