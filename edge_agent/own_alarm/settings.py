"""What an agent can be told about the alarm it raises by itself."""

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.runtime.webhook.address import Guard, Network
from services.runtime.webhook.endpoint import Endpoint
from services.vocabulary import CueName

ALLOWED = "ATTUNE_EDGE_OWN_ALARM: allowed_networks"
_CUES = (CueName.SCREAM, CueName.CRY, CueName.FALL_NOISE, CueName.GLASS, CueName.ALARM, CueName.FALL)


class OwnAlarmSettings(BaseModel):
    """The alarm that an agent raises by itself when what it heard was not made durable in time: without a `webhook` it
    raises none. A cue counts from its threshold on, must hold in two of three seconds, as at the server, and is over
    after `quiet_s` in which it stayed under `release` of its threshold; for `cooldown_s` after that the same kind of
    sound raises no other alarm."""

    model_config = ConfigDict(extra="forbid")

    webhook: Endpoint | None = None
    """Who is told: a table of name, url, and secret or secret_file, signed as Standard Webhooks asks."""
    allowed_networks: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"),)
    """Networks the webhook may live in; everything else is refused, names included."""
    after_s: float = Field(30.0, ge=1, le=3600)
    """Seconds without the server's word after which the agent tells by itself (source: guess)."""
    cues: dict[CueName, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=lambda: dict.fromkeys(_CUES, 0.5))
    """Which cues, each with its threshold: those of the shipped policy, and alarm sounds."""
    release: float = Field(0.6, gt=0, le=1)
    quiet_s: float = Field(60.0, ge=0)
    cooldown_s: float = Field(300.0, ge=0)
    timeout_s: float = Field(5.0, gt=0, le=60)
    """For one attempt, name look-up to answer; samples wait so long at most when the server is back."""
    give_up_s: float = Field(900.0, ge=0)
    """After this an alarm that nobody took is left to the server."""

    @property
    def guard(self) -> Guard:
        """Where the webhook may go."""
        return Guard(self.allowed_networks, ALLOWED)
