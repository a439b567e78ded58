"""Who an agent is, and how its cameras are."""

from dataclasses import dataclass

from services.vocabulary import Derived, Resident
from services.vocabulary.time import UnixSeconds


@dataclass(frozen=True, slots=True)
class Identity:
    """What the hello says about this agent. `models` are (name, sha256, provider)."""

    agent: str
    software: str
    token: str
    time_zone: str
    channels: tuple[str, ...]
    seats: tuple[Resident, ...]
    models: tuple[tuple[str, str, str], ...] = ()
    derived: tuple[Derived, ...] = ()
    """Channels that are calculated from others."""
    period_s: int = 1
    """Seconds that one sample stands for at most."""


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How one camera is, for the heartbeat."""

    camera: str
    residents: tuple[str, ...]
    blind: bool
    since: UnixSeconds
    detail: str = ""
    falls_missed: bool = False
    given_per_s: float = 0.0
    looked_at_per_s: float = 0.0
    skipped_per_s: float = 0.0
    """Pictures a second over the last moments: given by the camera, looked at, left out for want of time."""
