"""Checks what a text says of the room, of how much was seen, of a body at rest or in motion, and of what stands out."""

import math
import re
from collections.abc import Iterator

from services.vocabulary import Claim, Event, Support
from vlm_service.dialogue.grounding.facts import Facts
from vlm_service.dialogue.grounding.gated import Gated
from vlm_service.dialogue.grounding.german import place_in_english
from vlm_service.dialogue.grounding.movements import DOWN, UP, judged
from vlm_service.dialogue.grounding.sentences import Sentence
from vlm_service.dialogue.grounding.subjects import Mention
from vlm_service.dialogue.lines import quoted
from vlm_service.dialogue.names import SEEN

_ROOM = Gated(
    r"\b(?:bed ?room|day ?room|living room|dining room|bath ?room|corridor|hallway|kitchen|garden|lounge|canteen|"
    r"therapy room|common room|toilet)\b",
    "room|canteen|corridor|garden|hallway|kitchen|lounge|toilet",
)
_HERE = re.compile(r"\b(?:place|location|took place|happened|occurred|event|resident|person|is|was|in the|at the)\b")
_IN_VIEW = Gated(
    r"\b(?:in (?:full |clear )?view (?:for the whole|for all|the whole|throughout|all the time)|fully (?:visible|seen)|"
    r"(?:visible|seen) (?:throughout|the whole time|all the time|for the whole)|in full view|"
    r"(?:clearly|well|perfectly|easily|continuously|constantly) (?:visible|seen|in view)|(?:good|clear|full|"
    r"unobstructed|perfect) "
    r"(?:visibility|view)|(?:seen|visible|in view) (?:for )?(?:almost |nearly )?(?:all|most) (?:of )?(?:the|"
    r"that) (?:time|window)|"
    r"(?:camera|it) (?:had|has|saw) (?:the (?:person|resident|face) )?(?:a )?"
    r"(?:clear|good|full|unobstructed)(?:ly)?)\b",
    "view|visib|seen|clear|good|full|unobstructed",
)
_OUT_OF_VIEW = Gated(
    r"\b(?:(?:out of (?:view|sight|frame)|not in view|hidden|unseen|not visible|obscured|occluded|covered)"
    r"(?= (?:for|most|during|throughout|nearly|almost|much|the))|(?:hardly|barely|scarcely|rarely|never|not|seldom) "
    r"(?:\w+ly )?(?:seen|visible|in view)|(?:poor|bad|limited|no|little) (?:visibility|view)|poorly visible|"
    r"(?:is|was|are|were) (?:\w+ly )?(?:out of (?:view|sight|frame)|hidden|not visible)(?=[.,;]|$))",
    "view|sight|frame|visib|covered|hidden|obscured|occluded|seen",
)
_WELL, _POORLY = 0.8, 0.6
"""Shares of the window from which one may say that somebody was seen, and below which hardly (source: guess)."""
_AT_REST = Gated(
    r"\b"
    r"(?:(?:perfectly|completely|quite|very|absolutely|totally|almost) (?:still|motionless|immobile)|motionless|"
    r"immobile|"
    r"(?:hardly|barely|scarcely|not) mov(?:ed|ing|es?)|(?:sits|sat|lies|lay|stands|stood|sitting|lying|standing|"
    r"kept|keeps|"
    r"remained|remains|stayed|stays) (?:\w+ly )?still|without (?:any )?(?:movement|motion|moving)|"
    r"(?:no|little|hardly any|barely any) (?:movement|motion)(?! data)|(?:movement|motion) (?:has |had )?(?:stopped|"
    r"ceased)|frozen|inactive|(?:less|hardly|barely|not very) active|"
    r"(?:slow|smooth|controlled|gentle|unhurried|measured) (?:and \w+ )?movements?|"
    r"movements? (?:is|are|was|were|looks?|seems?) (?:\w+ly )?(?:slow|smooth|controlled|gentle|unhurried|measured))\b",
    " active|inactive|frozen|mo|still|without ",
)
_IN_MOTION = Gated(
    r"\b"
    r"(?:pac(?:ing|es|ed)|restless(?:ly|ness)?|thrash(?:ing|es|ed)|fidget(?:s|ed|ing|y)|flail(?:ing|s|ed)|rocking|"
    r"frantic(?:ally)?|"
    r"hectic(?:ally)?|jerk(?:y|ing|ily)|wav(?:ing|es|ed) (?:the |his |her |their )?(?:arms|hands)|writh(?:ing|es|ed)|"
    r"mov(?:es|ed|ing) (?:around |about )?(?:a lot|constantly|wildly|vigorously|rapidly|frantically)|"
    r"(?:walking|wandering|running) (?:around|about|up and down|back and forth)|(?<!less )(?<!not very )(?:more|"
    r"very|highly|unusually|extremely|quite) active|"
    r"walk(?:s|ed) (?:around|about)|tossing|squirm(?:ing|s|ed))\b",
    " active|fidget|flail|frantic|hectic|jerk|mov|pac|restless|rocking|running|squirm|thrash|tossing|walk|"
    "wandering|wav|writh",
)
_MOTION = ("motion.ratio", "motion.erratic", "pose.speed", "pose.wrist_speed")
_STANDS_OUT = Gated(
    r"\b(?:largest|biggest|strongest|greatest|highest|most (?:marked|striking|pronounced|extreme|deviant)) "
    r"(?:\w+ )?(?:deviations?|changes?)\b|\b(?:deviates?|stands out|changed) (?:the )?most\b|"
    r"\b(?:farthest|furthest) from (?:its |the )?(?:usual|baseline|normal)\b",
    "deviat|change|most|thest from",
)


def scene_claims(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """Everything of the kind that `sentence` states, judged."""
    yield from _rooms(sentence, facts.event)
    yield from _views(sentence, facts.event)
    for pattern, way in ((_AT_REST, DOWN), (_IN_MOTION, UP)):
        for one in pattern.finditer(sentence.text):
            if _states(sentence, one) and not _measured(one, found, facts):
                yield judged(one.group(), _MOTION, way, facts, sentence.denied(one.start()))
    yield from _outstanding(sentence, found, facts)


def without_place(text: str, place: str) -> str:
    """`text` with the event's own `place` as empty quotes, where that is a name and not what a room is for: a room may
    be called by words that would be claims.

    >>> without_place("Crying corner, 03:10. In the day room.", "crying corner"), without_place("Day room.", "day room")
    ('“”, 03:10. In the day room.', 'Day room.')
    """
    name = quoted(place)[1:-1].strip()
    if not name or _ROOM.search(place_in_english(name)):
        return text
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "“”", text, flags=re.IGNORECASE)


def _states(sentence: Sentence, one: re.Match[str]) -> bool:
    return not (sentence.possible(one.start()) or sentence.habitual(one.start()))


def _measured(one: re.Match[str], found: list[Mention], facts: Facts) -> bool:
    """Whether the words are the name of a channel of this event, as "restlessness" may be: that channel says more."""
    named = [m.names[0] for m in found if len(m.names) == 1 and m.start < one.end() and one.start() < m.end]
    return any(facts.knows(name) for name in named)


def _rooms(sentence: Sentence, event: Event) -> Iterator[Claim]:
    called = place_in_english(event.evidence.place)
    place = called.replace(" ", "")
    for one in _ROOM.finditer(sentence.text):
        start, end = sentence.clause(one.start())
        if not _states(sentence, one) or sentence.denied(one.start()) or not _HERE.search(sentence.text, start, end):
            continue
        named = one.group().replace(" ", "")
        if not place:
            yield Claim(one.group(), "", Support.UNSUPPORTED, "the place is not known")
        elif named in place:
            yield Claim(one.group(), "", Support.SUPPORTED)
        elif _ROOM.pattern.search(called):
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
