"""What the console can be told."""

from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import LOOPBACK, HealthSettings, LedgerSettings, TimeZone


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
    health_port: int = Field(7094, ge=0, le=65535)

    @model_validator(mode="after")
    def _no_open_door(self) -> "ConsoleSettings":
        if self.host not in LOOPBACK and self.boundary == "loopback":
            raise ValueError(
                f"host = {self.host!r} listens beyond this machine, and the page has no sign-in yet: bind to "
                "127.0.0.1, or, where a container network publishes the port on 127.0.0.1 alone, set "
                "ATTUNE_CONSOLE_BOUNDARY=container"
            )
        return self
