"""The readable ASSESSMENT text: rendered from a verdict and parsed back into the same verdict."""

import re

from services.vocabulary import Indicator, Opinion, Tier, Verdict
from vlm_service.dialogue.errors import InvalidAnswer
from vlm_service.dialogue.verdict import opinion_on, tidy_verdict

OPENING = "ASSESSMENT:"
_FIRST = re.compile(r"ASSESSMENT: Tier ([123])(?: \((agreed|raised|lowered)\))?, urgency: (.+)")
_INDICATOR = re.compile(r"- (.+) \[([^\[\]]+)\]")
_SINGLE = ("Situation", "Context", "Recommended action", "Confidence")
_LISTS = ("Key indicators", "Not known")


def render_answer(verdict: Verdict) -> str:
    """The verdict as people read it; `parse_answer` gives the (tidy) verdict back."""
    verdict = tidy_verdict(verdict)
    lines = [
        f"{OPENING} Tier {verdict.tier.value} ({verdict.opinion.value}), urgency: {verdict.urgency}",
        f"Situation: {verdict.situation}",
        "Key indicators:",
        *(f"- {one.text} [{one.evidence}]" for one in verdict.indicators),
        f"Context: {verdict.context}",
        f"Recommended action: {verdict.action}",
        f"Confidence: {verdict.confidence:.2f}",
    ]
    if verdict.unknowns:
        lines += ["Not known:", *(f"- {unknown}" for unknown in verdict.unknowns)]
    return "\n".join(lines)


def parse_answer(text: str, event_tier: Tier | None = None) -> Verdict:
    """The verdict in an ASSESSMENT text; with `event_tier` its opinion is computed, otherwise the text must state it.

    Raises:
        InvalidAnswer: a line that is missing, doubled or malformed; the message names it.
    """
    lines = [line.rstrip() for line in text.strip().split("\n") if line.strip()]
    first = _FIRST.fullmatch(lines[0]) if lines else None
    if first is None:
        raise InvalidAnswer(f"first line: expected '{OPENING} Tier 1, urgency: ...'")
    tier = Tier(int(first[1]))
    if event_tier is None and first[2] is None:
        raise InvalidAnswer("opinion: missing, and there is no event to compare the tier with")
    opinion = Opinion(first[2]) if event_tier is None else opinion_on(event_tier, tier)
    single, listed = _sections(lines[1:])
    for name in ("Situation", "Recommended action", "Confidence"):
        if not single.get(name):
            raise InvalidAnswer(f"{name}: missing or empty")
    return tidy_verdict(
        Verdict(tier, opinion, first[3], single["Situation"], _indicators(listed["Key indicators"]),
                single.get("Context", ""), single["Recommended action"], _confidence(single["Confidence"]),
                tuple(line.removeprefix("- ") for line in listed["Not known"]))
    )  # fmt: skip


def _sections(lines: list[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    single: dict[str, str] = {}
    listed: dict[str, list[str]] = {name: [] for name in _LISTS}
    seen: set[str] = set()
    current = ""
    for line in lines:
        name, colon, rest = line.partition(":")
        known = colon and (name in _SINGLE or (name in _LISTS and not rest))
        if not known:
            if not (current in _LISTS and line.startswith("- ")):
                raise InvalidAnswer(f"unexpected line after {current or OPENING!r}: expected one of the agreed lines")
            listed[current].append(line)
            continue
        if name in seen:
            raise InvalidAnswer(f"{name}: stated twice")
        seen.add(name)
        current = name
        if name in _SINGLE:
            single[name] = rest.strip()
    return single, listed


def _indicators(lines: list[str]) -> tuple[Indicator, ...]:
    found = [_INDICATOR.fullmatch(line) for line in lines]
    if not found or not all(found):
        raise InvalidAnswer("Key indicators: expected at least one line '- what was observed [evidence]'")
    return tuple(Indicator(match[1], match[2]) for match in found if match)


def _confidence(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidAnswer(f"Confidence = {text[:20]!r}: expected a number 0..1") from error
    if not 0.0 <= value <= 1.0:
        raise InvalidAnswer(f"Confidence = {text[:20]!r}: expected a number 0..1")
    return value
