"""Every number the simulated facility is made from, in one place, each with its source."""

from dataclasses import dataclass, field

from services.simulator.episodes import Kind

HOUR_S = 3600.0
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Excitement:
    """When episodes happen: a self-exciting (Hawkes) process per resident.

    Branching after Potter 2025 (arXiv 2507.12424: about 0.74 of aggressive incidents are triggered by an earlier one).
    Rates, the decay and the spread between persons are guesses.
    """

    per_day: float = 0.9
    """Episodes per resident-day on average, triggered ones included."""
    between_persons: float = 0.6
    """Standard deviation of the logarithm of a person's own rate."""
    branching: float = 0.74
    decay_s: float = 2.0 * HOUR_S
    at_night: float = 0.25
    """Rate asleep, as a share of the rate awake (Cohen-Mansfield 2007: agitation is rarest at night)."""
    afternoon: float = 0.5
    """Amplitude of the daily rhythm of the rate (Cohen-Mansfield 2007: a peak around 16:00)."""
    apart_s: float = 600.0
    """Episodes of one person that would lie closer are one (guess)."""
    mix: tuple[tuple[Kind, float], ...] = (
        (Kind.RAPID_ESCALATION, 0.27), (Kind.SLOW_BUILD_UP, 0.22), (Kind.WITHDRAWAL, 0.1), (Kind.FALL, 0.06),
        (Kind.DISTRESS_VOICE, 0.25), (Kind.SLEEP_DISTURBANCE, 0.1),
    )  # fmt: skip
    """How often each kind is (guess); a sleep disturbance happens asleep, the others mostly awake."""
    strength: float = 0.35
    """Standard deviation of the logarithm of an episode's strength (guess)."""
    wobble: float = 0.3
    """How much an episode's height moves from second to second, as a share of itself (guess)."""


@dataclass(frozen=True, slots=True)
class Sight:
    """When somebody is seen. A person is in view 28 to 50 % of the day in published home studies (DETECTORS.md)."""

    stay_s: float = 1500.0
    """Mean length of one stay in view, awake (guess)."""
    at_night: tuple[float, float] = (0.02, 0.2)
    """Share of the night in view of a room without night sight (guess)."""
    night_sight: float = 0.25
    """Share of rooms whose camera sees in the dark (guess)."""
    dropouts_per_day: float = 0.7
    dropout_s: float = 240.0
    """Camera dropouts: how many, and their mean length (guess)."""
    lost: float = 0.02
    """Share of seconds without a usable frame (guess)."""
    deaf_per_day: float = 0.1
    deaf_s: float = 600.0
    """Failures of the microphone (guess)."""


@dataclass(frozen=True, slots=True)
class SlowChange:
    """What changes over days, per resident-day, and how much (all guesses)."""

    illness_per_day: float = 0.01
    illness_days: float = 4.0
    illness: tuple[float, float] = (-0.15, -0.2)
    """Valence and arousal at the height of an illness."""
    moved_per_day: float = 0.005
    moved_spreads: float = 1.5
    """A camera that was moved or a room lit otherwise: by how many spreads visual scores step, one sign per channel."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a facility is made from. Frozen before any detector was tuned on it."""

    excitement: Excitement = field(default_factory=Excitement)
    sight: Sight = field(default_factory=Sight)
    slow: SlowChange = field(default_factory=SlowChange)
    affect: float = 0.5
    """Share of residents with recorded consent, watched in affect mode (guess)."""
    atypical: float = 0.4
    """Share of residents whose face shows otherwise what they feel (Zeghari 2021: common; the share is a guess)."""
    benign: float = 1.0
    """How busy ordinary life is: multiplies the rates of all confounders; 0 leaves none."""
    asleep_from_s: float = 22.0 * HOUR_S
    asleep_until_s: float = 6.5 * HOUR_S
    bedtime_s: float = 2400.0
    """Standard deviation of bedtimes between persons (guess)."""
    camera_moved_on: int = -1
    """Day on which every camera is moved; -1 never. Stress tests use it."""
