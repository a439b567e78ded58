"""The only file that knows both the vocabulary and protobuf."""

import math

import numpy as np

from attune_wire.v1 import judgement_pb2, sensing_pb2
from services.runtime.batch import Batch
from services.vocabulary import (
    COURSES,
    Absence,
    Assessment,
    Conflict,
    Cue,
    CueName,
    Deviation,
    Event,
    Evidence,
    Gap,
    Indicator,
    Mode,
    Opinion,
    Position,
    PriorEpisodes,
    Reason,
    Resident,
    Sense,
    Term,
    Tier,
    Trend,
    UnixSeconds,
    Usual,
    Verdict,
)

LATEST: UnixSeconds = 4_000_000_000.0
"""No sample is from after 2096; dates far beyond break calendars."""
MOST = 2**63 - 1


class WireError(ValueError):
    """A message that says something impossible; the text names the field, the value and what was expected."""


_MODES = {sensing_pb2.MODE_OBSERVABLES: Mode.OBSERVABLES, sensing_pb2.MODE_AFFECT: Mode.AFFECT}
_MODES_OUT = {mode: number for number, mode in _MODES.items()}


def mode_to_wire(mode: Mode) -> sensing_pb2.Mode:
    return _MODES_OUT[mode]


def mode_from_wire(number: int) -> Mode:
    """An unspecified mode means the one that needs no consent."""
    return _MODES.get(number, Mode.OBSERVABLES)  # type: ignore[call-overload,no-any-return]


def seat_to_wire(resident: Resident) -> sensing_pb2.Seat:
    return sensing_pb2.Seat(
        resident=resident.id,
        room=resident.room,
        bed=resident.bed,
        mode=mode_to_wire(resident.mode),
        label=resident.label,
        consent=resident.consent,
    )


def seat_from_wire(seat: sensing_pb2.Seat) -> Resident:
    """
    Raises:
        WireError: no resident id, or affect mode without consent.
    """
    if not seat.resident or not seat.room:
        raise WireError(f"seat {seat.resident!r} in room {seat.room!r}: expected a resident id and a room")
    for text in (seat.resident, seat.room, seat.bed, seat.label, seat.consent):
        if len(text) > 255 or not text.isprintable():
            raise WireError(f"seat says {text[:40]!r}: expected at most 255 printable characters")
    try:
        return Resident(seat.resident, seat.room, seat.bed, mode_from_wire(seat.mode), seat.label, seat.consent)
    except ValueError as error:
        raise WireError(str(error)) from error


def batch_to_wire(batch: Batch) -> sensing_pb2.SampleBatch:
    return sensing_pb2.SampleBatch(
        sequence=batch.sequences,
        seat=batch.seats,
        time=batch.times,
        values=np.ascontiguousarray(batch.values, dtype="<f4").tobytes(),
        quality=batch.quality,
        persons=batch.persons,
        cues=[_cue_to_wire(cue, row) for row, cue in batch.cues],
        gaps=[sensing_pb2.Gap(row=row, sense=gap.sense.value, reason=gap.reason.value) for row, gap in batch.gaps],
    )


def batch_from_wire(message: sensing_pb2.SampleBatch, channels: int, seats: int) -> Batch:
    """The columns of a batch against a schema of `channels` and `seats`.

    Raises:
        WireError: columns of unequal length, a seat or row that does not exist, an unknown cue, a time or sequence
            that cannot be.
    """
    n = len(message.sequence)
    expected = n * channels * 4
    if len(message.values) != expected:
        raise WireError(
            f"batch.values holds {len(message.values)} bytes: expected {expected} ({n} samples of {channels} float32 "
            "channels, as the hello's schema says)"
        )
    for name in ("seat", "time", "quality", "persons"):
        if len(getattr(message, name)) != n:
            raise WireError(f"batch.{name} holds {len(getattr(message, name))} values: expected {n}, one per sequence")
    batch = Batch(
        sequences=np.array(message.sequence, np.uint64),
        seats=np.array(message.seat, np.uint32),
        times=np.array(message.time, np.float64),
        values=np.frombuffer(message.values, "<f4").reshape(n, channels),
        quality=np.array(message.quality, np.float32),
        persons=np.array(message.persons, np.int32),
        cues=tuple((_row(cue.row, n), _cue_from_wire(cue)) for cue in message.cues),
        gaps=tuple((_row(gap.row, n), _gap_from_wire(gap)) for gap in message.gaps),
    )
    _check_columns(batch, seats)
    return batch


def _check_columns(batch: Batch, seats: int) -> None:
    if len(batch) == 0:
        return
    if int(batch.seats.max()) >= seats:
        raise WireError(
            f"batch.seat = {int(batch.seats.max())}: expected below {seats}, the number of seats in the hello"
        )
    possible = (batch.times >= 0.0) & (batch.times <= LATEST)  # false for NaN too
    if not possible.all():
        raise WireError(f"batch.time = {batch.times[~possible][0]}: expected Unix seconds, 0 to {LATEST:.0f}")
    if int(batch.sequences[-1]) > MOST:
        raise WireError(f"batch.sequence = {batch.sequences[-1]}: expected at most {MOST}")
    if (np.diff(batch.sequences.astype(np.int64)) <= 0).any():
        raise WireError("batch.sequence is not increasing: expected every sequence to be above the one before")


def _row(row: int, n: int) -> int:
    if row >= n:
        raise WireError(f"batch row {row}: expected below {n}, the number of samples in the batch")
    return row


def _gap_from_wire(gap: sensing_pb2.Gap) -> Gap:
    try:
        return Gap(Sense(gap.sense), Absence(gap.reason))
    except ValueError as error:
        raise WireError(f"gap {gap.sense!r} {gap.reason!r}: {error}") from error


def _cue_to_wire(cue: Cue, row: int = 0) -> sensing_pb2.Cue:
    return sensing_pb2.Cue(row=row, name=cue.name.value, probability=cue.probability, offset_s=cue.offset_s)


def _cue_from_wire(cue: sensing_pb2.Cue) -> Cue:
    try:
        name = CueName(cue.name)
    except ValueError as error:
        raise WireError(f"cue {cue.name!r}: expected one of {', '.join(CueName)}") from error
    if not 0.0 <= cue.probability <= 1.0:
        raise WireError(f"cue {cue.name!r} has probability {cue.probability}: expected 0..1")
    if not math.isfinite(cue.offset_s):
        raise WireError(f"cue {cue.name!r} has offset_s {cue.offset_s}: expected seconds")
    return Cue(name, cue.probability, cue.offset_s)


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
        cues=[_cue_to_wire(cue) for cue in evidence.cues],
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
        cues=tuple(_cue_from_wire(cue) for cue in message.cues),
        erratic_motion=message.erratic_motion,
        usual_erratic_motion=message.usual_erratic_motion,
        place=message.place,
        time_of_day=message.time_of_day,
        prior=PriorEpisodes(message.prior_tier1, message.prior_tier2, message.prior_tier3),
        seen_share=message.seen_share,
        conflicts=tuple(Conflict(c.pair, c.first, c.second, c.strength) for c in message.conflicts),
        course=message.course if message.course in COURSES else "",
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
    )


def assessment_from_wire(message: judgement_pb2.Assessment) -> Assessment:
    """
    Raises:
        WireError: a tier or opinion that does not exist, or a confidence outside 0..1.
    """
    verdict = message.verdict
    try:
        tier, opinion = Tier(verdict.tier), Opinion(verdict.opinion)
    except ValueError as error:
        raise WireError(f"assessment {message.id}: {error}; expected tier 1, 2 or 3 and a known opinion") from error
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
    )
