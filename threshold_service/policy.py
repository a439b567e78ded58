"""Reads a deployment's policy file, and refuses one with a typo in it."""

import tomllib
from dataclasses import fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from services.runtime.settings import SettingError
from services.vocabulary import Budget, Policy, Timing


def read_policy(file: Path | None) -> Policy:
    """The shipped policy, or the one of a TOML file with any of its keys.

    Raises:
        SettingError: no such file, an unknown key, or a wrong value.
    """
    if file is None:
        return Policy()
    try:
        raw = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"policy file {str(file)!r}: {error}") from error
    _refuse_unknown(raw, Policy, str(file))
    for name, part in (("budget", Budget), ("timing", Timing)):
        _refuse_unknown(raw.get(name, {}), part, f"{file}: [{name}]")
    if isinstance(raw.get("weights"), dict):
        raw["weights"] = list(raw["weights"].items())
    try:
        return TypeAdapter(Policy).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingError(f"policy file {str(file)!r}: {key} = {first['input']!r}: {first['msg']}") from error


def _refuse_unknown(raw: object, kind: type, where: str) -> None:
    known = [field.name for field in fields(kind)]
    for key in raw if isinstance(raw, dict) else ():
        if key not in known:
            raise SettingError(f"{where}: unknown key {key!r}; expected one of {', '.join(known)}")
