"""What is asked about an event and how an answer is read: pure, and the same for training and serving."""

from vlm_service.dialogue.answer import parse_answer, render_answer
from vlm_service.dialogue.context import UNKNOWN, Facility, Language
from vlm_service.dialogue.errors import AnswerError, ForbiddenWord, InvalidAnswer, Looped, NoVerdict
from vlm_service.dialogue.frames import Frame, NoPicture
from vlm_service.dialogue.grounding import ground
from vlm_service.dialogue.lint import check_verdict, emotion_words, screen_thinking
from vlm_service.dialogue.messages import Message, assistant_message, messages_for
from vlm_service.dialogue.names import evidence_names
from vlm_service.dialogue.reply import Opinionated, Reply, read_reply
from vlm_service.dialogue.report import event_report
from vlm_service.dialogue.verdict import tidy_verdict, verdict_from_json, verdict_schema, verdict_to_json
from vlm_service.dialogue.version import prompt_version

__all__ = [
    "UNKNOWN",
    "AnswerError",
    "Facility",
    "ForbiddenWord",
    "Frame",
    "InvalidAnswer",
    "Language",
    "Looped",
    "Message",
    "NoPicture",
    "NoVerdict",
    "Opinionated",
    "Reply",
    "assistant_message",
    "check_verdict",
    "emotion_words",
    "event_report",
    "evidence_names",
    "ground",
    "messages_for",
    "parse_answer",
    "prompt_version",
    "read_reply",
    "render_answer",
    "screen_thinking",
    "tidy_verdict",
    "verdict_from_json",
    "verdict_schema",
    "verdict_to_json",
]
