"""What the threshold service can be told."""

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import LOOPBACK, HealthSettings, LedgerSettings
from threshold_service.paths import Path as Judging


class ThresholdSettings(HealthSettings, LedgerSettings):
    """Settings of `python -m threshold_service`; environment variables begin with `ATTUNE_THRESHOLD_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_THRESHOLD_")

    host: str = "127.0.0.1"
    port: int = Field(7081, ge=0, le=65535)
    token: str = ""
    """Agents must show it; required for a bind beyond loopback."""
    policy: Path | None = None
    """A TOML file with the deployment's own budget, timing and weights; without one, the shipped policy."""
    snapshot_s: float = Field(2.0, gt=0, le=5.0)
    """Seconds between two snapshots of what is usual."""
    max_batch: int = Field(500, ge=1, le=10_000)
    """Samples that one agent may send at once."""
    compiled: Judging = Judging.AUTO
    """What judges: `numba` (compiled), `numpy`, or `auto`: numba where it is installed."""
    assess: str = "127.0.0.1:7082"
    """Address of vlm_service; empty: no second opinion is asked for."""
    assess_token: str = ""
    """What vlm_service wants to be shown: its ATTUNE_VLM_TOKEN."""
    assess_deadline_s: float = Field(15.0, gt=0)
    """Longest wait for a second opinion."""
    link_lost_s: float = Field(60.0, ge=5)
    """Seconds after which an agent that is not heard is told as lost: log, metric, health page and audit chain."""
    evidence: bool = False
    """Ask agents for pictures of events of tier 1 and 2 and show them to the second opinion; what leaves is theirs to
    say, and nothing of it is kept."""
    movement: bool = True
    """Ask agents how the body moved around events of tier 1 and 2, and keep it for the page as stick figures; what
    leaves is theirs to say, and of a camera with evidence = none nothing does."""
    evidence_wait_s: float = Field(8.0, ge=0, le=30)
    """Seconds after an event opened that its question waits for pictures; they are asked for 5 s after it opened."""
    replica: str = "threshold-1"
    """Name of this replica in leases."""
    health_port: int = Field(7091, ge=0, le=65535)

    @model_validator(mode="after")
    def _no_open_door(self) -> "ThresholdSettings":
        if self.host not in LOOPBACK and not self.token:
            raise ValueError(f"host = {self.host!r} listens beyond this machine: set ATTUNE_THRESHOLD_TOKEN, which "
                             "every agent must then show, or bind to 127.0.0.1")  # fmt: skip
        return self
