"""What the VLM service can be told."""

from typing import Annotated, Literal

import httpx
from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import LOOPBACK, HealthSettings, LedgerSettings
from services.vocabulary import RULES
from vlm_service.adapters.settings import AdapterSettings
from vlm_service.dialogue import Facility, Language
from vlm_service.dialogue.context import LONGEST_NAME, LONGEST_NOTE
from vlm_service.patience import Patience

Note = Annotated[str, Field(max_length=LONGEST_NOTE)]


class VlmSettings(AdapterSettings, HealthSettings, LedgerSettings):
    """Settings of `python -m vlm_service`; environment variables begin with `ATTUNE_VLM_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_VLM_")

    host: str = "127.0.0.1"
    port: int = Field(7082, ge=0, le=65535)
    token: str = ""
    """Callers must show it; required for a bind beyond loopback."""
    health_port: int = Field(7092, ge=0, le=65535)
    server_url: str = ""
    """vLLM servers, e.g. http://127.0.0.1:8000, several separated by commas; empty: the rules answer."""
    server_key: str = ""
    """The server's API key, where it has one."""
    model: str = Field("qwen3-vl", min_length=1)
    """Name under which the server serves the base model."""
    adapter: str = ""
    """Name of a LoRA adapter that the server loaded at its start; it answers while no pushed one is active."""
    replica: str = Field("vlm-1", min_length=1, max_length=255)
    """Name of this replica beside its questions in the ledger; a second one needs another name."""
    deadline_tier1_s: float = Field(15.0, gt=0, le=600)
    """An event of tier 1 has an answer within this, by the rules if need be; a caller may ask for less."""
    deadline_tier2_s: float = Field(15.0, gt=0, le=600)
    deadline_tier3_s: float = Field(30.0, gt=0, le=600)
    amend_tier1_s: float = Field(60.0, ge=0, le=3600)
    """Where the rules answered, the model may amend for so long; then its generation is ended."""
    amend_tier2_s: float = Field(120.0, ge=0, le=3600)
    amend_tier3_s: float = Field(0.0, ge=0, le=3600)
    at_once: int = Field(16, ge=1, le=1024)
    """Questions that are with the servers at once, all servers together; the others wait, the most urgent first."""
    most_waiting: int = Field(256, ge=1, le=10_000)
    """Questions that wait; beyond that the least urgent is answered by the rules."""
    connect_timeout_s: float = Field(2.0, gt=0, le=60)
    sampling: Literal["qwen", "warm", "greedy"] = "qwen"
    priorities: bool = False
    """Tell the server that tier 1 comes before tier 2; it needs `--scheduling-policy priority`, or it refuses."""
    thinking_token_budget: int = Field(1024, ge=0, le=100_000)
    """Tokens after which the server ends the thinking; 0: the server's own limit."""
    answer_tokens: int = Field(1024, ge=64, le=16_384)
    """Room for the verdict after the thinking."""

    pictures: int = Field(0, ge=0, le=8)
    """Pictures of an event that a model is shown; 0: none, as for every adapter whose card says that it sees text."""
    facility_name: str = Field("", max_length=LONGEST_NAME)
    facility_kind: str = Field("", max_length=LONGEST_NAME)
    """What kind of place it is, e.g. "nursing home"."""
    facility_notes: str = Field("", max_length=LONGEST_NOTE)
    """What a model should know of the place, e.g. "meals at 8, 12 and 18; visitors until 20"."""
    language: Language = Language.ENGLISH
    """Of the answers: en or de, in which they can be checked for words that must not be said."""
    residents: dict[str, Note] = Field(default_factory=dict)
    """What a model should know of a resident, by id, e.g. r-12 = "non-verbal, rocks when content"."""

    @property
    def facility(self) -> Facility:
        """Where the residents live."""
        return Facility(self.facility_name, self.facility_kind, self.facility_notes, self.language)

    @property
    def patience(self) -> Patience:
        """How long each tier waits."""
        return Patience(
            (self.deadline_tier1_s, self.deadline_tier2_s, self.deadline_tier3_s),
            (self.amend_tier1_s, self.amend_tier2_s, self.amend_tier3_s),
        )

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers one by one."""
        return tuple(url for url in self.server_url.split(",") if url)

    @field_validator("server_url")
    @classmethod
    def _http_addresses(cls, urls: str) -> str:
        found = [_an_http_address(url.strip()) for url in urls.split(",") if url.strip()]
        if len(set(found)) < len(found):
            raise ValueError("expected every server once")
        return ",".join(found)

    @field_validator("model", "adapter")
    @classmethod
    def _no_pretending(cls, name: str) -> str:
        if name.strip().lower() == RULES:
            raise ValueError(f"expected the name of a model: {RULES!r} is the name of the fallback reasoner")
        return name

    @model_validator(mode="after")
    def _no_open_door(self) -> "VlmSettings":
        if self.host not in LOOPBACK and not self.token:
            raise ValueError(f"host = {self.host!r} listens beyond this machine: set ATTUNE_VLM_TOKEN, which every "
                             "caller must then show, or bind to 127.0.0.1")  # fmt: skip
        return self


def _an_http_address(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"expected an address such as http://127.0.0.1:8000 ({error})") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("expected an address such as http://127.0.0.1:8000")
    return url.rstrip("/").removesuffix("/v1")
