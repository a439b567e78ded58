"""Events and assessments as they pass between the threshold service and the second opinion."""

import math

from attune_wire.v1 import judgement_pb2
from services.runtime.wire.sensing import (
    WireError,
    cue_from_wire,
    cue_to_wire,
    derived_to_wire,
    mode_from_wire,
    mode_to_wire,
)
from services.vocabulary import (
    COURSES,
    Assessment,
    Claim,
    Conflict,
    Derived,
    Deviation,
    Event,
    Evidence,
    Grounding,
    Indicator,
    Opinion,
    Position,
    PriorEpisodes,
    Reason,
    Support,
    Term,
    Tier,
    Trend,
    Usual,
    Verdict,
)


def event_to_wire(event: Event) -> judgement_pb2.Event:
    message = judgement_pb2.Event(
        id=event.id,
        revision=event.revision,
        resident=event.resident,
        position=judgement_pb2.Position(
            agent=event.position.agent, epoch=event.position.epoch, sequence=event.position.sequence
        ),
        opened_at=event.opened_at,
        updated_at=event.updated_at,
        tier=event.tier.value,
        reason=event.reason.value,
        detector=event.detector,
        score=event.score,
        threshold=event.threshold,
        terms=[
            judgement_pb2.Term(name=t.name, value=t.value, weight=t.weight, contribution=t.contribution)
            for t in event.terms
        ],
        deviations=[
            judgement_pb2.Deviation(
                channel=d.channel, value=d.value, usual=d.usual, spread=d.spread, z=d.z, contribution=d.contribution
            )
            for d in event.deviations
        ],
        evidence=_evidence_to_wire(event.evidence),
        policy_version=event.policy_version,
        learning=event.learning,
    )
    if event.ended_at is not None:
        message.ended_at = event.ended_at
    return message


def event_from_wire(message: judgement_pb2.Event) -> Event:
    """
    Raises:
        WireError: no id, or a tier or reason that does not exist.
    """
    if not message.id or not message.resident:
        raise WireError(f"event {message.id!r} of resident {message.resident!r}: expected an id and a resident")
    try:
        tier, reason = Tier(message.tier), Reason(message.reason)
    except ValueError as error:
        raise WireError(f"event {message.id}: {error}; expected tier 1, 2 or 3 and a known reason") from error
    where = message.position
    return Event(
        id=message.id,
        revision=message.revision,
        resident=message.resident,
        position=Position(where.agent, where.epoch, where.sequence),
        opened_at=message.opened_at,
        updated_at=message.updated_at,
        ended_at=message.ended_at if message.HasField("ended_at") else None,
        tier=tier,
        reason=reason,
        detector=message.detector,
        score=message.score,
        threshold=message.threshold,
        terms=tuple(Term(t.name, t.value, t.weight, t.contribution) for t in message.terms),
        deviations=tuple(
            Deviation(d.channel, d.value, d.usual, d.spread, d.z, d.contribution) for d in message.deviations
        ),
        evidence=_evidence_from_wire(message.evidence),
        policy_version=message.policy_version,
        learning=message.learning,
    )


def _evidence_to_wire(evidence: Evidence) -> judgement_pb2.EventEvidence:
    return judgement_pb2.EventEvidence(
        mode=mode_to_wire(evidence.mode),
        window_s=evidence.window_s,
        profile=[judgement_pb2.Usual(channel=u.channel, level=u.level, spread=u.spread) for u in evidence.profile],
        trends=[judgement_pb2.Trend(channel=t.channel, values=t.values) for t in evidence.trends],
        volatility=evidence.volatility,
        usual_volatility=evidence.usual_volatility,
        transition_rate=evidence.transition_rate,
        cues=[cue_to_wire(cue) for cue in evidence.cues],
        erratic_motion=evidence.erratic_motion,
        usual_erratic_motion=evidence.usual_erratic_motion,
        place=evidence.place,
        time_of_day=evidence.time_of_day,
        prior_tier1=evidence.prior.tier1,
        prior_tier2=evidence.prior.tier2,
        prior_tier3=evidence.prior.tier3,
        seen_share=evidence.seen_share,
        conflicts=[
            judgement_pb2.Conflict(pair=c.pair, first=c.first, second=c.second, strength=c.strength)
            for c in evidence.conflicts
        ],
        course=evidence.course,
        derived=[derived_to_wire(one) for one in evidence.derived],
    )


def _evidence_from_wire(message: judgement_pb2.EventEvidence) -> Evidence:
    return Evidence(
        mode=mode_from_wire(message.mode),
        window_s=message.window_s,
        profile=tuple(Usual(u.channel, u.level, u.spread) for u in message.profile),
        trends=tuple(Trend(t.channel, tuple(t.values)) for t in message.trends),
        volatility=message.volatility,
        usual_volatility=message.usual_volatility,
        transition_rate=message.transition_rate,
        cues=tuple(cue_from_wire(cue) for cue in message.cues),
        erratic_motion=message.erratic_motion,
        usual_erratic_motion=message.usual_erratic_motion,
        place=message.place,
        time_of_day=message.time_of_day,
        prior=PriorEpisodes(message.prior_tier1, message.prior_tier2, message.prior_tier3),
        seen_share=message.seen_share,
        conflicts=tuple(Conflict(c.pair, c.first, c.second, c.strength) for c in message.conflicts),
        course=message.course if message.course in COURSES else "",
        derived=tuple(Derived(one.channel, one.variance) for one in message.derived),
    )


def assessment_to_wire(assessment: Assessment) -> judgement_pb2.Assessment:
    verdict = assessment.verdict
    return judgement_pb2.Assessment(
        id=assessment.id,
        event=assessment.event,
        event_revision=assessment.event_revision,
        created_at=assessment.created_at,
        reasoner=assessment.reasoner,
        adapter=assessment.adapter,
        prompt_version=assessment.prompt_version,
        verdict=judgement_pb2.Verdict(
            tier=verdict.tier.value,
            opinion=verdict.opinion.value,
            urgency=verdict.urgency,
            situation=verdict.situation,
            indicators=[judgement_pb2.Indicator(text=i.text, evidence=i.evidence) for i in verdict.indicators],
            context=verdict.context,
            action=verdict.action,
            confidence=verdict.confidence,
            unknowns=verdict.unknowns,
        ),
        thinking=assessment.thinking,
        fallback_reason=assessment.fallback_reason,
        latency_s=assessment.latency_s,
        claims=[
            judgement_pb2.Claim(words=c.words, evidence=c.evidence, support=c.support.value, why=c.why)
            for c in assessment.grounding.claims
        ],
        pictures=assessment.pictures,
        policy_version=assessment.policy_version,
        model_version=assessment.model_version,
    )


def assessment_from_wire(message: judgement_pb2.Assessment) -> Assessment:
    """
    Raises:
        WireError: a tier or opinion that does not exist, or a confidence outside 0..1.
    """
    verdict = message.verdict
    try:
        tier, opinion = Tier(verdict.tier), Opinion(verdict.opinion)
        claims = tuple(Claim(c.words, c.evidence, Support(c.support), c.why) for c in message.claims)
    except ValueError as error:
        known = "expected tier 1, 2 or 3, a known opinion and known support of each claim"
        raise WireError(f"assessment {message.id}: {error}; {known}") from error
    if not (math.isfinite(verdict.confidence) and 0.0 <= verdict.confidence <= 1.0):
        raise WireError(f"assessment {message.id} has confidence {verdict.confidence}: expected 0..1")
    return Assessment(
        id=message.id,
        event=message.event,
        event_revision=message.event_revision,
        created_at=message.created_at,
        reasoner=message.reasoner,
        adapter=message.adapter,
        prompt_version=message.prompt_version,
        verdict=Verdict(
            tier=tier,
            opinion=opinion,
            urgency=verdict.urgency,
            situation=verdict.situation,
            indicators=tuple(Indicator(i.text, i.evidence) for i in verdict.indicators),
            context=verdict.context,
            action=verdict.action,
            confidence=verdict.confidence,
            unknowns=tuple(verdict.unknowns),
        ),
        thinking=message.thinking,
        fallback_reason=message.fallback_reason,
        latency_s=message.latency_s,
        grounding=Grounding(claims),
        pictures=message.pictures,
        policy_version=message.policy_version,
        model_version=message.model_version,
    )
