"""The house's own fallback reasoner as a teacher: verdict by rules, and the reasoning that the same evidence allows.

It agrees with the engine's tier, for rules have no second eye: what it teaches is form, grounding and restraint.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.vocabulary import CueName, Event, Tier, Verdict
from training.synthesis.answers import Answer
from training.synthesis.questions import Form, Question
from vlm_service.dialogue import Reply, verdict_to_json
from vlm_service.dialogue.numbers import level, percent, sigma
from vlm_service.dialogue.report import SEEN_WELL, prior_text, spoken_conflicts, strongest
from vlm_service.rules import reason_about
from vlm_service.rules.indicators import telling_cues, telling_deviations
from vlm_service.rules.phrases import cue_phrase, deviation_phrase

SMALL = 2.0
"""Robust standard deviations below which a change is called small here, as the rules have it."""


def answer(question: Question) -> Answer:
    """The rules' answer to a question that is taught."""
    event = question.asked.moment.event
    if question.form is Form.VISIT:
        return Answer(Reply(_visit(event)))
    verdict = _told_by_the_report(reason_about(event))
    return Answer(Reply(verdict_to_json(verdict), _thinking(event, verdict, question.id)))


def _told_by_the_report(verdict: Verdict) -> Verdict:
    """Without what the rules know and no report tells: which detector fired."""
    context, _, _ = verdict.context.partition(" What fired:")
    action, _, _ = verdict.action.partition(" Mention the slow change")
    return replace(verdict, context=context, action=action)


def _visit(event: Event) -> str:
    cues = [cue_phrase(cue, event.evidence.window_s) for cue in telling_cues(event)[:1]]
    moved = [deviation_phrase(one) for one in telling_deviations(event)[:2]]
    said = [*moved, *cues] or ["no single measurement stands out"]
    if event.tier is Tier.MONITOR:
        return f"ordinary: {' and '.join(said)}, which alone deserves no visit."
    return f"visit: {' and '.join(said)}."


def _thinking(event: Event, verdict: Verdict, choice: str) -> str:
    """Sentences from the evidence alone, each kind in one of several wordings by the digits of `choice`."""

    def pick(part: str, *wordings: str) -> str:
        return wordings[hashlib.sha256(f"{choice}{part}".encode()).digest()[0] % len(wordings)]

    said = [pick("begin", "First, what changed.", "What stands out in the report?", "I go through the lines in order.",
                 "Let me look at the numbers against this person's own usual.")]  # fmt: skip
    said += [*_changes(event, pick("changes", "", "In the report: ", "Measured: ")), *_sounds(event)]
    said += [*_course(event), *_doubts(event), *_before(event, pick("before", "", "As for the day before: "))]
    said += _against(event)
    wordings = ("Weighed together, this deserves", "All in all I would call this", "So I come to")
    said.append(f"{pick('end', *wordings)} tier {verdict.tier.value}: {verdict.urgency}.")
    said.append(pick("cause", "Why it happened the data cannot tell.", "The cause is not in the data.",
                     "What lies behind it only somebody in the room can find out."))  # fmt: skip
    return " ".join(said)


def _changes(event: Event, opening: str) -> Iterator[str]:
    found = telling_deviations(event)
    for place, one in enumerate(found[:4]):
        text = f"{deviation_phrase(one)} ({sigma(one.z)})."
        yield f"{opening}{text}" if opening and not place else f"{text[0].upper()}{text[1:]}"
    if not found:
        yield "No single measurement lies far from usual in a direction that matters."


def _sounds(event: Event) -> Iterator[str]:
    cues = telling_cues(event)
    for cue in cues[:3]:
        text = cue_phrase(cue, event.evidence.window_s)
        yield f"{text[0].upper()}{text[1:]}, probability {level(cue.probability)}."
    if not cues:
        yield "There is no sound in the report that would speak for itself."


def _course(event: Event) -> Iterator[str]:
    evidence = event.evidence
    if evidence.course:
        yield f'The course of the window is given as "{evidence.course}".'
    if math.isfinite(evidence.volatility) and math.isfinite(evidence.usual_volatility):
        yield f"The volatility index is {level(evidence.volatility)}, its baseline {level(evidence.usual_volatility)}."


def _doubts(event: Event) -> Iterator[str]:
    seen = event.evidence.seen_share
    if math.isfinite(seen) and seen < SEEN_WELL:
        yield f"Face or body was seen {percent(seen)} of the window, so little can be said of movement."
    if spoken_conflicts(event.evidence):
        yield "The senses disagree, so neither of them settles it."


def _before(event: Event, opening: str) -> Iterator[str]:
    yield f"{opening}{prior_text(event.evidence)} in the 24 hours before."


def _against(event: Event) -> Sequence[str]:
    """What does not speak for it, where the report has such a thing."""
    against = []
    if any(cue.name is CueName.LAUGHTER for cue in event.evidence.cues):
        against.append("Laughter was heard.")
    small = [one for one in strongest(event) if abs(one.z) < SMALL]
    if small and len(small) * 2 > len(strongest(event)):
        against.append("Most other measurements lie near this person's usual.")
    return [f"What speaks against it: {' '.join(against)}"] if against else []
