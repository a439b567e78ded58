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
        r"gr[eo]w(?:s|n)?|(?:went|goes|go|gone|shot|crept|creeps|picked|ramped|stepped|came|pushed|moved) up(?!right)|"
        r"escalate[sd]?|intensif(?:ied|ies)|doubled|tripled|quadrupled|built up|builds up|increases?|swell(?:s|ed)|"
        r"mount(?:s|ed)|rocketed|strengthen(?:s|ed)|worsen(?:s|ed)|accelerate[sd]?|gain(?:s|ed) strength|"
        r"dominate[sd]?|prevail(?:s|ed)|predominate[sd]?",
    DOWN: r"fell|falls?|fallen|dropp?(?:s|ed)?|declin(?:e|es|ed)|sank|sinks?|"
          r"(?:went|goes|go|gone|came|comes|died|dies|slowed|calmed|moved|quietened|settled) down|collapsed|"
          r"diminish(?:es|ed)?|lessen(?:s|ed)?|subside[sd]?|halved|shrank|shr[iu]nk|decreases?|wane[sd]?|fade[sd]?|"
          r"ease[sd]?(?: off)?|abate[sd]?|plunge[sd]?|plummet(?:s|ed)|tumble[sd]?|slid|weaken(?:s|ed)|dwindle[sd]?|"
          r"taper(?:s|ed) off|tail(?:s|ed) off|let up|vanish(?:es|ed)|disappear(?:s|ed)",
}  # fmt: skip
_AFTER_ONLY = {
    UP: r"(?:increase|rise|spike|surge|jump|elevation|growth|escalation|upswing|peak|excess|bursts?)s? (?:in|of)",
    DOWN: r"(?:decrease|drop|decline|reduction|fall|dip|fading|easing|lessening|slump|lack|absence)s? (?:in|of)",
}
_EITHER = {
    UP: rf"higher|elevated|increased|heightened|greater|stronger|loud(?! in the room)|noisy|louder|faster|rising|"
    rf"increasing|climbing|growing|"
        rf"raised(?! up)|(?:is|are|was|were|going|shooting|creeping|picking|building) up|up (?:from|to)|"
        rf"(?:above|over|beyond|exceeds?|exceeded|exceeding|in excess of) {_USUAL}|intensifying|mounting|swelling|"
        rf"escalating|more(?! than (?:[-+]?\d|the (?!usual|normal|baseline|ordinary)))|excessive|high(?= |[.,;)]|$)|"
        rf"intense|unusually (?:high|strong|large|loud)",
    DOWN: rf"lower|reduced|decreased|weaker|quieter|slower|falling|decreasing|declining|dropping|easing|fading|waning|"
          rf"(?:is|are|was|were|going|coming|dying) down|down (?:from|to)|(?:below|under|beneath|short of) {_USUAL}|"
          rf"less(?! than (?:[-+]?\d|the (?!usual|normal|baseline|ordinary)))|fewer|suppressed|subdued|diminished|"
          rf"subsiding|abating|weakening|minimal|absent|"
        rf"(?<!a )little(?! (?:is|was))|(?:hardly|barely|scarcely|virtually|almost) (?:any|no)|"
          rf"unusually (?:low|weak|small|quiet)|low(?= |[.,;)]|$)(?! mood)",
}  # fmt: skip
_STAYED = (
    rf"(?:shows?|showed|shown) no (?:\w+ )?(?:change|shift|deviation)s?|unchanged|steady|stable|constant|unaltered|"
    rf"unaffected|flat|level(?= throughout|ly)|in line with {_USUAL}|"
    rf"(?:at|near|within|close to|around|back to|back at|no different from|the same as|matches|on) {_USUAL}|"
    rf"as (?:usual|always|ever|on (?:any|an ordinary|other) days?)|within (?:the )?(?:normal|usual|"
    rf"ordinary) (?:range|limits|bounds)|"
    rf"(?:nothing|not|hardly) (?:out of the ordinary|unusual|remarkable|noteworthy)|"
    rf"(?:is|was|are|were|remains?|remained|stays?|stayed|looks?|seems?) (?:\w+ly |quite |as )?"
    rf"(?:usual|normal|ordinary|unremarkable|inconspicuous|typical)(?! (?:amount|high|low))"
)
_NO_CHANGE = (
    r"no (?:\w+ )?(?:changes?|shifts?|deviations?|difference) (?:in|of|for)|"
    r"no (?:unusual|abnormal|conspicuous|notable|remarkable|particular|striking|exceptional)"
)
_WORDS = re.compile(
    rf"\b(?:(?P<after_same>{_NO_CHANGE})|(?P<stayed>{_STAYED})|(?P<before_any>(?:ha[sd]|have) (?:moved|changed|"
    rf"budged|shifted|deviated)|changed|budged?|deviate[sd]?|shifted|stands out)|"
    rf"(?P<after_up>{_AFTER_ONLY[UP]})|(?P<after_down>{_AFTER_ONLY[DOWN]})|"
    rf"(?P<either_up>{_EITHER[UP]})|(?P<either_down>{_EITHER[DOWN]})|"
    rf"(?P<before_up>{_BEFORE_ONLY[UP]})|(?P<before_down>{_BEFORE_ONLY[DOWN]}))\b"
)
_LOUD, _FAST = ("audio.loudness", "audio.vocal_energy"), ("pose.speed", "pose.wrist_speed")
_IMPLIED = {"loud": _LOUD, "noisy": _LOUD, "louder": _LOUD, "quieter": _LOUD, "faster": _FAST, "slower": _FAST}
"""Words that say by themselves what changed."""
_OF_WHAT = {"more", "less"}
"""Say nothing of an indicator's evidence without its name: "more low down" is less of a height."""
_SLIGHTLY = re.compile(
    r"\b(?:slight(?:ly)?|a (?:little|bit|touch)|marginal(?:ly)?|minimal(?:ly)?|barely|hardly|scarcely|mildly|modestly|"
    r"insignificantly|negligibly)\b(?! any)"
)
_NOT_SLIGHTLY = re.compile(
    r"\b(?:not|more than|than) (?:only |just |merely )?(?:slight|a (?:little|bit)|marginal|mild)"
)
FAR = 3.0
"""Robust standard deviations from which nobody would call a change slight (source: guess)."""
_FACTORS = {"doubled": 2.0, "tripled": 3.0, "quadrupled": 4.0, "halved": 0.5}
_CLOSE_ONLY = {"low", "minimal", "little", "absent", "intense", "subdued", "hardly any", "barely any"}
_CLOSE = 16
"""Characters within which these belong to what stands before them (source: guess)."""
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
        yield from _sizes(sentence, change, about, facts, denied)
        for mention in about:
            if mention.unnamed and sentence.text[change.start : change.end] in _OF_WHAT:
                continue
            start, end = min(mention.start, change.start), max(mention.end, change.end)
            yield judged(sentence.text[start:end], mention.names, change.way, facts, denied)
        implied = _IMPLIED.get(sentence.text[change.start : change.end])
        if implied and not about:
            yield judged(sentence.text[change.start : change.end], implied, change.way, facts, denied)


def _sizes(sentence: Sentence, change: "_Change", about: list[Mention], facts: Facts, denied: bool) -> Iterator[Claim]:
    """How much it is said to have changed, in words: a little, double, half."""
    text, around = sentence.text, (max(0, change.start - 14), min(len(sentence.text), change.end + 14))
    known = {next((one for one in mention.names if facts.knows(one)), "") for mention in about}
    if len(known) != 1 or "" in known or denied or change.way == SAME:
        return
    name = known.pop()
    slight, away = _SLIGHTLY.search(text, *around), facts.away(name)
    if slight and not _NOT_SLIGHTLY.search(text, around[0], slight.end()) and abs(away) >= FAR:
        yield Claim(slight.group(), name, Support.CONTRADICTED, f"{name} is {away:+.1f} sigma from usual")
    factor = _FACTORS.get(text[change.start : change.end])
    ratios = facts.ratios(name)
    if factor and ratios:
        right = any(factor / 1.35 <= ratio <= factor * 1.35 for ratio in ratios)
        why = "" if right else f"{name} is {ratios[0]:.2f} times its usual"
        yield Claim(text[change.start : change.end], name, Support.SUPPORTED if right else Support.CONTRADICTED, why)


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
    if text[change.start : change.end] in _CLOSE_ONLY:
        before = [m for m in before if change.start - m.end <= _CLOSE]
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
