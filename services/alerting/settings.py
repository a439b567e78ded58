"""What alerting can be told: receivers, where deliveries may go, and how patient to be."""

import base64
import binascii
import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import HealthSettings, LedgerSettings
from services.vocabulary import Timing

TOLD_BY = ("tier2_wait_s", "tier1_late_s", "tier2_late_s")
"""The durations of a policy that telling follows."""

Network = IPv4Network | IPv6Network


class Receiver(BaseModel):
    """One webhook endpoint. Exactly one of `secret` and `secret_file` holds the signing secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    url: str
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    tiers: frozenset[Annotated[int, Field(ge=1, le=2)]] = Field(frozenset({1, 2}), min_length=1)

    @field_validator("url")
    @classmethod
    def _an_http_address(cls, url: str) -> str:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"expected an address such as https://nurse-call.lan/hook ({error})") from error
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.fragment:
            raise ValueError("expected http(s)://host[:port]/path without user, password and fragment")
        return url

    @model_validator(mode="after")
    def _a_strong_secret(self) -> "Receiver":
        if bool(self.secret.get_secret_value()) == (self.secret_file is not None):
            raise ValueError("expected exactly one of secret and secret_file")
        if not 24 <= len(_decoded(self.signing_secret)) <= 64:
            raise ValueError("secret: expected whsec_ and 24 to 64 random bytes in base64")
        return self

    @property
    def signing_secret(self) -> str:
        """The secret itself.

        Raises:
            ValueError: the file cannot be read.
        """
        if self.secret_file is None:
            return self.secret.get_secret_value()
        try:
            return self.secret_file.read_text().strip()
        except OSError as error:
            raise ValueError(
                f"secret_file {str(self.secret_file)!r}: {error.strerror}; expected a readable file"
            ) from error


class AlertingSettings(HealthSettings, LedgerSettings):
    """Settings of `python -m services.alerting`; environment variables begin with `ATTUNE_ALERTS_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_ALERTS_")

    receivers: tuple[Receiver, ...] = ()
    """Who is told; empty: alerts stand on the page only, and stand there as undelivered."""
    allowed_networks: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"),)
    """Networks a receiver may live in; everything else is refused, names included."""
    timeout_s: float = Field(10.0, gt=0, le=60)
    """For one attempt, name look-up to answer."""
    give_up_s: float = Field(86_400.0, gt=0)
    """After this a notice is not tried any more."""
    policy: Path | None = None
    """The policy file, as the threshold service has it: what its [timing] says of waiting and lateness wins
    over the three settings below. It is read at start."""
    tier2_wait_s: float = Field(Timing().tier2_wait_s, ge=0, le=60)
    tier1_late_s: float = Field(Timing().tier1_late_s, gt=0)
    tier2_late_s: float = Field(Timing().tier2_late_s, gt=0)
    page_url: str = "http://127.0.0.1:7080"
    """Where a message tells people to look."""
    health_port: int = Field(7093, ge=0, le=65535)

    @field_validator("receivers")
    @classmethod
    def _names_differ(cls, receivers: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
        names = [receiver.name for receiver in receivers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two receivers are named {name!r}: expected different names")
        return receivers

    @model_validator(mode="after")
    def _a_policy_that_can_be_read(self) -> "AlertingSettings":
        _timing_of(self.policy)
        return self

    @property
    def timing(self) -> Timing:
        """The policy's timing as far as telling is concerned."""
        own = {name: getattr(self, name) for name in TOLD_BY}
        return Timing(**own | _timing_of(self.policy))


def _timing_of(policy: Path | None) -> dict[str, float]:
    """What the policy file says of telling; the threshold service refuses a file with a typo, this reads its own part.

    Raises:
        ValueError: it cannot be read, or a value cannot be meant.
    """
    if policy is None:
        return {}
    try:
        said = tomllib.loads(policy.read_text()).get("timing", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"policy file {str(policy)!r}: {error}") from error
    found = {name: said[name] for name in TOLD_BY if name in said} if isinstance(said, dict) else {}
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1e7:
            raise ValueError(f"policy file {str(policy)!r}: timing.{name} = {value!r}: expected seconds")
    return {name: float(value) for name, value in found.items()}


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error:
        return b""
