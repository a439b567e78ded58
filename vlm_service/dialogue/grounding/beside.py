"""Checks numbers that the words around them give a meaning: a probability, a moment, a share, a threshold, a usual."""

import re
from collections.abc import Sequence

from services.vocabulary import Claim, Support
from vlm_service.dialogue.grounding.facts import Facts
from vlm_service.dialogue.grounding.sentences import Sentence
from vlm_service.dialogue.grounding.sounds import cue_in
from vlm_service.dialogue.grounding.subjects import Mention
from vlm_service.dialogue.names import SCORE, SEEN

_PROBABLE = re.compile(r"(?:probability|confidence|certainty|likelihood)(?: (?:is|was|of|at|about|only|around))* ?\(?$")
_PROBABLY = re.compile(r" ?(?:probability|probable|confidence|confident|certainty|certain|likelihood|chance)\b")
_BEFORE = re.compile(r" ?(?:before|earlier|prior to|ago)\b")
_INTO = re.compile(r" ?(?:in(?:to| the window)\b|after the (?:start|beginning)|from the (?:start|beginning))")
_SHARE = re.compile(r" of the (?:\w+ )?(?:window|time|minute|recording|period)\b")
_SEEN = re.compile(r"\b(?:seen|visible|in view|in sight|visibility)\b")
_UNSEEN = re.compile(
    r"\b(?:unseen|hidden|out of (?:view|sight|frame)|not (?:seen|visible|in view)|obscured|occluded|missing)\b"
)
_THRESHOLD = re.compile(r"\bthreshold(?: (?:is|was|of|at|value|stands|set|to))* ?[:=]? ?$")
_WINDOW = re.compile(
    r"\b(?:window|recording|observation)(?: (?:is|was|of|lasted|lasts|covers|spans|about|last|only|the))* ?$"
)
_LONG_WINDOW = re.compile(r"[ -]?(?:long )?(?:window|recording|observation)\b")
_USUALLY = re.compile(
    r"(?<!than )(?<!than their )\b(?:usual(?:ly)?|baseline|normal(?:ly)?|ordinar(?:y|ily)|typical(?:ly)?)"
    r"(?: (?:level|value|share|is|was|of|at|about|around|mean|average|for|in|them|this|person|lies))* ?[:=(]? ?$"
)
_ROUNDED, _ROUNDED_SIGMA = 0.0051, 0.051
"""What the report itself rounds away."""
_SIGMA = re.compile(r"sigma|σ|standard deviation|sd")
_PLAIN = re.compile(r"|%|percent|s|secs?|seconds?")


def told_beside(one: re.Match[str], found: list[Mention], sentence: Sentence, facts: Facts) -> Claim | None:
    """The number judged by what it is said to be; None where the words around it do not say."""
    text, unit = sentence.text, (one["unit"] or "").strip()
    if not _PLAIN.fullmatch(unit):
        return None
    for name, known in _meant(one, unit, found, sentence, facts):
        words = text[max(0, one.start() - 30) : min(len(text), one.end() + 20)].strip()
        if among(one, known, exactly=True):
            return Claim(words, name, Support.SUPPORTED)
        said = ", ".join(f"{number:.2f}" for number in known)
        return Claim(words, name, Support.CONTRADICTED, f"it was {said}")
    return None


def _meant(
    one: re.Match[str], unit: str, found: list[Mention], sentence: Sentence, facts: Facts
) -> list[tuple[str, list[float]]]:
    """What the number is said to be, and the numbers that are that."""
    text, event, evidence = sentence.text, facts.event, facts.event.evidence
    start, end = sentence.clause(one.start())
    cue = cue_in(text[start:end])
    heard = [known for known in evidence.cues if cue is not None and known.name is cue]
    ahead = text[: one.start()]
    meant: list[tuple[str, list[float]]] = []
    if heard and unit in ("", "%", "percent") and (_PROBABLE.search(ahead) or _PROBABLY.match(text, one.end())):
        meant.append((heard[0].name.channel, [known.probability for known in heard]))
    elif heard and unit.startswith("s") and _BEFORE.match(text, one.end()):
        meant.append((heard[0].name.channel, [evidence.window_s - known.offset_s for known in heard]))
    elif heard and unit.startswith("s") and _INTO.match(text, one.end()):
        meant.append((heard[0].name.channel, [known.offset_s for known in heard]))
    elif unit in ("%", "percent") and _SHARE.match(text, one.end()) and evidence.seen_share == evidence.seen_share:
        if _UNSEEN.search(text, start, end):
            meant.append((SEEN, [1.0 - evidence.seen_share]))
        elif _SEEN.search(text, start, end):
            meant.append((SEEN, [evidence.seen_share]))
    elif not unit and _THRESHOLD.search(ahead) and event.threshold == event.threshold:
        meant.append((SCORE, [event.threshold]))
    elif unit.startswith("s") and (_WINDOW.search(ahead) or _LONG_WINDOW.match(text, one.end())):
        meant.append(("", [evidence.window_s]))
    elif not unit and not one["sign"] and _USUALLY.search(ahead):
        names = {mention.names for mention in found if len(mention.names) == 1}
        usual = facts.usual(names.pop()) if len(names) == 1 else []
        if usual:
            meant.append((next(iter(m.names[0] for m in found if len(m.names) == 1)), usual))
    return meant


def among(one: re.Match[str], known: Sequence[float], exactly: bool = False) -> bool:
    """Whether the number, as precise as it is written, is one of `known`, signed or as a size; `exactly`: rounded to
    its own digits."""
    digits = len(one["number"].partition(".")[2])
    unit = (one["unit"] or "").strip()
    value = float(one["number"])
    half = 0.5 * 10.0**-digits
    if unit in ("%", "percent"):
        return any(abs(value - abs(100.0 * fact)) <= half + 0.51 or abs(value - abs(fact)) <= half for fact in known)
    slack = half + (_ROUNDED_SIGMA if _SIGMA.search(unit) or (digits < 2 and not exactly) else _ROUNDED)
    if one["sign"] in ("-", "−"):
        return any(abs(-value - fact) <= slack for fact in known)
    if one["sign"] == "+":
        return any(abs(value - fact) <= slack for fact in known)
    return any(abs(value - abs(fact)) <= slack for fact in known)
