"""Checks what a text says of the room, of how much was seen, of a body at rest or in motion, and of what stands out."""

import math
import re
from collections.abc import Iterator

from services.vocabulary import Claim, Event, Support
from vlm_service.dialogue.grounding.facts import Facts
from vlm_service.dialogue.grounding.movements import DOWN, UP, judged
from vlm_service.dialogue.grounding.sentences import Sentence
from vlm_service.dialogue.grounding.subjects import Mention
from vlm_service.dialogue.names import SEEN

_ROOM = re.compile(
    r"\b(?:bed ?room|day ?room|living room|dining room|bath ?room|corridor|hallway|kitchen|garden|lounge|canteen|"
    r"therapy room|common room|toilet)\b"
)
_HERE = re.compile(r"\b(?:place|location|took place|happened|occurred|event|resident|person|is|was|in the|at the)\b")
_IN_VIEW = re.compile(
    r"\b(?:in (?:full |clear )?view (?:for the whole|for all|the whole|throughout|all the time)|fully (?:visible|seen)|"
    r"(?:visible|seen) (?:throughout|the whole time|all the time|for the whole)|in full view)\b"
)
_OUT_OF_VIEW = re.compile(r"\b(?:out of view|not in view|hidden|unseen|not visible)(?= (?:for|most|during|throughout))")
_WELL, _POORLY = 0.8, 0.6
"""Shares of the window from which one may say that somebody was seen, and below which hardly (source: guess)."""
_AT_REST = re.compile(r"\b(?:(?:perfectly|completely|quite|very) still|motionless|immobile|hardly mov(?:ed|ing))\b")
_IN_MOTION = re.compile(r"\b(?:pacing|restless(?:ly|ness)?|thrashing|fidget(?:s|ed|ing|y)|flailing|rocking)\b")
_MOTION = ("motion.ratio", "motion.erratic", "pose.speed", "pose.wrist_speed")
_STANDS_OUT = re.compile(
    r"\b(?:largest|biggest|strongest|greatest|most (?:marked|striking|pronounced)) (?:deviation|change)\b"
)


def scene_claims(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """Everything of the kind that `sentence` states, judged."""
    yield from _rooms(sentence, facts.event)
    yield from _views(sentence, facts.event)
    for pattern, way in ((_AT_REST, DOWN), (_IN_MOTION, UP)):
        for one in pattern.finditer(sentence.text):
            if _states(sentence, one):
                yield judged(one.group(), _MOTION, way, facts, sentence.denied(one.start()))
    yield from _outstanding(sentence, found, facts)


def _states(sentence: Sentence, one: re.Match[str]) -> bool:
    return not (sentence.possible(one.start()) or sentence.habitual(one.start()))


def _rooms(sentence: Sentence, event: Event) -> Iterator[Claim]:
    place = event.evidence.place.lower().replace(" ", "")
    for one in _ROOM.finditer(sentence.text):
        start, end = sentence.clause(one.start())
        if not _states(sentence, one) or sentence.denied(one.start()) or not _HERE.search(sentence.text, start, end):
            continue
        named = one.group().replace(" ", "")
        if not place:
            yield Claim(one.group(), "", Support.UNSUPPORTED, "the place is not known")
        elif named in place:
            yield Claim(one.group(), "", Support.SUPPORTED)
        elif _ROOM.search(event.evidence.place.lower()):
            yield Claim(one.group(), "", Support.CONTRADICTED, "the event tells of another place")
        else:
            yield Claim(one.group(), "", Support.UNSUPPORTED, "the event does not say so")


def _views(sentence: Sentence, event: Event) -> Iterator[Claim]:
    seen = event.evidence.seen_share
    for pattern, full in ((_IN_VIEW, True), (_OUT_OF_VIEW, False)):
        for one in pattern.finditer(sentence.text):
            if not _states(sentence, one) or not math.isfinite(seen):
                continue
            full_view = full != sentence.denied(one.start())
            right = seen >= _WELL if full_view else seen < _WELL
            wrong = seen < _POORLY if full_view else seen >= _WELL
            why = "" if right else f"{seen:.0%} of the window was seen"
            support = Support.SUPPORTED if right else Support.CONTRADICTED if wrong else Support.UNSUPPORTED
            yield Claim(one.group(), SEEN, support, why)


def _outstanding(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """What is called the largest deviation."""
    strongest = facts.strongest()
    for one in _STANDS_OUT.finditer(sentence.text):
        start, end = sentence.clause(one.start())
        about = [m for m in found if start <= m.start and m.end <= end and len(m.names) == 1]
        if not strongest or not about or not _states(sentence, one) or sentence.denied(one.start()):
            continue
        name = min(about, key=lambda m: min(abs(m.start - one.end()), abs(one.start() - m.end))).names[0]
        right = name == strongest
        why = "" if right else f"{strongest} is farther from its usual"
        yield Claim(one.group(), name, Support.SUPPORTED if right else Support.CONTRADICTED, why)
