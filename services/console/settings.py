"""What the console can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.links import LEAST_KEY
from services.runtime.settings import LOOPBACK, HealthSettings, LedgerSettings, TimeZone
from services.vocabulary import Seconds


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts: unused, and at most."""

    idle_s: Seconds
    longest_s: Seconds


class ConsoleSettings(HealthSettings, LedgerSettings):
    """Settings of `python -m services.console`; environment variables begin with `ATTUNE_CONSOLE_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_CONSOLE_")

    host: str = "127.0.0.1"
    port: int = Field(7080, ge=0, le=65535)
    boundary: Literal["loopback", "container"] = "loopback"
    """`container`: the port is inside a container network that publishes it on 127.0.0.1 alone."""
    names: tuple[str, ...] = ()
    """Further host names under which browsers may ask for the page; loopback's are always known."""
    facility: str = ""
    """Name of the house, shown on the page."""
    time_zone: TimeZone = "UTC"
    """Of the facility, for readers without JavaScript; the others see their browser's."""
    units: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Parts of the house by name, each with patterns of its rooms, as {"Ward 1": ["Room 1*"]}: the page counts alerts
    and their precision by them. A room of no unit is counted with the rest of the house."""
    health_port: int = Field(7094, ge=0, le=65535)

    sign_in: bool = True
    """People sign in, and what each sees and does is recorded under their name; off: anybody who reaches the page sees
    and presses everything, so it has to stay on loopback."""
    session_idle_s: float = Field(7200.0, ge=60, le=86_400)
    """A session that is not used for so long is over (source: guess)."""
    session_longest_s: float = Field(43_200.0, ge=60, le=604_800)
    """However often it is used, a session is over after this (source: guess, the longest shift)."""
    api_token: SecretStr = SecretStr("")
    """Programs send it as `Authorization: Bearer`, 32 random characters or more; empty: programs are not let in while
    people sign in."""
    tls_certificate: Path | None = None
    """PEM file with the certificate and its chain: the page is served by https."""
    tls_key: Path | None = None
    """PEM file with the certificate's key."""
    behind_https: bool = False
    """A proxy in front of the page serves it by https and passes the Host on: cookies go by https alone."""

    @property
    def by_https(self) -> bool:
        """Whether browsers reach the page by https."""
        return self.behind_https or self.tls_certificate is not None

    @property
    def lifetimes(self) -> Lifetimes:
        """How long a session lasts."""
        return Lifetimes(self.session_idle_s, self.session_longest_s)

    @field_validator("api_token")
    @classmethod
    def _no_guessing_tokens(cls, token: SecretStr) -> SecretStr:
        if token.get_secret_value() and len(token.get_secret_value()) < LEAST_KEY:
            raise ValueError(f"expected {LEAST_KEY} random characters or more")
        return token

    @model_validator(mode="after")
    def _both_or_neither(self) -> "ConsoleSettings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("expected both or neither of ATTUNE_CONSOLE_TLS_CERTIFICATE and ATTUNE_CONSOLE_TLS_KEY")
        return self

    @model_validator(mode="after")
    def _no_open_door(self) -> "ConsoleSettings":
        if self.host in LOOPBACK or self.boundary == "container":
            return self
        if not self.sign_in:
            raise ValueError(
                f"host = {self.host!r} listens beyond this machine, and nobody signs in: set "
                "ATTUNE_CONSOLE_SIGN_IN=true, bind to 127.0.0.1, or, where a container network publishes the port on "
                "127.0.0.1 alone, set ATTUNE_CONSOLE_BOUNDARY=container"
            )
        if not self.by_https:
            raise ValueError(
                f"host = {self.host!r} listens beyond this machine, and passwords would travel in the clear: set "
                "ATTUNE_CONSOLE_TLS_CERTIFICATE and ATTUNE_CONSOLE_TLS_KEY, or ATTUNE_CONSOLE_BEHIND_HTTPS=true where "
                "a proxy serves https, or, where a container network publishes the port on 127.0.0.1 alone, "
                "ATTUNE_CONSOLE_BOUNDARY=container"
            )
        return self
