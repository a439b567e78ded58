"""Why an answer cannot be used: each has a short reason that ends up beside the rules' verdict."""

from typing import ClassVar


class AnswerError(ValueError):
    """An answer that is no usable verdict; nothing is ever guessed from one."""

    reason: ClassVar[str] = "invalid_answer"


class InvalidAnswer(AnswerError):
    """There is an answer, but it is not in the agreed format or points at evidence that the event does not have."""


class NoVerdict(AnswerError):
    """There is no answer after the thinking, e.g. because it was cut off."""

    reason = "no_verdict"


class Looped(AnswerError):
    """The thinking says the same thing again and again; a verdict that follows it rests on nothing."""

    reason = "looped"


class ForbiddenWord(AnswerError):
    """The answer names an emotion in observables mode, or a diagnosis.

    The message, which is kept beside the rules' verdict, holds none of the `words`.
    """

    reason = "forbidden_word"

    def __init__(self, message: str, words: tuple[str, ...]) -> None:
        super().__init__(message)
        self.words = words
