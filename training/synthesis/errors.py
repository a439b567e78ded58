"""What may go wrong while examples are made, each with the value that was wrong and what helps."""

from training.corpus.errors import CorpusError


class SettingsInvalid(CorpusError):
    """Settings that cannot be read or contradict themselves."""


class TeacherFailed(CorpusError):
    """A teacher that cannot be asked at all: a wrong key, address or model. What was answered is kept."""


class BudgetSpent(CorpusError):
    """The next question might cost more than is left. What was answered is kept."""


class NotAgreedTo(CorpusError):
    """The estimate lies above what is asked without a person's word."""


class TooFew(CorpusError):
    """The staged lives gave fewer moments than are wanted."""
