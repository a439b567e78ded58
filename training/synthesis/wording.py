"""The words of a question: the live service's own for thinking examples, one line for the others."""

from services.vocabulary import Event
from training.synthesis.families import families
from training.synthesis.known import fact
from training.synthesis.questions import Form, Question
from vlm_service.dialogue import Message, event_report, messages_for
from vlm_service.dialogue.report import CLOSING

SYSTEM = (
    "You answer one question about an event report from a care environment, at once and in one line. Every number is "
    "compared with this one person's own usual; sigma is that person's spread. Rest on the report alone; never state a "
    "diagnosis, never invent a measurement."
)
VISIT = (
    "Is this worth a walk to the resident, or ordinary life that a camera and a microphone took for more? Answer with "
    'one line: "visit: " or "ordinary: ", then one sentence on what in the report says so.'
)
STATE = "Which clinical state fits best: distress, stable or engaged? Answer with one word."
_FAMILY = "Which of these fits best: {}? Answer with its name alone."


def messages_of(question: Question) -> tuple[Message, Message]:
    """System and user, as whoever answers reads them."""
    event = question.asked.moment.event
    if question.form is Form.REPORT:
        return messages_for(event, question.facility)
    return Message("system", SYSTEM), Message("user", f"{_report(event)}\n{_asks(question)}")


def _report(event: Event) -> str:
    return event_report(event).removesuffix(CLOSING).rstrip()


def _asks(question: Question) -> str:
    if question.form is Form.VISIT:
        return VISIT
    if question.form is Form.STATE:
        return STATE
    if question.form is Form.FACT:
        return fact(question.asked.moment.event, question.id).question
    layer = question.asked.truth.layer
    names = [one.label for one in families().values() if one.layer is layer or one.ordinary]
    return _FAMILY.format("; ".join(names))
