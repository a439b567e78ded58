"""Reads a room's command line, whose --help lists everything that the room can be told."""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.runtime.settings import RoomSettings, environment_names

WIDTH = 100


def config_file(prog: str, kind: type[RoomSettings], arguments: Sequence[str] | None = None) -> Path | None:
    """What `--config` names; `--help` prints every setting of `kind` and ends the process."""
    parser = argparse.ArgumentParser(
        prog=prog, epilog=describe(kind), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, help="TOML file with the settings below; environment variables win")
    chosen: Path | None = parser.parse_args(arguments).config
    return chosen


def describe(kind: type[RoomSettings]) -> str:
    """Every setting of `kind`: key of the file, environment variable, default and meaning."""
    variables = environment_names(kind)
    lines = ["settings (key of the file, environment variable = default):"]
    for name in sorted(kind.model_fields):
        field = kind.model_fields[name]
        lines.append(f"  {name}, {variables[name]} = {_default(field)}")
        lines.extend(_wrapped(field.description, "      "))
        for inner in _models(field.annotation):
            lines.extend(_entry(inner))
    lines.append("KEY_FILE=path in the environment reads the value of KEY from a file: for secrets.")
    return "\n".join(lines)


def _entry(model: type[BaseModel]) -> Iterator[str]:
    yield from _wrapped(model.__doc__, "      ")
    yield "      each with:"
    for name, field in model.model_fields.items():
        given = "required" if field.is_required() else f"= {_default(field)}"
        yield f"        {name} {given}"
        yield from _wrapped(field.description, "          ")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The settings inside a list or tuple of tables, such as cameras."""
    for inner in get_args(annotation):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield inner


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Enum):
        value = value.value
    if value is None or not str(value) or value in ([], (), {}):
        return "(none)"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(text: str | None, indent: str) -> list[str]:
    return textwrap.wrap(" ".join((text or "").split()), WIDTH, initial_indent=indent, subsequent_indent=indent)
