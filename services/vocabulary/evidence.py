"""What an event rests on: the same numbers for caregiver, second opinion and auditor."""

from dataclasses import dataclass

from services.vocabulary.cue import Cue
from services.vocabulary.mode import Mode
from services.vocabulary.time import Seconds

COURSES = ("escalating", "building", "de-escalating", "releasing", "stable", "volatile")


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for this person on one channel, at this time of day."""

    channel: str
    level: float
    spread: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One channel over the current window, as the means of equal parts of it, oldest first (NaN: not seen)."""

    channel: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PriorEpisodes:
    """How many events of each tier this resident had in the 24 hours before."""

    tier1: int = 0
    tier2: int = 0
    tier3: int = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two senses that disagree, e.g. `face-voice`, with what each says."""

    pair: str
    first: str
    second: str
    strength: float


@dataclass(frozen=True, slots=True)
class Derived:
    """A channel that no model measures: it is calculated from others, such as valence from the probabilities of
    emotions; `variance` is how far it may be from what it stands for, beyond what several looks show."""

    channel: str
    variance: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The context of an event, taken when it opened or last changed tier."""

    mode: Mode
    window_s: Seconds
    profile: tuple[Usual, ...] = ()
    trends: tuple[Trend, ...] = ()
    volatility: float = float("nan")
    usual_volatility: float = float("nan")
    transition_rate: float = float("nan")
    cues: tuple[Cue, ...] = ()
    """Cues of the window; `offset_s` counts from the start of the window (0 or positive)."""
    erratic_motion: float = float("nan")
    usual_erratic_motion: float = float("nan")
    place: str = ""
    time_of_day: str = ""
    """Local, as HH:MM."""
    prior: PriorEpisodes = PriorEpisodes()
    seen_share: float = 1.0
    """Share of the window in which the face or body was seen, 0..1."""
    conflicts: tuple[Conflict, ...] = ()
    course: str = ""
    """One of `COURSES`: how far the leading channels were from their usual over the window; empty where not known."""
    derived: tuple[Derived, ...] = ()
    """Which of the channels that are shown were calculated, not measured."""
