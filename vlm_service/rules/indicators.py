"""Chooses what a rules verdict rests on: only evidence that is really in the event."""

import math

from services.vocabulary import Cue, CueName, Deviation, Event, Indicator, Reason, Worse, describe
from vlm_service.dialogue.names import SCORE, VOLATILITY, evidence_names
from vlm_service.dialogue.numbers import level, sigma
from vlm_service.dialogue.report import MOST_CHANNELS, strongest
from vlm_service.rules.phrases import cue_phrase, deviation_phrase

TOLD_FROM = 2.0
"""Robust standard deviations below which a change is not worth a caregiver's time (source: guess)."""
UNSETTLED_FROM = 0.25
"""Share of itself by which volatility must exceed its usual to be worth telling (source: guess)."""
_SHOWN = 0.01
"""Smallest difference that its two decimals show."""
MOST_INDICATORS = 5
_GOOD_SOUNDS = frozenset({CueName.LAUGHTER})


def indicators_of(event: Event) -> list[Indicator]:
    """What speaks for the event, most telling first: at least one, each pointing at evidence of the event."""
    if event.reason is Reason.BLIND:
        return [Indicator("camera or microphone give nothing", SCORE)]
    found = [*_sounds(event), *_movements(event)]
    if len(found) < MOST_INDICATORS and (unsettled := _unsettled(event)):
        found.append(unsettled)
    return found[:MOST_INDICATORS] or [_score(event)]


def telling_deviations(event: Event) -> list[Deviation]:
    """Deviations that are large enough and in the direction that deserves attention, strongest first."""
    return [d for d in strongest(event) if abs(d.z) >= TOLD_FROM and _worse(d)][:MOST_CHANNELS]


def telling_cues(event: Event) -> list[Cue]:
    """One cue per kind of sound that deserves attention, the most probable of each, most probable first."""
    cues = [cue for cue in event.evidence.cues if cue.name not in _GOOD_SOUNDS]
    ordered = sorted(cues, key=lambda cue: (-_sure(cue.probability), -cue.offset_s))
    first: dict[CueName, Cue] = {}
    for cue in ordered:
        first.setdefault(cue.name, cue)
    return list(first.values())


def _worse(deviation: Deviation) -> bool:
    channel = describe(deviation.channel)
    if not channel.judged:
        return False
    return channel.worse is Worse.BOTH or (deviation.z > 0) == (channel.worse is Worse.HIGHER)


def _sounds(event: Event) -> list[Indicator]:
    return [
        Indicator(
            f"{cue_phrase(cue, event.evidence.window_s)} (probability {level(cue.probability)})",
            cue.name.channel,
        )
        for cue in telling_cues(event)[:2]
    ]


def _movements(event: Event) -> list[Indicator]:
    return [Indicator(f"{deviation_phrase(d)} ({sigma(d.z)})", d.channel) for d in telling_deviations(event)]


def _unsettled(event: Event) -> Indicator | None:
    now, usual = event.evidence.volatility, event.evidence.usual_volatility
    if not (math.isfinite(now) and math.isfinite(usual)):
        return None
    if now - usual <= max(UNSETTLED_FROM * max(abs(now), abs(usual)), _SHOWN):
        return None
    return Indicator(f"swings from second to second more than usual ({level(now)}, usually {level(usual)})", VOLATILITY)


def _score(event: Event) -> Indicator:
    """The statistic that fired, where no single channel stands out; the term behind it where one is known."""
    names = evidence_names(event)
    terms = [t for t in event.terms if math.isfinite(t.contribution) and t.contribution > 0 and t.name in names]
    text = f"the score passed its threshold ({level(event.score)} against {level(event.threshold)})"
    if not terms:
        return Indicator(text, SCORE)
    return Indicator(text, max(terms, key=lambda term: term.contribution).name)


def _sure(probability: float) -> float:
    return probability if math.isfinite(probability) else 0.0
