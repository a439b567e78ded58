"""Checks the numbers of a text: each must be one of the event's, and of the thing it stands beside."""

import math
import re
from collections.abc import Iterator

from services.vocabulary import Claim, Support
from vlm_service.dialogue.grounding.beside import among, told_beside
from vlm_service.dialogue.grounding.facts import Facts
from vlm_service.dialogue.grounding.sentences import Sentence
from vlm_service.dialogue.grounding.subjects import Mention

_NUMBER = re.compile(
    r"(?<![\w.:/-])(?P<sign>[+\-−]?)(?P<number>\d+(?:\.\d+)?)"
    r"(?P<unit>\s?(?:%|percent\b|sigmas?\b|σ|"
    r"standard deviations\b|sd\b|times\b|-?fold\b|x\b|seconds?\b|secs?\b|s\b|dbfs\b|db\b|degrees?\b|°|hz\b))?"
    r"(?![\w:/])(?!\.\d)"
)
_NOT_A_MEASUREMENT = re.compile(
    r"(?:tiers?[ -]?|number |step |room |age |aged |bed |last |past |previous |within |next |every |top |first )$"
)
_NOT_MEASURED_AFTER = re.compile(
    r"\s?(?:h\b|hours?\b|hrs?\b|days?\b|minutes?\b|mins?\b|tier|"
    r"(?:earlier |previous |prior )?(?:episodes?|events?|alerts?)\b|"
    r"indicators?\b|senses\b|channels?\b|things\b|cues?\b|sounds?\b)"
)
_SIGMA = re.compile(r"sigma|σ|standard deviation|sd")
_COMPARED = re.compile(r"threshold|limit|than|between|at least|at most|up to [a-z]|cut-?off|maximum|minimum|scale")
_PATH = re.compile(
    r"[\s,()=]|->|→|[+\-−]?\d+(?:\.\d+)?|\b(?:from|to|then|via|and|is|was|at|of|a|an|its|"
    r"usual|stands|reads|remains|started|starts|ended|ends|rose|rises|rising|climbs?|climbed|jumped|increased|fell|"
    r"dropped|went|goes|up|down|reached|moved)\b"
)
"""What may stand between a name and the later numbers of its path, as in "fear rose from 0.1 to 0.3 to 0.5"."""
_TIME = re.compile(r"s(?:ec(?:ond)?s?)?")
_PEAK = re.compile(r"peak\w* (?:at |of )?$")
_PAIR = re.compile(r"(?<![\w.:/])\d+/\d+(?![\w:/])")
_IS = re.compile(
    r"(?: (?:is|was|are|were|of|at|about|around|roughly|now|only|just|stands|stood|reads|lies|currently)| ?[:=(,])+ ?"
)
"""What stands between a name and what it measured."""
_CALLED_USUAL = re.compile(
    r"\b(?:usual(?:ly)?|baselines?|normal(?:ly)?|typical(?:ly)?|ordinar(?:y|ily)|always|often)\b"
)
_BELONGS = re.compile(r" (?:in|for|of|on) (?:the |their |his |her )?")
_NEAR = 26
"""Characters between a name and a number that is its own (source: guess)."""
_ROUNDED, _ROUNDED_SIGMA = 0.0051, 0.051
"""What the report itself rounds away."""


def number_claims(sentence: Sentence, found: list[Mention], facts: Facts) -> Iterator[Claim]:
    """Every measured number that `sentence` states, judged."""
    text = sentence.text
    for one in _PAIR.finditer(text) if "/" in text else ():
        if not sentence.possible(one.start()):
            yield Claim(one.group(), "", Support.UNSUPPORTED, f"{one.group()} is no number of this event")
    for one in _NUMBER.finditer(text):
        listed = one.start() == 0 and text[one.end() : one.end() + 1] in {".", ")"}
        if listed or _NOT_A_MEASUREMENT.search(text, 0, one.start()) or _plain_count(one, text):
            continue
        if sentence.possible(one.start()):
            continue
        if (claim := told_beside(one, found, sentence, facts)) is not None:
            yield claim
            continue
        owner = None if _TIME.fullmatch((one["unit"] or "").strip()) else _owner(one, found, text)
        yield _judged(one, owner, text, facts)


def _plain_count(one: re.Match[str], text: str) -> bool:
    return not one["unit"] and bool(_NOT_MEASURED_AFTER.match(text, one.end()))


def _owner(one: re.Match[str], found: list[Mention], text: str) -> Mention | None:
    """The thing that the number stands right behind."""
    behind = _BELONGS.match(text, one.end())
    after = [mention for mention in found if behind and mention.start == behind.end() and len(mention.names) == 1]
    if after:
        return after[0]
    before = [mention for mention in found if mention.end <= one.start()]
    if not before or (len(before[-1].names) > 1 and not _IS.fullmatch(text[before[-1].end : one.start()])):
        return None
    between = text[before[-1].end : one.start()]
    if re.search(r"\d", between):
        return before[-1] if not _PATH.sub("", between) else None
    return None if len(between) > _NEAR or _COMPARED.search(between) else before[-1]


def _stated(owner: Mention, text: str, facts: Facts) -> list[float]:
    """What the number may be that stands behind `text`, as in "X is": what was measured, or what is usual where it is
    called so; nothing where somebody's habits are told."""
    if _CALLED_USUAL.search(text, max(0, owner.start - 24), owner.end):
        return facts.usual(owner.names)
    return [] if _CALLED_USUAL.search(text) else facts.now(owner.names)


def _judged(one: re.Match[str], owner: Mention | None, text: str, facts: Facts) -> Claim:
    words = text[
        min(owner.start, one.start()) if owner else text.rfind(" ", 0, max(0, one.start() - _NEAR)) + 1 : one.end()
    ].strip()
    name = owner.names[0] if owner else ""
    if owner and _PEAK.search(text, 0, one.start()) and math.isfinite(peak := facts.peak(name)):
        if among(one, [peak]):
            return Claim(words, name, Support.SUPPORTED)
        return Claim(words, name, Support.CONTRADICTED, f"the peak of {name} was {peak:.2f}")
    between = text[owner.end : one.start()] if owner else ""
    plain = not (one["unit"] or "").strip() and not one["sign"]
    known = _stated(owner, text[: one.start()], facts) if owner and plain and _IS.fullmatch(between) else []
    if owner and known:
        if among(one, known, exactly=True):
            return Claim(words, name, Support.SUPPORTED)
        if among(one, facts.numbers(owner.names), exactly=True) or not among(one, facts.every()):
            return Claim(words, name, Support.CONTRADICTED, f"{name} was {', '.join(f'{n:.2f}' for n in known[:3])}")
        return Claim(words, name, Support.UNSUPPORTED, f"{one.group().strip()} is no number of {name}")
    if owner and among(one, facts.numbers(owner.names)):
        return Claim(words, name, Support.SUPPORTED)
    if owner is None and among(one, facts.every()):
        return Claim(words, name, Support.SUPPORTED)
    if owner is None:
        return Claim(words, name, Support.UNSUPPORTED, f"{one.group().strip()} is no number of this event")
    if not any(facts.knows(known) for known in owner.names):
        return Claim(words, name, Support.CONTRADICTED, f"{name} was not measured in this event")
    wrong = f"{one.group().strip()} is no number of {name}"
    if among(one, facts.every()) and not _SIGMA.search(one["unit"] or ""):
        return Claim(words, name, Support.UNSUPPORTED, wrong)
    return Claim(words, name, Support.CONTRADICTED, wrong)
