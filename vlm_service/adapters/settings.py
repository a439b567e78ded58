"""What the VLM service can be told about adapters."""

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from services.runtime.settings import LOOPBACK, RoomSettings
from vlm_service.bundle import Server, trusted_keys


class AdapterSettings(RoomSettings):
    """Where adapters are pushed to, who may move them, and which the servers take."""

    adapters_host: str = "127.0.0.1"
    """Where `attune adapters push` and the like are answered (HTTP); beyond loopback both tokens are required."""
    adapters_port: int = Field(7083, ge=0, le=65535)
    adapters_folder: Path = Path("var/adapters")
    """Where bundles are kept; replicas of this service share it."""
    servers_folder: str = ""
    """The same folder as the model's servers see it; empty: the same path."""
    push_token: str = ""
    """Who shows it may push adapters (the ML team). Both tokens or none."""
    promote_token: str = ""
    """Who shows it may choose which adapter is heard (the shift lead or operator), and take one back."""
    adapters_trust: Path | None = None
    """Public key that must have signed a bundle, or a folder of such keys (*.pub), one of which must have; without one,
    bundles are checked as sealed and not whose they are."""
    base_model: str = Field("Qwen/Qwen3-VL-8B-Thinking", min_length=1)
    """Canonical name of the model that the servers run: the base of every adapter."""
    base_weights: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    """SHA-256 of that model's weights (`cd FOLDER && sha256sum *.safetensors | sha256sum`); empty: not compared."""
    most_rank: int = Field(32, ge=1, le=512)
    """The servers' `--max-lora-rank`."""
    tower_adapters: bool = False
    """The servers run with `--enable-tower-connector-lora`."""
    gates: Path | None = None
    """TOML file with the gates that an adapter must pass; default: the shipped one."""

    @property
    def takes(self) -> Server:
        """What the servers take."""
        return Server(self.base_model, self.base_weights, self.most_rank, self.tower_adapters)

    @property
    def seen_by_servers(self) -> str:
        """The folder of adapters by the path under which a model's server finds it."""
        return self.servers_folder or str(self.adapters_folder.absolute())

    @field_validator("adapters_trust")
    @classmethod
    def _are_keys(cls, trusted: Path | None) -> Path | None:
        if trusted is not None:
            trusted_keys(trusted)
        return trusted

    @field_validator("gates")
    @classmethod
    def _is_there(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError("expected a readable file")
        return file

    @model_validator(mode="after")
    def _both_or_none(self) -> "AdapterSettings":
        if bool(self.push_token) != bool(self.promote_token):
            raise ValueError("expected both ATTUNE_VLM_PUSH_TOKEN and ATTUNE_VLM_PROMOTE_TOKEN, or neither: with one "
                             "of them the other door would stand open")  # fmt: skip
        if self.push_token and self.push_token == self.promote_token:
            raise ValueError("ATTUNE_VLM_PUSH_TOKEN and ATTUNE_VLM_PROMOTE_TOKEN are equal: expected one for each role")
        if self.adapters_host not in LOOPBACK and not self.push_token:
            raise ValueError(f"adapters_host = {self.adapters_host!r} listens beyond this machine: set "
                             "ATTUNE_VLM_PUSH_TOKEN and ATTUNE_VLM_PROMOTE_TOKEN, or bind to 127.0.0.1")  # fmt: skip
        return self
