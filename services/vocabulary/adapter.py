"""A version of an adapter for the second opinion, where it stands, and how it came there."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import Seconds, UnixSeconds

BASE = ""
"""Served name of nobody: the base model answers."""
STANDING = "standing"
"""Kind of the report that says what is doubted of a version that servers hold: its gates, or whose it is."""


class AdapterState(StrEnum):
    """Where a version stands. `UPLOADED`: its files are here. `VERIFIED`: as sealed, signed, fit for the server.
    `PROBED`: the server answers with it as training recorded. `SHADOW`: answers too, unheard. `CANARY`: is heard for
    a part of the events. `ACTIVE`: is heard. `RETIRED`: is heard no more. `REFUSED`: must not be."""

    UPLOADED = "uploaded"
    VERIFIED = "verified"
    PROBED = "probed"
    SHADOW = "shadow"
    CANARY = "canary"
    ACTIVE = "active"
    RETIRED = "retired"
    REFUSED = "refused"


class MoveCause(StrEnum):
    """Why a version was moved."""

    PUSHED = "pushed"
    CHECKED = "checked"
    CHOSEN = "chosen"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class AdapterVersion:
    """One bundle, named by its contents. `why`: the reason for its state in words. `share` (0..1) and `rooms` say for
    which events a canary is heard: that share of all, or every event of these rooms."""

    name: str
    digest: str
    state: AdapterState
    pushed_by: str
    pushed_at: UnixSeconds
    changed_at: UnixSeconds
    why: str = ""
    share: float = 0.0
    rooms: tuple[str, ...] = ()

    @property
    def served_name(self) -> str:
        """What servers know it by, for ever: the same name never has other contents."""
        return f"{self.name}@{self.digest[:12]}"


@dataclass(frozen=True, slots=True)
class AdapterMove:
    """One step of one version; `before` is None at its first. `by` is a person as they say, or the service itself;
    `token` the role whose token was shown ("push" or "promote"), empty where none is asked for."""

    served_name: str
    before: AdapterState | None
    after: AdapterState
    cause: MoveCause
    by: str
    at: UnixSeconds
    why: str = ""
    share: float = 0.0
    rooms: tuple[str, ...] = ()
    token: str = ""


class AdapterRole(StrEnum):
    """As what a version answered: heard by everybody, heard for a part, or unheard beside the one that was."""

    ACTIVE = "active"
    CANARY = "canary"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class AdapterAnswer:
    """What one version made of one event. `outcome` is "verdict" or the reason for none. `tier` is what it answered
    (0: nothing), `beside` the served name that answered the same event too and `beside_tier` what that said (0:
    nothing, or nobody was asked). `grounding` is the share of its claims that are supported, NaN without any;
    `beside_grounding` and `beside_contradictions` are the other's."""

    served_name: str
    role: AdapterRole
    event: str
    at: UnixSeconds
    latency_s: Seconds
    outcome: str
    tier: int = 0
    opinion: str = ""
    grounding: float = float("nan")
    contradictions: int = 0
    beside: str = ""
    beside_tier: int = 0
    beside_grounding: float = float("nan")
    beside_contradictions: int = 0


@dataclass(frozen=True, slots=True)
class AdapterReport:
    """What was found out about a version: `kind` is "probe", "gates", "approval", "asked" (for another run of the
    gates), "signed" (after it was kept) or "standing" (what is doubted of it now), `body` its JSON, `passed` its
    outcome."""

    served_name: str
    kind: str
    at: UnixSeconds
    passed: bool
    body: str
