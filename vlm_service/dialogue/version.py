"""Names the prompt by a digest of everything that a model is shown, so that a change of one word is visible."""

import hashlib
import json
from dataclasses import replace
from functools import cache

from services.vocabulary import (
    Conflict,
    Cue,
    CueName,
    Deviation,
    Event,
    Evidence,
    Indicator,
    Mode,
    Opinion,
    Position,
    PriorEpisodes,
    Reason,
    Term,
    Tier,
    Trend,
    Usual,
    Verdict,
)
from vlm_service.dialogue.answer import render_answer
from vlm_service.dialogue.context import Facility, Language
from vlm_service.dialogue.frames import specimen
from vlm_service.dialogue.messages import assistant_message, messages_for
from vlm_service.dialogue.verdict import verdict_schema

_NAN = float("nan")


@cache
def prompt_version() -> str:
    """`report@` and twelve hex digits over the messages, schema and answer of specimen events that use every line."""
    shown = [message.chatml() for event in _specimens() for message in messages_for(event)]
    shown += [
        message.chatml()
        for event in _specimens()
        for message in messages_for(event, _FACILITY, "note", (specimen(), specimen()))
    ]
    shown += [json.dumps(verdict_schema(event, 1), sort_keys=True) for event in _specimens()]
    shown += [assistant_message("thinking", _VERDICT).chatml(), render_answer(_VERDICT)]
    return f"report@{hashlib.sha256(chr(0).join(shown).encode()).hexdigest()[:12]}"


_EVIDENCE = Evidence(
    mode=Mode.AFFECT,
    window_s=45.0,
    profile=(
        Usual("emotion.neutral", 0.72, 0.1), Usual("emotion.fear", 0.15, 0.05), Usual("emotion.anger", 0.25, 0.05),
        Usual("emotion.sadness", 0.4, 0.05), Usual("motion.erratic", 0.08, 0.02), Usual("audio.loudness", -40.0, 4.0),
    ),
    trends=(
        Trend("emotion.anger", (0.78, _NAN, 0.91)), Trend("pose.torso_angle", (10.0, 42.0)),
        Trend("uncertainty.emotion.anger", (0.2,)), Trend("uncertainty.pose.speed", (0.3,)),
    ),
    volatility=0.4,
    usual_volatility=0.1,
    transition_rate=0.2,
    cues=(Cue(CueName.CRY, 0.8, 12.0), Cue(CueName.FALL_NOISE, 0.6, 15.0),
          Cue(CueName.VOCALISATION_UNRESOLVED, 0.7, 18.0, -31.0, 2.4)),
    erratic_motion=0.6,
    usual_erratic_motion=0.1,
    place="day room",
    time_of_day="14:05",
    prior=PriorEpisodes(1, 2, 3),
    seen_share=0.4,
    conflicts=(Conflict("voice-face", "distressed 0.81", "neutral 0.74", 0.7),),
    course="escalating",
)  # fmt: skip
_EVENT = Event(
    id="specimen", revision=1, resident="r1", position=Position("a", "00", 1), opened_at=0.0, updated_at=0.0,
    ended_at=None, tier=Tier.IMMEDIATE, reason=Reason.COMPOSITE, detector="specimen", score=1.2, threshold=1.0,
    terms=(Term("motion", 3.0, 0.25, 0.75),),
    deviations=(Deviation("emotion.anger", 0.91, 0.1, 0.05, 3.2, 0.5), Deviation("motion.erratic", 0.6, 0.1, 0.05,
                5.0, 0.7), Deviation("pose.speed", 900.0, 0.1, 0.05, 900.0)),
    evidence=_EVIDENCE, policy_version="specimen",
)  # fmt: skip
_FACILITY = Facility("name", "kind", "notes", Language.GERMAN)
_VERDICT = Verdict(Tier.URGENT, Opinion.LOWERED, "within 10 minutes", "Situation.", (Indicator("text", "motion"),),
                   "Context.", "Action.", 0.5, ("Unknown.",))  # fmt: skip


def _specimens() -> tuple[Event, ...]:
    bare = Evidence(Mode.AFFECT, _NAN, seen_share=_NAN)
    affect = (_EVENT, replace(_EVENT, evidence=bare, deviations=(), terms=(), learning=True))
    observed = (replace(event, evidence=replace(event.evidence, mode=Mode.OBSERVABLES)) for event in affect)
    return (*affect, *observed)
