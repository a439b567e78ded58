"""Reads a process's settings from a TOML file and the environment, and refuses what it does not know."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.sources.utils import parse_env_vars

from services.runtime.clock import zone
from services.runtime.links import LEAST_KEY

PREFIX = "ATTUNE_"
ROOM_PREFIXES = (
    "EDGE_", "THRESHOLD_", "VLM_", "ALERTS_", "CONSOLE_", "ASSET_", "TEST_", "BUILD_", "DEMO_", "ADAPTERS_", "VLLM_",
)  # fmt: skip
HEALTH_BOUNDARY = "ATTUNE_HEALTH_BOUNDARY"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingError(ValueError):
    """A setting that is unknown or wrong; the message names key, value and expectation."""


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except (OSError, ValueError, KeyError) as error:  # an unknown zone is a KeyError
        raise ValueError("expected a time zone such as Europe/Vienna") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""A setting that names a time zone of the IANA database."""


class RoomSettings(BaseSettings):
    """What every room can be told. A room subclasses it and sets `env_prefix`, e.g. `ATTUNE_EDGE_`.

    The environment wins over the file. `KEY_FILE=path` reads the value of `KEY` from a file (for secrets).
    """

    model_config = SettingsConfigDict(
        extra="forbid", populate_by_name=True, env_nested_delimiter="__", use_attribute_docstrings=True
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias="ATTUNE_LOG_LEVEL")
    """The least that is logged."""
    log_format: Literal["json", "console"] = Field("json", validation_alias="ATTUNE_LOG_FORMAT")
    """JSON lines for machines, or coloured lines for people."""
    exit_with_parent: bool = Field(False, validation_alias="ATTUNE_EXIT_WITH_PARENT")
    """End when the parent process is gone (used by the demonstration)."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(env_settings, EnvSettingsSource)
        env_settings.env_vars = parse_env_vars(_told())
        return env_settings, init_settings


class LedgerSettings(RoomSettings):
    """A room that reads or writes the ledger."""

    database_url: str = Field("sqlite:///var/attune.db", validation_alias="ATTUNE_DATABASE_URL")
    """sqlite:///path, or postgresql+psycopg://user:password@host/database."""
    redis_url: str = Field("", validation_alias="ATTUNE_REDIS_URL")
    """redis://host:port/number; empty: the queue lives in the ledger's database."""
    queue_prefix: str = Field("attune:queue:", min_length=1, validation_alias="ATTUNE_QUEUE_PREFIX")
    """Begins every name in Redis, so that several facilities can share one."""
    link_key: str = Field("", validation_alias="ATTUNE_LINK_KEY")
    """Signs the links in messages by which people say whether an alert was right: the same for alerts and console, 32
    random characters or more. Empty: messages carry none."""
    history_folder: Path = Field(Path("var/history"), validation_alias="ATTUNE_HISTORY_FOLDER")
    """Where score history lies as Parquet; threshold_service writes it, the console reads it."""

    @field_validator("link_key")
    @classmethod
    def _no_guessing(cls, key: str) -> str:
        if key and len(key) < LEAST_KEY:
            raise ValueError(f"expected {LEAST_KEY} random characters or more")
        return key


class HealthSettings(RoomSettings):
    """A room that answers /healthz, /readyz and /metrics; each room has its own `health_port`."""

    health_host: str = "127.0.0.1"
    """Where health and metrics are answered; beyond loopback only with health_boundary = container."""
    health_boundary: Literal["loopback", "container"] = Field("loopback", validation_alias=HEALTH_BOUNDARY)
    """`container`: the health port stays inside a container network and is published nowhere."""

    @model_validator(mode="after")
    def _no_open_metrics(self) -> "HealthSettings":
        if self.health_host not in LOOPBACK and self.health_boundary == "loopback":
            raise ValueError(
                f"health_host = {self.health_host!r} listens beyond this machine, and /metrics names cameras to "
                f"everybody who asks: bind to 127.0.0.1, or, where the port stays inside a container network, set "
                f"{HEALTH_BOUNDARY}=container"
            )
        return self


SettingsT = TypeVar("SettingsT", bound=RoomSettings)


def load(kind: type[SettingsT], file: Path | None = None) -> SettingsT:
    """The settings of one process, from `file` (TOML) and the environment.

    Raises:
        SettingError: an unknown key, a wrong value, or a file that cannot be read.
    """
    _refuse_unknown_variables(kind, _told())
    try:
        return kind(**_read_toml(file))
    except ValidationError as error:
        raise SettingError("\n".join(_explain(kind, problem) for problem in error.errors())) from error


def _told() -> dict[str, str]:
    """The environment, with each ATTUNE_X_FILE replaced by ATTUNE_X and what that file holds; ATTUNE_X itself wins."""
    told = dict(os.environ)
    for key, path in os.environ.items():
        plain = key.removesuffix("_FILE")
        if not key.startswith(PREFIX) or plain in (key, *os.environ):
            continue
        try:
            told[plain] = Path(path).read_text().strip()
        except OSError as error:
            raise SettingError(f"{key} = {path!r}: expected a readable file ({error.strerror})") from error
        del told[key]
    return told


def _read_toml(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise SettingError(f"settings file {str(file)!r}: {error.strerror}; expected a readable TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"settings file {str(file)!r}: {error}") from error


def environment_names(kind: type[RoomSettings]) -> dict[str, str]:
    """The environment variable of every field of `kind`, by field name."""
    prefix = kind.model_config.get("env_prefix", "")
    return {
        name: str(field.validation_alias) if field.validation_alias else f"{prefix}{name}".upper()
        for name, field in kind.model_fields.items()
    }


def _refuse_unknown_variables(kind: type[RoomSettings], environ: Mapping[str, str]) -> None:
    prefix = kind.model_config.get("env_prefix", "")
    known = set(environment_names(kind).values())
    for key, value in environ.items():
        if prefix and key.startswith(prefix) and key.split("__")[0] not in known:
            raise SettingError(f"{_given(key, value)}: unknown setting; expected one of {', '.join(sorted(known))}")
        shared = key.startswith(PREFIX) and not key.removeprefix(PREFIX).startswith(ROOM_PREFIXES)
        if shared and key not in _SHARED:
            raise SettingError(f"{_given(key, value)}: unknown setting; expected one of {', '.join(sorted(_SHARED))}, "
                               f"or a room's own, such as ATTUNE_EDGE_…")  # fmt: skip


_SHARED = {*environment_names(LedgerSettings).values(), HEALTH_BOUNDARY, "ATTUNE_CI"}


def _explain(kind: type[RoomSettings], problem: Any) -> str:
    message = f"{problem['msg'][0].lower()}{problem['msg'][1:]}"
    if not problem["loc"]:  # about several settings together: the message names them
        return message
    inner = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = ", ".join(sorted(kind.model_fields))
        return f"{_given(inner, problem['input'])}: unknown setting; expected one of {known}"
    name = str(problem["loc"][0])
    variable = environment_names(kind).get(name, name)
    return f"{inner} ({variable}) = {_shown(inner, problem['input'])}: {message}"


_SECRET = re.compile(r"secr|toke?n(?!s|_budget)|passw|pwd|key|credential|whsec_|://[^/\s]*:[^/\s]*@", re.IGNORECASE)
"""What marks a secret in a name (also a misspelt one) or in a value: a password in an address counts."""


def _given(key: str, value: Any) -> str:
    return f"{key} = {_shown(key, value)}"


def _shown(place: str, value: Any) -> str:
    """The refused value, unless it is or holds a secret: standard error ends up in logs."""
    text = repr(value)
    return "(hidden)" if _SECRET.search(place) or _SECRET.search(text) else text
