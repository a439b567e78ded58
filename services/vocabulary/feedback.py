"""What people say about alerts: the only thing that may ever loosen a threshold, through a person's approval."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import UnixSeconds


class FeedbackVerdict(StrEnum):
    """A caregiver's word. `MISSED` is about a time without an alert: it should have alarmed."""

    TRUE = "true"
    FALSE = "false"
    UNSURE = "unsure"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One word about one alert, or (missed) about one resident and time; `alert` is empty then."""

    id: str
    resident: str
    verdict: FeedbackVerdict
    given_at: UnixSeconds
    given_by: str
    alert: str = ""
    about_time: UnixSeconds | None = None
    note: str = ""
    via: str = ""
    """The receiver by whose link it was given, so that nobody knows who it was; empty: on the page."""
    confirmed_by: str = ""

    @property
    def counts(self) -> bool:
        """Whether it may weigh in a proposal: a word by a link does only once somebody has confirmed it."""
        return not self.via or bool(self.confirmed_by)
