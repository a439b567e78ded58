"""Reads the file of flags that vLLM is started with, as far as Attune depends on them."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class FlagsError(ValueError):
    """The file cannot be read as flags of vLLM; the text names file, flag and what is expected."""


def _as_flag(name: str) -> str:
    return name.replace("_", "-")


class VllmFlags(BaseModel):
    """Flags with vLLM's own defaults (version 0.32); those that Attune does not care about are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=_as_flag, populate_by_name=True)

    model: str = Field(min_length=1)
    """Name of the base model, or the folder that holds it."""
    served_model_name: str | None = None
    dtype: str = "auto"
    quantization: str | None = None
    kv_cache_dtype: str = "auto"
    max_model_len: int | None = Field(None, gt=0)
    """Tokens of one request, answer included; None: as many as the model can."""
    max_num_seqs: int | None = Field(None, gt=0)
    """Requests that are computed at once."""
    gpu_memory_utilization: float = Field(0.92, gt=0, le=1)
    tensor_parallel_size: int = Field(1, gt=0)
    """Cards that share one copy of the model."""
    data_parallel_size: int = Field(1, gt=0)
    enable_lora: bool = False
    max_lora_rank: int = Field(16, gt=0)
    max_loras: int = Field(1, gt=0)
    """Adapters in the card's memory at once."""
    enable_tower_connector_lora: bool = False
    """Whether layers of an adapter in the vision tower and its mergers act; without it they are passed over."""
    reasoning_parser: str = ""
    scheduling_policy: str = "fcfs"
    max_num_queued_reqs: int | None = Field(None, ge=0)
    """Requests running and waiting beyond which the server answers 503; None: no bound."""
    limit_mm_per_prompt: dict[str, int] = Field(default_factory=dict)
    allowed_media_domains: list[str] | None = None
    """Hosts from which pictures may be fetched; None: all, the loopback of the server included."""
    structured_outputs_config: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "VllmFlags":
        """The flags in a file for `vllm serve --config FILE`.

        Raises:
            FlagsError: no such file, no YAML, or a flag with an impossible value.
        """
        import yaml  # in the extras vlm and dev; only who looks at vLLM reads its flags

        try:
            content = yaml.safe_load(file.read_text())
        except OSError as error:
            raise FlagsError(f"{file}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise FlagsError(f"{file}: no YAML ({str(error).splitlines()[0]})") from error
        if not isinstance(content, dict):
            raise FlagsError(f"{file}: expected one 'flag: value' per line, such as 'max-lora-rank: 32'")
        try:
            return cls.model_validate({str(key).replace("_", "-"): _parsed(value) for key, value in content.items()})
        except ValidationError as error:
            first = error.errors()[0]
            raise FlagsError(f"{file}: {first['loc'][0]}: {first['msg']}, found {first['input']!r}") from error


def _parsed(value: object) -> object:
    """A value that is JSON in a string, as on a command line, is that JSON."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
