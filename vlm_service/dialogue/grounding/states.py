"""Checks what a text says of the whole: that all is as usual or calm, how it went on, what exceeds what."""

import math
import re
from collections.abc import Iterator

from services.vocabulary import Claim, Support
from vlm_service.dialogue.grounding.facts import AWAY, MOVED, Facts
from vlm_service.dialogue.grounding.gated import Gated
from vlm_service.dialogue.grounding.sentences import Sentence
from vlm_service.dialogue.grounding.subjects import Mention
from vlm_service.dialogue.names import SCORE

_WHOLE = (
    r"(?:everything|all (?:of (?:it|them|this))?|all (?:the )?(?:channels|measurements|values|numbers|readings|"
    r"signals)|"
    r"(?:the )?(?:other )?(?:picture|situation|behaviou?r|report) as a whole)"
)
_ALL_USUAL = Gated(
    rf"\b(?:{_WHOLE} (?:\w+ )?(?:is|are|was|were|looks?|remains?|stays?|stayed|remained|lies?) (?:\w+ly |quite |well )?"
    r"(?:as usual|usual|normal|ordinary|unremarkable|unchanged|within|in (?:the )?(?:normal|usual)|at (?:the |their )?"
    r"(?:usual|baseline))|nothing (?:at all |here |really )?(?:has |have )?(?:changed|deviates?|is unusual|"
    r"is different|"
    r"unusual|stands out|out of the ordinary)|no (?:\w+ )?(?:deviations?|changes?)(?: from (?:the |their |his |her )?"
    r"(?:usual|baseline|normal))?(?= (?:was|were|is|are|can|at all|in any|anywhere)|[.!]|$))",
    " as a whole|all |everything|no |nothing ",
)
_AT_EASE = Gated(
    r"(?<!face )(?<!voice )(?<!expression )(?<!room )\b(?:(?:is|was|are|were|seems?|seemed|looks?|looked|appears?|"
    r"appeared|remains?|remained|stays?|stayed|lies|lay|"
    r"sits|sat) (?:\w+ly |very |quite |perfectly )?(?:calm|relaxed|settled|peaceful|at ease|composed|tranquil|asleep|"
    r"resting|sleeping)|(?:sleeps|slept|rests|rested) (?:\w+ly|soundly|well)|calm and (?:relaxed|quiet|settled))\b",
    "asleep|at ease|calm|composed|peaceful|relaxed|resting|rested|rests|settled|sleep|slept|tranquil",
)
_CALM_ABOVE = ("emotion.fear", "emotion.anger", "emotion.sadness", "motion.erratic", "motion.ratio", "pose.speed",
               "pose.restlessness", "audio.vocal_energy", "affect.arousal")  # fmt: skip
"""Of somebody at ease none of these is above their usual."""
_GROWING = Gated(
    r"\b(?:(?:is|are|was|were|keeps?|kept) (?:\w+ly |still |now )?(?:escalating|getting worse|worsening|"
    r"building(?: up)?|"
    r"deteriorating|intensifying)|(?:situation|episode|it|course) (?:escalates|escalated|worsens|worsened)|"
    r"escalating (?:course|trend|pattern|trajectory)|upward trend)\b",
    "escalat|worse|building|deteriorat|intensif|upward",
)
_EASING = Gated(
    r"\b(?:(?:is|are|was|were|seems to be|appears to be|has been|already) (?:\w+ly |now |already )?(?:de-escalating|"
    r"subsiding|abating|getting better|improving|calming(?: down)?|settling(?: down)?|easing(?: off)?|fading|ebbing|"
    r"winding down|quietening)|(?:situation|episode|it|course) (?:subsides|subsided|improves|improved|eased|resolved)|"
    r"de-escalating (?:course|trend|pattern)|downward trend|has (?:passed|subsided|settled|calmed|eased|abated)|"
    r"(?:has|had) (?:already )?(?:calmed|settled|died) down)\b",
    "escalat|subsid|abat|better|improv|calm|settl|eas|fad|ebb|winding|quieten|resolved|downward|passed|died",
)
_EXCEEDS = Gated(
    r"\b(?:(?P<more>higher|larger|greater|stronger|bigger|more (?:marked|pronounced|elevated|prominent)|farther|"
    r"further "
    r"from (?:its )?usual)|(?P<less>lower|smaller|weaker|less (?:marked|pronounced|elevated|prominent))) than\b",
    " than",
)
_LEARNING = Gated(
    r"\b(?:still (?:being )?(?:learn(?:ed|t|ing)|established)|(?:baseline|usual|profile) is (?:not (?:yet )?(?:known|"
    r"established|learned)|provisional)|learning phase)\b",
    "learn|established|provisional|known",
)
_SHORT_OF = Gated(
    r"\b(?:below|under|beneath|short of|not (?:reach|pass|exceed|cross)(?:ed|ing)?|did not (?:reach|pass|exceed|cross)|"
    r"fails? to reach) (?:the |its |a )?(?:\w+ )?threshold\b",
    "threshold",
)


def state_claims(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """Everything of the kind that `sentence` states, judged."""
    for one in _ALL_USUAL.finditer(sentence.text):
        if _states(sentence, one) and not found:
            yield _usual(one.group(), facts)
    for one in _AT_EASE.finditer(sentence.text):
        if _states(sentence, one) and not sentence.denied(one.start()):
            yield _at_ease(one.group(), facts)
    if not found:
        yield from _courses(sentence, facts)
    yield from _comparisons(sentence, found, facts)
    yield from _about_the_report(sentence, facts)


def _states(sentence: Sentence, one: re.Match[str]) -> bool:
    return not (sentence.possible(one.start()) or sentence.habitual(one.start()))


def _usual(words: str, facts: Facts) -> Claim:
    name = facts.strongest()
    if not name:
        return Claim(words, "", Support.UNSUPPORTED, "how far anything is from its usual is not known")
    away = facts.away(name)
    if abs(away) >= AWAY:
        return Claim(words, name, Support.CONTRADICTED, f"{name} is {away:+.1f} sigma from usual")
    return Claim(words, name, Support.SUPPORTED)


def _at_ease(words: str, facts: Facts) -> Claim:
    above = [(facts.away(name), name) for name in _CALM_ABOVE if facts.away(name) >= AWAY]
    if above:
        away, name = max(above)
        return Claim(words, name, Support.CONTRADICTED, f"{name} is {away:+.1f} sigma from usual")
    return Claim(words, "", Support.UNSUPPORTED, "the measurements do not tell that somebody is at ease")


def _courses(sentence: Sentence, facts: Facts) -> Iterator[Claim]:
    """How it went on within the window: as the event says, or as its strongest channel went from its usual."""
    text = sentence.text
    easing, growing = list(_EASING.finditer(text)), list(_GROWING.finditer(text))
    if not (easing or growing):
        return
    course, name = facts.event.evidence.course, facts.strongest(followed=True)
    went = facts.went(name) * math.copysign(1.0, facts.away(name)) if name else math.nan
    grew = course in ("escalating", "building") or (not course and went >= MOVED)
    eased = course in ("de-escalating", "releasing") or (not course and went <= -MOVED)
    for told, right, wrong in ((easing, eased, grew), (growing, grew, eased)):
        for one in told:
            if not _states(sentence, one):
                continue
            if sentence.denied(one.start()):
                right, wrong = wrong, right
            why = "" if right else f"course: {course}" if course else f"{name} went the other way"
            support = Support.SUPPORTED if right else Support.CONTRADICTED if wrong else Support.UNSUPPORTED
            yield Claim(one.group(), name, support, why if right or wrong else "how it went on is not known")


def _comparisons(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """Which of two channels is farther from its usual, or higher where both are shares."""
    for one in _EXCEEDS.finditer(sentence.text):
        start, end = sentence.clause(one.start())
        before = [m for m in found if start <= m.start and m.end <= one.start() and len(m.names) == 1]
        after = [m for m in found if one.end() <= m.start and m.end <= end and len(m.names) == 1]
        if not before or not after or not _states(sentence, one) or sentence.denied(one.start()):
            continue
        first, second = before[-1].names[0], after[0].names[0]
        gaps = [_gap(facts.away(first), facts.away(second)), _gap(facts.peak(first), facts.peak(second))]
        known = [gap if one["more"] else -gap for gap in gaps if math.isfinite(gap)]
        if first == second or not known:
            continue
        right = any(gap > 0 for gap in known)
        why = "" if right else f"{second} is the greater of the two" if one["more"] else f"{first} is the greater"
        words = sentence.text[before[-1].start : after[0].end]
        yield Claim(words, first, Support.SUPPORTED if right else Support.CONTRADICTED, why)


def _about_the_report(sentence: Sentence, facts: Facts) -> Iterator[Claim]:
    event = facts.event
    for one in _LEARNING.finditer(sentence.text):
        if _states(sentence, one):
            right = event.learning != sentence.denied(one.start())
            why = (
                ""
                if right
                else "what is usual for this person " + ("is still being learned" if event.learning else "is known")
            )
            yield Claim(one.group(), "", Support.SUPPORTED if right else Support.CONTRADICTED, why)
    for one in _SHORT_OF.finditer(sentence.text):
        if _states(sentence, one) and "score" in sentence.text and event.score > event.threshold:
            why = f"the score is {event.score:.2f} and its threshold {event.threshold:.2f}"
            yield Claim(one.group(), SCORE, Support.CONTRADICTED, why)


def _gap(first: float, second: float) -> float:
    return abs(first) - abs(second)
