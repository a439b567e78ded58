"""Reads what a model sent back: thinking here, verdict there, and nothing guessed when one of them is missing."""

import re
from dataclasses import dataclass, replace

from services.vocabulary import UNCHECKED, Event, Grounding, Indicator, Verdict
from vlm_service.dialogue.answer import OPENING, parse_answer
from vlm_service.dialogue.errors import InvalidAnswer, Looped, NoVerdict
from vlm_service.dialogue.frames import frame_names
from vlm_service.dialogue.grounding import ground
from vlm_service.dialogue.lint import check_verdict, screen_thinking
from vlm_service.dialogue.loops import loops
from vlm_service.dialogue.names import evidence_named
from vlm_service.dialogue.verdict import verdict_from_json

OPEN, CLOSE = "<think>", "</think>"
_FENCE = re.compile(r"```(?:json)?\s*\n?(.*?)\n?\s*```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """One chat completion as a server gives it; `reasoning` is the thinking where the server split it off."""

    content: str | None
    reasoning: str | None = None
    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class Opinionated:
    """A usable answer: the thinking as it may be kept, the verdict, and what the measurements say of both."""

    thinking: str
    verdict: Verdict
    grounding: Grounding = UNCHECKED
    pictures: int = 0
    """How many pictures the model was shown."""


def read_reply(reply: Reply, event: Event, pictures: int = 0) -> Opinionated:
    """The verdict of `reply` about `event`, of which the model was shown so many `pictures`.

    Accepts thinking in a field or inline, an opening tag that the template swallowed, leading newlines, a code fence,
    the JSON verdict or the ASSESSMENT text.

    Raises:
        Looped: the thinking ends in one phrase again and again.
        NoVerdict: nothing follows the thinking, e.g. because it was cut off.
        InvalidAnswer: the answer is malformed, or an indicator points at evidence that the event does not have.
        ForbiddenWord: it names a diagnosis, or an emotion in observables mode.
    """
    thinking, answer = _split(reply)
    if loops(thinking):
        raise Looped(f"the thinking repeats itself at its end ({len(thinking):,} characters)")
    verdict = _parse(answer, reply, event)
    verdict = replace(
        verdict, indicators=tuple(_grounded(indicator, event, pictures) for indicator in verdict.indicators)
    )
    check_verdict(verdict, event.evidence.mode)
    kept = screen_thinking(thinking, event.evidence.mode)
    return Opinionated(kept, verdict, ground(thinking, verdict, event, pictures), pictures)


def _split(reply: Reply) -> tuple[str, str]:
    content = (reply.content or "").strip()
    field = (reply.reasoning or "").strip()
    if not content and CLOSE in field:
        content, field = field, ""
    if CLOSE in content:
        before, answer = _at_the_end(content)
        inline = before.strip().removeprefix(OPEN).strip()
        thinking = "\n".join(part for part in (field.removeprefix(OPEN).strip(), inline) if part)
    else:
        thinking, answer = field.removeprefix(OPEN).strip(), content
    answer = _unwrapped(answer)
    if not answer:
        raise NoVerdict(f"nothing follows the thinking (finish_reason {reply.finish_reason!r})")
    if not answer.startswith(("{", OPENING)):
        raise NoVerdict(
            "the thinking was not ended, or something else than a verdict follows it "
            f"(finish_reason {reply.finish_reason!r})"
        )
    return thinking, answer


def _at_the_end(content: str) -> tuple[str, str]:
    """What stands before and behind the closing tag that ends the thinking: the first one with an answer behind it."""
    pieces = content.split(CLOSE)
    for place in range(1, len(pieces)):
        answer = CLOSE.join(pieces[place:])
        if _unwrapped(answer).startswith(("{", OPENING)):
            return CLOSE.join(pieces[:place]), answer
    return pieces[0], CLOSE.join(pieces[1:])


def _unwrapped(answer: str) -> str:
    answer = answer.strip().removesuffix("<|im_end|>").strip()
    fenced = _FENCE.fullmatch(answer)
    return fenced[1].strip() if fenced else answer


def _parse(answer: str, reply: Reply, event: Event) -> Verdict:
    try:
        if answer.startswith(OPENING):
            return parse_answer(answer, event.tier)
        return verdict_from_json(answer, event.tier)
    except InvalidAnswer as error:
        if reply.finish_reason == "length":
            raise NoVerdict("the answer was cut off (finish_reason 'length')") from error
        raise


def _grounded(indicator: Indicator, event: Event, pictures: int) -> Indicator:
    if indicator.evidence in frame_names(pictures):
        return indicator
    name = evidence_named(event, indicator.evidence)
    if name is None:
        raise InvalidAnswer("an indicator points at evidence that the event does not have: expected one of its own")
    return replace(indicator, evidence=name)
