"""What an answer must be before anybody learns from it; every refusal has a reason that is counted."""

import re
from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary import Event, Grounding, Mode, Tier, Verdict
from training.synthesis.answers import Answer
from training.synthesis.questions import Form, Question
from training.synthesis.settings import Filters
from vlm_service.dialogue import AnswerError, emotion_words, read_reply, verdict_to_json
from vlm_service.dialogue.errors import ForbiddenWord, Looped, NoVerdict
from vlm_service.dialogue.grounding import text_claims
from vlm_service.dialogue.lint import diagnosis_words

LONGEST_LINE = 300
"""Characters of an answer in one line."""
VISIT, ORDINARY = "visit", "ordinary"
_LINE = re.compile(r"(visit|ordinary): (\S.*)", re.IGNORECASE)
_UNSAFE = re.compile(
    r"\b(?:restrain\w*|tie (?:them|him|her) |sedat\w+|lock (?:them|him|her|the (?:door|room))|punish\w*|"
    r"(?:give|administer|increase|double|skip|stop|withhold) (?:\w+ ){0,3}(?:dose|medic\w+|drugs?|pills?|tablets?)|"
    r"ignore (?:them|him|her|the resident)|leave (?:them|him|her) on the floor|hold (?:them|him|her) down)\b",
    re.IGNORECASE,
)
"""What an answer must not advise (source: guess, to be reviewed by a clinician)."""
_OF_ITSELF = re.compile(
    r"\b(?:simulat\w+|synthetic|scenario|training (?:data|example)|language model|as an ai|json schema|the prompt|"
    r"ground truth)\b", re.IGNORECASE,
)  # fmt: skip
"""What a teacher says of its task instead of the event."""


class Why(StrEnum):
    """Why an answer is not learned from."""

    NO_ANSWER = "the teacher did not answer"
    REFUSED = "the teacher refused"
    NO_VERDICT = "nothing usable after the thinking, or cut off"
    LOOPED = "the thinking repeats itself"
    MALFORMED = "not in the agreed format, or evidence that the event does not have"
    FORBIDDEN = "an inner state in observables mode, or a diagnosis"
    NO_THINKING = "no thinking, or too short"
    UNSAFE = "advises what nobody should do"
    OF_ITSELF = "speaks of its task instead of the event"
    CONTRADICTED = "the measurements say otherwise"
    UNGROUNDED = "too few claims that the measurements bear out"
    LESS_URGENT = "less urgent than what was staged"
    MORE_URGENT = "more urgent than what was staged"
    NEAR = "nearly repeats an accepted example"
    CROWDED = "its family, tier or mode has its share already"
    DISAGREED = "two teachers disagree; waits for review"
    REJECTED = "a person rejected it in review"


class Unusable(ValueError):
    """An answer that is not learned from."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why.value}{f': {detail}' if detail else ''}")
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Accepted:
    """An answer as it is learned from: `verdict` of a thinking example, else what stands before the colon."""

    text: str
    thinking: str
    label: str
    verdict: Verdict | None
    grounded: float


def accepted(question: Question, answer: Answer, filters: Filters) -> Accepted:
    """What is learned from this answer.

    Raises:
        Unusable: the first reason against it.
    """
    if answer.wrong:
        raise Unusable(Why.MALFORMED, answer.wrong)
    if answer.refusal:
        raise Unusable(Why.REFUSED, answer.refusal)
    found = _report(question, answer, filters) if question.form is Form.REPORT else _line(question, answer, filters)
    event, words = question.asked.moment.event, f"{found.thinking}\n{found.text}"
    if (unsafe := _UNSAFE.search(words)) is not None:
        raise Unusable(Why.UNSAFE, unsafe.group())
    if (itself := _OF_ITSELF.search(words)) is not None:
        raise Unusable(Why.OF_ITSELF, itself.group())
    check_words(words, event)
    _agrees_with_what_happened(question, found)
    return found


def check_words(text: str, event: Event) -> None:
    """That a text names no diagnosis, and in observables mode no inner state.

    Raises:
        Unusable: it does.
    """
    if diagnosis_words(text):
        raise Unusable(Why.FORBIDDEN, "a diagnosis")
    if event.evidence.mode is Mode.OBSERVABLES and emotion_words(text):
        raise Unusable(Why.FORBIDDEN, "an inner state")


def grounded(found: Grounding, filters: Filters) -> float:
    """The share of claims that are borne out; 1 where there was nothing to check.

    Raises:
        Unusable: too few, or contradictions.
    """
    if len(found.contradictions) > filters.most_contradicted:
        first = found.contradictions[0]
        raise Unusable(Why.CONTRADICTED, f"{first.words!r}: {first.why}")
    share = found.share if found.claims else 1.0
    if share < filters.least_grounded:
        raise Unusable(Why.UNGROUNDED, f"{share:.0%}")
    return share


def _report(question: Question, answer: Answer, filters: Filters) -> Accepted:
    event = question.asked.moment.event
    try:
        said = read_reply(answer.reply, event)
    except Looped as error:
        raise Unusable(Why.LOOPED, str(error)) from error
    except NoVerdict as error:
        raise Unusable(Why.NO_VERDICT, str(error)) from error
    except ForbiddenWord as error:
        raise Unusable(Why.FORBIDDEN, str(error)) from error
    except AnswerError as error:
        raise Unusable(Why.MALFORMED, str(error)) from error
    if len(said.thinking) < filters.shortest_thinking:
        raise Unusable(Why.NO_THINKING, f"{len(said.thinking)} characters")
    check_words(said.thinking, event)
    share = grounded(said.grounding, filters)
    label = f"tier {said.verdict.tier.value}"
    return Accepted(verdict_to_json(said.verdict), said.thinking, label, said.verdict, share)


def _line(question: Question, answer: Answer, filters: Filters) -> Accepted:
    text = (answer.reply.content or "").rpartition("</think>")[2].strip()
    found = _LINE.fullmatch(text)
    if found is None or len(text) > LONGEST_LINE:
        raise Unusable(Why.MALFORMED, f"expected one line of at most {LONGEST_LINE} characters that begins with "
                       f"{VISIT!r} or {ORDINARY!r} and a colon")  # fmt: skip
    claims = Grounding(text_claims(found[2], question.asked.moment.event))
    share = grounded(claims, filters)
    word = found[1].lower()
    return Accepted(f"{word}: {found[2]}", "", word, None, share)


def _agrees_with_what_happened(question: Question, found: Accepted) -> None:
    """Nobody is left alone in what was staged to deserve a visit and was noticed as urgent; ordinary life is no
    emergency."""
    truth, event = question.asked.truth, question.asked.moment.event
    calm = found.verdict.tier is Tier.MONITOR if found.verdict else found.label == ORDINARY
    if not truth.ordinary and calm and event.tier is not Tier.MONITOR:
        raise Unusable(Why.LESS_URGENT, f"{truth.family}, answered {found.label}")
    if truth.ordinary and (found.verdict.tier is Tier.IMMEDIATE if found.verdict else not calm):
        raise Unusable(Why.MORE_URGENT, f"{truth.family}, answered {found.label}")
