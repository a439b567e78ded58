"""Checks what a text says of the time of day, of earlier episodes, and of senses that agree or not."""

import math
import re
from collections.abc import Iterator

from services.vocabulary import Claim, Event, Support
from vlm_service.dialogue.grounding.sentences import Sentence

_COUNTS = {
    "no": 0, "zero": 0, "one": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9,
}  # fmt: skip
_EARLIER = re.compile(
    rf"\b(?P<count>{'|'.join(_COUNTS)}|\d+) (?:(?:earlier|previous|prior|recent|other)\s)?"
    r"(?:tier[ -]?(?P<tier>[123])\s)?(?:episodes?|events?|alerts?)\b"
)
_BEFORE = re.compile(r"24|earlier|previous|prior|before|today|past|last")
_HOURS = {
    "night": (20.5, 7.0), "overnight": (20.5, 7.0), "nighttime": (20.5, 7.0), "night-time": (20.5, 7.0),
    "morning": (4.5, 12.5), "noon": (11.0, 14.0), "midday": (11.0, 14.0), "afternoon": (11.5, 18.5),
    "evening": (16.5, 23.5),
}  # fmt: skip
"""Hours at which nobody would object to a word for the time of day (source: guess)."""
_PART = re.compile(rf"\b(?:{'|'.join(_HOURS)})\b")
_OF_THIS = re.compile(
    r"\b(?:it is|it was|it's|happened|occurr(?:ed|s)|took place|event|episode|incident|time|now|currently|"
    r"this|report)\b"
)
"""What makes a word for the time of day one about this event, not about somebody's habits or medicines."""
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_NO_CONFLICT = re.compile(
    r"\bno (?:conflicts?|disagreements?|contradictions?)\b|\b(?:tells?|telling) the same story\b|"
    r"\b(?:consistent|agree) with (?:one another|each other)\b"
)
_DISAGREE = re.compile(
    r"\b(?:senses|face and (?:voice|body)|voice and (?:face|body)|body and (?:face|voice)|modalities|channels) "
    r"(?:(?:all|clearly|strongly|both|do|does) )*"
    r"(?P<how>agree|are consistent|are in agreement|match|disagree|conflict|contradict|are in conflict)"
)


def time_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """The time of day that `sentence` states, judged by the event's."""
    said = _CLOCK.fullmatch(event.evidence.time_of_day.strip())
    now = int(said[1]) + int(said[2]) / 60.0 if said else math.nan
    for one in _PART.finditer(sentence.text):
        if not (sentence.possible(one.start()) or sentence.habitual(one.start()) or sentence.denied(one.start())):
            yield _time(one.group(), _within(now, *_HOURS[one.group()]), now, _this(sentence, one.start()))
    for one in _CLOCK.finditer(sentence.text):
        if not sentence.possible(one.start()):
            stated = int(one[1]) + int(one[2]) / 60.0
            yield _time(one.group(), abs(stated - now) < 0.1, now, _this(sentence, one.start()))


def earlier_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """How many earlier episodes `sentence` counts, judged by what the event says of the 24 hours before."""
    prior = event.evidence.prior
    by_tier = {"1": prior.tier1, "2": prior.tier2, "3": prior.tier3}
    for one in _EARLIER.finditer(sentence.text):
        if sentence.possible(one.start()) or not _BEFORE.search(sentence.text):
            continue
        said = _COUNTS[one["count"]] if one["count"] in _COUNTS else int(one["count"])
        allowed = {by_tier[one["tier"]]} if one["tier"] else {sum(by_tier.values()), *by_tier.values()}
        if not one["tier"] and said == 0:
            allowed = {sum(by_tier.values())}
        words = one.group().strip()
        if said in allowed:
            yield Claim(words, "prior", Support.SUPPORTED)
        else:
            counted = f"{prior.tier1} tier-1, {prior.tier2} tier-2 and {prior.tier3} tier-3"
            yield Claim(words, "prior", Support.CONTRADICTED, f"there were {counted} episodes in 24 hours")


def conflict_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """Whether senses are said to agree where the event reports a conflict, or the other way round."""
    conflicts = event.evidence.conflicts
    for one in _NO_CONFLICT.finditer(sentence.text):
        if not sentence.possible(one.start()):
            if conflicts:
                why = f"the event reports a conflict of {conflicts[0].pair}"
                yield Claim(one.group(), "conflict", Support.CONTRADICTED, why)
            else:
                yield Claim(one.group(), "conflict", Support.SUPPORTED)
            return
    for one in _DISAGREE.finditer(sentence.text):
        if sentence.possible(one.start()):
            continue
        agree = one["how"] in {"agree", "are consistent", "are in agreement", "match"} and not sentence.denied(
            one.start("how")
        )
        if agree != bool(conflicts):
            yield Claim(one.group(), "conflict", Support.SUPPORTED)
        else:
            why = "the event reports " + (f"a conflict of {conflicts[0].pair}" if conflicts else "no conflict")
            yield Claim(one.group(), "conflict", Support.CONTRADICTED, why)


def _within(now: float, start: float, end: float) -> bool:
    return start <= now <= end if start < end else now >= start or now <= end


def _this(sentence: Sentence, place: int) -> bool:
    start, end = sentence.clause(place)
    return bool(_OF_THIS.search(sentence.text, start, end)) or len(sentence.text[start:end].split()) <= 4


def _time(words: str, right: bool, now: float, of_this: bool) -> Claim:
    if math.isnan(now):
        return Claim(words, "", Support.UNSUPPORTED, "the time of day is not known")
    if right:
        return Claim(words, "", Support.SUPPORTED)
    if not of_this:
        return Claim(words, "", Support.UNSUPPORTED, "the event tells of no other time")
    return Claim(words, "", Support.CONTRADICTED, f"it was {int(now):02d}:{round(now % 1 * 60) % 60:02d}")
