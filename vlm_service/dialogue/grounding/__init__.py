"""Checks every claim of a second opinion against the evidence of its event.

A claim is what a sentence states about this event: a number, a change, a sound, a fall, earlier episodes, the time of
day, senses that agree. What is asked, thought possible or said of what is typical is none. The words are English;
German ones are read as these. Of a text in another language only what its indicators point at can be checked.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from services.vocabulary import Claim, Event, Grounding, Mode, Support, Verdict
from vlm_service.dialogue.frames import PREFIX
from vlm_service.dialogue.grounding.circumstances import (
    conflict_claims,
    earlier_claims,
    history_claims,
    sense_claims,
    time_claims,
)
from vlm_service.dialogue.grounding.facts import Facts
from vlm_service.dialogue.grounding.figures import number_claims
from vlm_service.dialogue.grounding.german import in_english
from vlm_service.dialogue.grounding.movements import movement_claims
from vlm_service.dialogue.grounding.scene import scene_claims, without_place
from vlm_service.dialogue.grounding.sentences import Sentence, sentences
from vlm_service.dialogue.grounding.sounds import fall_claims, sound_claims
from vlm_service.dialogue.grounding.states import state_claims
from vlm_service.dialogue.grounding.subjects import Mention, mentions
from vlm_service.dialogue.lines import one_line
from vlm_service.dialogue.lint import diagnosis_words, emotion_words

__all__ = ["ground", "text_claims"]

MOST_CLAIMS = 64
"""Claims that are kept of one answer; contradictions first."""
_LONGEST = 160
_WITHHELD = "(withheld)"
_PICTURED = re.compile(
    r"\b(?:pictures?|images?|frames?|outlines?|photos?|bild(?:er|s|es|ern)?|aufnahmen?|umrisse?|fotos?)\b"
)
_ONLY_SEEN = "only a picture tells of it"


def ground(thinking: str, verdict: Verdict, event: Event, pictures: int = 0) -> Grounding:
    """What the measurements of `event` say of the claims in the thinking, the situation, the indicators and the
    context. In observables mode a claim that names an inner state is kept without its words. What was read off one of
    the `pictures` that were shown bears nothing out and contradicts nothing: no measurement tells."""
    facts = Facts(event)
    found = [*_of_text(thinking, facts, pictures), *_of_text(verdict.situation, facts, pictures)]
    for indicator in verdict.indicators:
        found += _of_text(indicator.text, facts, pictures, about=indicator.evidence)
    found += _of_text(without_place(verdict.context, event.evidence.place), facts, pictures)
    order = {Support.CONTRADICTED: 0, Support.UNSUPPORTED: 1, Support.SUPPORTED: 2}
    kept = sorted(found, key=lambda claim: order[claim.support])[:MOST_CLAIMS] if len(found) > MOST_CLAIMS else found
    return Grounding(tuple(_kept(claim, event.evidence.mode) for claim in kept))


def text_claims(text: str, event: Event) -> tuple[Claim, ...]:
    """The claims of one text, in order of kind within each sentence."""
    return tuple(_of_text(text, Facts(event), 0))


def _of_text(text: str, facts: Facts, pictures: int, about: str = "") -> Iterator[Claim]:
    for read, written in in_english(text):
        for sentence in sentences(read):
            told = f"{sentence.text} {written}".lower()
            seen = pictures > 0 and (about.startswith(PREFIX) or bool(_PICTURED.search(told)))
            for found in _of_sentence(sentence, facts, "" if about.startswith(PREFIX) else about):
                claim = replace(found, words=written) if written else found
                yield replace(claim, support=Support.UNSUPPORTED, why=_ONLY_SEEN) if seen else claim


def _of_sentence(sentence: Sentence, facts: Facts, about: str) -> Iterator[Claim]:
    event, names = facts.event, facts.channels
    found = mentions(sentence.text, names) or ([Mention(0, 0, (about,))] if about else [])
    yield from number_claims(sentence, found, facts)
    yield from movement_claims(sentence, found, facts)
    yield from sound_claims(sentence, event)
    yield from fall_claims(sentence, event)
    yield from earlier_claims(sentence, event)
    yield from time_claims(sentence, event)
    yield from history_claims(sentence, event)
    yield from conflict_claims(sentence, event)
    yield from sense_claims(sentence, event)
    yield from scene_claims(sentence, found, facts)
    yield from state_claims(sentence, found, facts)


def _kept(claim: Claim, mode: Mode) -> Claim:
    def safe(text: str) -> str:
        unsaid = diagnosis_words(text) or (mode is Mode.OBSERVABLES and emotion_words(text))
        return _WITHHELD if unsaid else one_line(text, _LONGEST)

    return Claim(safe(claim.words), safe(claim.evidence), claim.support, safe(claim.why))
