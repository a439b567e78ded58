"""Checks what a text says of the time of day, of earlier episodes, and of senses that agree or not."""

import math
import re
from collections.abc import Iterator

from services.vocabulary import Claim, Event, Support
from vlm_service.dialogue.grounding.gated import Gated
from vlm_service.dialogue.grounding.sentences import Sentence

_COUNTS = {
    "no": 0, "zero": 0, "one": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9,
}  # fmt: skip
_EARLIER = Gated(
    rf"\b(?P<count>{'|'.join(_COUNTS)}|\d+) (?:(?:earlier|previous|prior|recent|other)\s)?"
    r"(?:tier[ -]?(?P<tier>[123])\s)?(?:episodes?|events?|alerts?|alarms?|incidents?)\b",
    "episode|event|alert|alarm|incident",
)
_FIRST = Gated(
    r"\b(?:(?:this is|it is|it was|this was) (?:not )?(?:the|his|her|their) (?:very )?first (?:such )?(?:episode|"
    r"event|alert|incident)|"
    r"first time (?:today|in (?:24|twenty-four) hours)|(?:nothing|no (?:incident|history)s?) (?:of the kind |"
    r"like (?:this|it) )?"
    r"(?:has |had )?(?:happened|occurred|was recorded|been recorded|was reported)? ?(?:before|earlier|previously|"
    r"today|so far|in the "
    r"(?:previous|last|past|preceding) (?:day|24 hours))|(?:a |has been a |had a )?(?:quiet|calm|uneventful|peaceful) "
    r"(?:day|24 hours|night|morning) (?:so far|until now|before)|without (?:any )?(?:earlier|previous|prior) "
    r"(?:episodes?|events?|incidents?|alerts?)|no (?:earlier|previous|prior|recent) (?:tier[ -]?[123] )?"
    r"(?:incidents?|history|problems?|occurrences?)|"
    r"(?:ha[sd] |have )?never (?:happened|occurred|been (?:seen|recorded|observed))"
    r"(?: like this)? (?:before|until now|so far))\b",
    "first|nothing|no |quiet|calm|uneventful|peaceful|without|never",
)
_MANY = Gated(
    r"\b(?P<much>several|multiple|many|numerous|repeated|a (?:number|series|string) of|a few|some|frequent|another|"
    r"(?:already )?(?:had|has had|there (?:was|were|have been|has been))(?: already)?(?: an?)?) "
    r"(?:earlier|previous|prior|recent|such|similar|other) (?:tier[ -]?(?P<tier>[123]) )?(?:episodes?|events?|"
    r"alerts?|incidents?)\b",
    "episode|event|alert|incident",
)
_NTH = Gated(
    r"\b(?:this|it) (?:is|was) (?:already |now )?(?:the |a |their |his |her )?(?P<nth>second|third|fourth|fifth|"
    r"sixth) (?:such )?(?:episode|event|alert|incident)\b",
    "episode|event|alert|incident",
)
_SEVERAL = ("several", "multiple", "many", "numerous", "repeated", "frequent", "a few")
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_HAD = re.compile(r"\bhad\b|there (?:was|were|have been|has been)|recorded")
_BEFORE = re.compile(r"24|earlier|previous|prior|before|today|past|last")
_HOURS = {
    "night": (20.5, 7.0), "overnight": (20.5, 7.0), "nighttime": (20.5, 7.0), "night-time": (20.5, 7.0),
    "morning": (4.5, 12.5), "noon": (11.0, 14.0), "midday": (11.0, 14.0), "afternoon": (11.5, 18.5),
    "evening": (16.5, 23.5), "daytime": (6.0, 20.5), "midnight": (23.0, 1.0), "dawn": (4.0, 8.5), "sunrise": (4.0, 9.0),
    "dusk": (16.0, 22.5), "sunset": (16.0, 22.5), "lunchtime": (11.0, 14.5), "lunch time": (11.0, 14.5),
    "breakfast time": (6.0, 10.5), "bedtime": (19.0, 24.0), "early hours": (0.0, 6.5), "small hours": (0.0, 6.0),
    "middle of the night": (22.5, 5.5), "middle of the day": (10.5, 15.5), "in the dark": (17.0, 8.0),
    "night shift": (20.0, 7.5),
}  # fmt: skip
"""Hours at which nobody would object to a word for the time of day (source: guess)."""
_PART = Gated(
    rf"\b(?:{'|'.join(sorted(_HOURS, key=len, reverse=True))})\b(?! station)",
    "night|noon|morning|evening|dawn|dusk|midday|sun|lunch|dark|hours|of the day|time",
)
_OF_THIS = re.compile(
    r"\b(?:it is|it was|it's|happened|occurr(?:ed|s)|took place|event|episode|incident|time|now|currently|"
    r"this|report)\b"
)
"""What makes a word for the time of day one about this event, not about somebody's habits or medicines."""
_CLOCK = Gated(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])", ":")
_HALVES = Gated(r"(?<![\w:.])(1[0-2]|[1-9])(?::([0-5]\d))? ?(?P<half>a|p)\.?m\b\.?", "am|pm|a.m|p.m")
_NO_CONFLICT = Gated(
    r"\b(?:no|without(?: any)?) (?:\w+ )?(?:conflicts?|disagreements?|contradictions?|mismatch(?:es)?|"
    r"discrepanc(?:y|ies)|"
    r"inconsistenc(?:y|ies)) ?(?:between|of|among|is|was|are|were|here|[.,]|$)|"
    r"\b(?:tells?|telling|convey(?:s|ing)?) the same (?:story|thing|picture|message)\b|"
    r"\bpoint(?:s|ing)? (?:in|to) the same (?:direction|way)\b|"
    r"\b(?:consistent|agree|in (?:line|agreement|accord)) with (?:one another|each other)\b",
    "conflict|agree|contradict|mismatch|discrepanc|inconsisten|the same|consistent|in line|in accord",
)
_DISAGREE = Gated(
    r"\b(?:senses|(?:facial )?(?:face|expression) and (?:the |vocal )?(?:voice|body|audio|sound)|"
    r"(?:vocal )?(?:voice|audio|sound) and (?:the |facial )?(?:face|body|expression)|"
    r"body and (?:the )?(?:face|voice)|modalities|channels|sources|cues) "
    r"(?:(?:all|clearly|strongly|both|do|does|not|fully|completely|somewhat) )*"
    r"(?P<how>agree|(?:are|were) (?:\w+ly )?(?:consistent|congruent|aligned|concordant|compatible)|"
    r"are in (?:agreement|accord|line|harmony)|"
    r"match|coincide|correspond|align|fit together|disagree|conflict|contradict|diverge|clash|differ|mismatch|"
    r"(?:are|were) (?:\w+ly )?(?:in conflict|at odds|inconsistent|incongruent|discordant|contradictory))",
    " and |channels|cues|modalities|senses|sources",
)


_APART = re.compile(
    r"disagree|conflict|contradict|diverge|clash|differ|mismatch|at odds|inconsistent|incongruent|discordant"
)
_BORNE_OUT = Gated(
    r"\b(?:the )?(?:face|voice|body|expression) (?:\w+ly |also )?(?P<how>confirms|matches|supports|corroborates|"
    r"mirrors|fits|backs up|agrees with|is (?:\w+ly )?(?:consistent|in line|in agreement|congruent|compatible) with|"
    r"contradicts|disagrees with|conflicts with|belies|is at odds with|does not (?:match|fit|confirm|support)) "
    r"(?:the |what the )?(?:face|voice|body|expression|audio|cry|crying|sound)\b",
    "body|expression|face|voice",
)
_AGAINST = re.compile(r"contradicts|disagrees|conflicts|belies|at odds|does not")
_SHOWN = Gated(
    r"\b(?:the )?(?P<sense>face|voice|body)(?: itself)? (?P<verb>is|was|looks|sounds|appears|seems|shows|stays|"
    r"remains) (?:\w+ly |quite |still )?(?P<what>\w+)\b",
    "body|face|voice",
)


def sense_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """What one of two senses in conflict is said to show, and whether it is said to bear the other one out."""
    for one in _BORNE_OUT.finditer(sentence.text):
        if not sentence.possible(one.start()):
            right = bool(_AGAINST.search(one["how"])) == bool(event.evidence.conflicts)
            told = f"a conflict of {event.evidence.conflicts[0].pair}" if event.evidence.conflicts else "no conflict"
            why = "" if right else f"the event reports {told}"
            yield Claim(one.group(), "conflict", Support.SUPPORTED if right else Support.CONTRADICTED, why)
    for conflict in event.evidence.conflicts:
        first, _, second = conflict.pair.partition("-")
        shows = {first: conflict.first.split(" ")[0].lower(), second: conflict.second.split(" ")[0].lower()}
        for one in _SHOWN.finditer(sentence.text):
            sense, what = one["sense"], one["what"]
            if sense not in shows or what not in shows.values() or sentence.possible(one.start()):
                continue
            right = (shows[sense] == what) != sentence.denied(one.start("what"))
            why = "" if right else f"the {sense} shows {shows[sense]}"
            yield Claim(one.group(), "conflict", Support.SUPPORTED if right else Support.CONTRADICTED, why)


def time_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """The time of day that `sentence` states, judged by the event's."""
    parts, halves, clocks = (list(kind.finditer(sentence.text)) for kind in (_PART, _HALVES, _CLOCK))
    if not (parts or halves or clocks):
        return
    said = _CLOCK.pattern.fullmatch(event.evidence.time_of_day.strip())
    now = int(said[1]) + int(said[2]) / 60.0 if said else math.nan
    for one in parts:
        if not (sentence.possible(one.start()) or sentence.habitual(one.start()) or sentence.denied(one.start())):
            yield _time(one.group(), _within(now, *_HOURS[one.group()]), now, _this(sentence, one.start()))
    for one in halves:
        if not sentence.possible(one.start()):
            stated = int(one[1]) % 12 + int(one[2] or 0) / 60.0 + (12.0 if one["half"] == "p" else 0.0)
            slack = 0.1 if one[2] else 0.75
            yield _time(one.group(), abs(stated - now) < slack, now, _this(sentence, one.start()))
    for one in clocks:
        if not (sentence.possible(one.start()) or _HALVES.pattern.match(sentence.text, one.start())):
            stated = int(one[1]) + int(one[2]) / 60.0
            yield _time(one.group(), abs(stated - now) < 0.1, now, _this(sentence, one.start()))


def earlier_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """How many earlier episodes `sentence` counts, judged by what the event says of the 24 hours before."""
    prior = event.evidence.prior
    by_tier = {"1": prior.tier1, "2": prior.tier2, "3": prior.tier3}
    for one in _EARLIER.finditer(sentence.text):
        told = _BEFORE.search(sentence.text) or (one["tier"] and _HAD.search(sentence.text))
        if sentence.possible(one.start()) or not told:
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


def history_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """Whether `sentence` calls it the first episode, one of several or the n-th, judged by the 24 hours before."""
    prior = event.evidence.prior
    counts = {"1": prior.tier1, "2": prior.tier2, "3": prior.tier3}
    total = sum(counts.values())
    counted = f"there were {prior.tier1} tier-1, {prior.tier2} tier-2 and {prior.tier3} tier-3 episodes in 24 hours"
    said: list[tuple[re.Match[str], bool]] = [(one, total == 0) for one in _FIRST.finditer(sentence.text)]
    for one in _MANY.finditer(sentence.text):
        least = 2 if one["much"] in _SEVERAL else 1
        said.append((one, (counts[one["tier"]] if one["tier"] else total) >= least))
    said += [(one, _ORDINALS[one["nth"]] - 1 in (total, *counts.values())) for one in _NTH.finditer(sentence.text)]
    for one, right in said:
        if sentence.possible(one.start()):
            continue
        right = right != (sentence.denied(one.start()) or " not " in one.group())
        yield Claim(
            one.group(), "prior", Support.SUPPORTED if right else Support.CONTRADICTED, "" if right else counted
        )


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
        agree = not _APART.search(one["how"])
        if sentence.denied(one.start("how")):
            agree = not agree
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
