"""Checks what a text says rose, fell or stayed as it was."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.vocabulary import Claim, Support
from vlm_service.dialogue.grounding.facts import AWAY, MOVED, STILL, Facts
from vlm_service.dialogue.grounding.sentences import Sentence
from vlm_service.dialogue.grounding.subjects import Mention

UP, DOWN, SAME, ANY = 1, -1, 0, 2
"""Ways to go; `ANY`: it changed, whichever way."""
_OWN = r"(?:(?:the|its|his|her|their|this person's|a|own) )*"
_USUAL = rf"{_OWN}(?:usual|normal|baseline|ordinary|average)"
_BEFORE_ONLY = {
    UP: r"peaked|rose|rises?|risen|climb(?:s|ed)?|jump(?:s|ed)?|surg(?:e|es|ed)|spik(?:e|es|ed)|soar(?:s|ed)?|"
        r"gr[eo]w(?:s|n)?|(?:went|goes|go) up|escalated?|intensified|doubled|tripled|quadrupled|built up|increases?",
    DOWN: r"fell|falls?|dropp?(?:s|ed)?|declin(?:e|es|ed)|sank|sinks?|(?:went|goes|go) down|collapsed|"
          r"diminish(?:es|ed)?|lessen(?:s|ed)?|subsided?|halved|shrank|decreases?",
}  # fmt: skip
_AFTER_ONLY = {
    UP: r"(?:increase|rise|spike|surge|jump|elevation|growth)s? (?:in|of)",
    DOWN: r"(?:decrease|drop|decline|reduction|fall|dip)s? (?:in|of)",
}
_EITHER = {
    UP: rf"higher|elevated|increased|heightened|greater|stronger|louder|faster|rising|increasing|climbing|"
        rf"raised(?! up)|(?:is|are|was|were|going) up|up (?:from|to)|(?:above|over|beyond) {_USUAL}|"
        rf"more(?! than [-+]?\d)|excessive|high(?= |[.,;)]|$)",
    DOWN: rf"lower|reduced|decreased|weaker|quieter|slower|falling|decreasing|declining|dropping|easing|"
          rf"(?:is|are|was|were|going) down|down (?:from|to)|(?:below|under) {_USUAL}|less(?! than [-+]?\d)|suppressed",
}  # fmt: skip
_STAYED = (
    rf"unchanged|steady|stable|(?:at|near|within|close to|around|back to|no different from|the same as) {_USUAL}|"
    rf"(?:is|was|are|were|remains?|remained|stays?|stayed|looks?|seems?) (?:\w+ly |quite |as )?"
    rf"(?:usual|normal|unremarkable|typical)"
)
_WORDS = re.compile(
    rf"\b(?:(?P<stayed>{_STAYED})|(?P<before_any>(?:ha[sd]|have) (?:moved|changed|budged)|changed|budged?)|"
    rf"(?P<after_up>{_AFTER_ONLY[UP]})|(?P<after_down>{_AFTER_ONLY[DOWN]})|"
    rf"(?P<either_up>{_EITHER[UP]})|(?P<either_down>{_EITHER[DOWN]})|"
    rf"(?P<before_up>{_BEFORE_ONLY[UP]})|(?P<before_down>{_BEFORE_ONLY[DOWN]}))\b"
)
_LOUD, _FAST = ("audio.loudness", "audio.vocal_energy"), ("pose.speed", "pose.wrist_speed")
_IMPLIED = {"louder": _LOUD, "quieter": _LOUD, "faster": _FAST, "slower": _FAST}
"""Words that say by themselves what changed."""
_OF_WHAT = {"more", "less"}
"""Say nothing of an indicator's evidence without its name: "more low down" is less of a height."""
_FAR_BEFORE, _FAR_AFTER, _NEAR = 70, 30, 25
"""Characters between a word of change and what it is about; `_NEAR` of words for no change (source: guess)."""


_OTHERWISE = {Support.SUPPORTED: Support.CONTRADICTED, Support.CONTRADICTED: Support.SUPPORTED}


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    way: int
    side: str


def movement_claims(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """Every change that `sentence` claims of one of `found`, judged."""
    used: set[Mention] = set()
    changes = [_change(one) for one in _WORDS.finditer(sentence.text)]
    for place, change in enumerate(changes):
        before = changes[place - 1].end if place else 0
        after = changes[place + 1].start if place + 1 < len(changes) else len(sentence.text)
        about = _about(change, found, used, before, after, sentence.text)
        used.update(about)
        if sentence.possible(change.start) or sentence.habitual(change.start):
            continue
        denied = sentence.denied(change.start)
        for mention in about:
            if mention.unnamed and sentence.text[change.start : change.end] in _OF_WHAT:
                continue
            start, end = min(mention.start, change.start), max(mention.end, change.end)
            yield judged(sentence.text[start:end], mention.names, change.way, facts, denied)
        implied = _IMPLIED.get(sentence.text[change.start : change.end])
        if implied and not about:
            yield judged(sentence.text[change.start : change.end], implied, change.way, facts, denied)


def _change(found: re.Match[str]) -> _Change:
    kind = str(found.lastgroup)
    side, _, way = kind.partition("_")
    return _Change(found.start(), found.end(), {"up": UP, "down": DOWN, "any": ANY}.get(way, SAME), side)


def _about(change: _Change, found: list[Mention], used: set[Mention], low: int, high: int, text: str) -> list[Mention]:
    """What the word is about: all that stands between it and the word of change before it, else what follows soon."""
    free = [mention for mention in found if mention not in used]
    before = [m for m in free if low <= m.start and m.end <= change.start and change.start - m.end <= _FAR_BEFORE]
    after = [m for m in free if change.end <= m.start < high and m.start - change.end <= _FAR_AFTER]
    if change.side == "stayed":
        near = [m for m in before if change.start - m.end <= _NEAR and not re.search(r"\d", text[m.end : change.start])]
        return [m for m in before if near and m.start <= near[-1].start]
    if change.side == "after":
        return after[:1]
    if change.side == "either" and after and (not before or after[0].start - change.end <= 2):
        return after[:1]
    if before:
        return before
    return after[:1] if change.side == "either" else []


def judged(words: str, names: tuple[str, ...], way: int, facts: Facts, denied: bool = False) -> Claim:
    """Whether one of `names` went that `way` or, `denied`, did not."""
    known = [name for name in names if facts.knows(name)]
    if not known and len(names) > 1:
        return Claim(words, "", Support.UNSUPPORTED, "nothing of it was measured in this event")
    if not known:
        return Claim(words, names[0], Support.CONTRADICTED, f"{names[0]} was not measured in this event")
    found = [_support(name, way, facts, denied) for name in known]
    for wanted in (Support.SUPPORTED, Support.UNSUPPORTED, Support.CONTRADICTED):
        for name, (support, why) in zip(known, found, strict=True):
            if support is wanted:
                return Claim(words, name, support, why)
    raise AssertionError("every claim is judged")


def _support(name: str, way: int, facts: Facts, denied: bool) -> tuple[Support, str]:
    away, went = facts.away(name), facts.went(name)
    ways = [value for value in (away, went) if math.isfinite(value)]
    if not ways:
        return Support.UNSUPPORTED, f"how {name} moved is not known"
    said = " and ".join(
        text
        for text, value in ((f"{away:+.1f} sigma from usual", away), (f"{went:+.1f} within the window", went))
        if math.isfinite(value)
    )
    if way == SAME or (way == ANY and denied):
        far = abs(away) if math.isfinite(away) else abs(went)
        support = Support.CONTRADICTED if far >= AWAY else Support.SUPPORTED if far < 1.5 * MOVED else None
        turned = way == SAME and denied
    else:
        best = max(abs(value) if way == ANY else way * value for value in ways)
        support = Support.SUPPORTED if best >= MOVED else Support.CONTRADICTED if best < STILL else None
        turned = way != ANY and denied
    if turned and support is not None:
        support = _OTHERWISE[support]
    if support is Support.SUPPORTED:
        return support, ""
    return support or Support.UNSUPPORTED, f"{name} is {said}"
