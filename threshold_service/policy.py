"""Reads a deployment's policy file, and refuses one with a typo in it."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.runtime.settings import SettingError
from services.vocabulary import Budget, CueName, Literal, Policy, Timing
from services.vocabulary.hours import minutes
from services.vocabulary.policy import OWN_TIMING
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.statistics.calibration import TERMS

_OF_A_RESIDENT = ("budget", "timing", "cue_threshold", "alarm_cues", "sleeping", "private")


def read_policy(file: Path | None) -> Policy:
    """The shipped policy, or the one of a TOML file with any of its keys.

    Raises:
        SettingError: no such file, an unknown key, or a wrong value.
    """
    if file is None:
        return Policy()
    try:
        return parsed(file.read_text(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"policy file {str(file)!r}: {error}") from error


def parsed(text: str, where: str) -> Policy:
    """The policy that `text` says; `where` it stands, for messages.

    Raises:
        SettingError: no TOML, an unknown key, or a wrong value.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"policy file {where!r}: {error}") from error
    _refuse_unknown(raw, _names(Policy), where)
    for name, part in (("budget", Budget), ("timing", Timing), ("literal", Literal)):
        _refuse_unknown(raw.get(name, {}), _names(part), f"{where}: [{name}]")
    if isinstance(raw.get("weights"), dict):
        _refuse_unknown(raw["weights"], TERMS, f"{where}: [weights]")
        raw["weights"] = list(raw["weights"].items())
    if "residents" in raw:
        raw["residents"] = _own(raw, where)
    policy: Policy = _validated(Policy, raw, where)
    for one in (policy, *(policy.of(own.resident) for own in policy.residents)):
        _refuse_impossible(one, where)
    return policy


def _own(raw: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The residents' own parts, each whole: what they do not say is the deployment's."""
    residents = raw["residents"]
    if not isinstance(residents, dict) or not all(isinstance(own, dict) for own in residents.values()):
        raise SettingError(f"{where}: residents = {residents!r}: expected tables such as [residents.room-12.budget]")
    whole: Policy = _validated(Policy, {key: value for key, value in raw.items() if key != "residents"}, where)
    made = []
    for resident, own in residents.items():
        here = f"{where}: [residents.{resident}]"
        _refuse_unknown(own, _OF_A_RESIDENT, here)
        _refuse_unknown(own.get("budget", {}), _names(Budget), f"{here}: budget")
        _refuse_unknown(own.get("timing", {}), OWN_TIMING, f"{here}: timing")
        made.append({
            "resident": resident,
            "budget": asdict(whole.budget) | own.get("budget", {}),
            "timing": asdict(whole.timing) | own.get("timing", {}),
            "cue_threshold": own.get("cue_threshold", whole.cue_threshold),
            "alarm_cues": own.get("alarm_cues", whole.alarm_cues),
            "sleeping": own.get("sleeping", whole.sleeping),
            "private": own.get("private", whole.private),
        })  # fmt: skip
    return made


def _refuse_impossible(policy: Policy, where: str) -> None:
    numbers = {
        **{f"budget.{name}": value for name, value in asdict(policy.budget).items()},
        **{f"literal.{name}": value for name, value in asdict(policy.literal).items()},
        "envelope": policy.envelope,
    }
    for name, value in numbers.items():
        if not (math.isfinite(value) and value > 0.0):
            raise SettingError(f"policy file {where!r}: {name} = {value!r}: expected a number above 0")
    spans = [(f"timing.{name}", value) for name, value in asdict(policy.timing).items()]
    for name, value in (*spans, *((f"weights.{term}", weight) for term, weight in policy.weights)):
        if not (math.isfinite(value) and value >= 0.0):
            raise SettingError(f"policy file {where!r}: {name} = {value!r}: expected a number of at least 0")
    for name, value in (("cue_threshold", policy.cue_threshold), ("quality_floor", policy.quality_floor)):
        if not 0.0 <= value <= 1.0:
            raise SettingError(f"policy file {where!r}: {name} = {value!r}: expected a number from 0 to 1")
    if policy.timing.sustained_s > WINDOW_S:
        raise SettingError(f"policy file {where!r}: timing.sustained_s = {policy.timing.sustained_s!r}: expected at "
                           f"most {WINDOW_S}, the seconds that are remembered")  # fmt: skip
    if policy.timing.tier2_wait_s > 60.0:
        raise SettingError(f"policy file {where!r}: timing.tier2_wait_s = {policy.timing.tier2_wait_s!r}: expected at "
                           "most 60: an urgent alert waits no longer for its second opinion")  # fmt: skip
    for name, hours in (("sleeping", policy.sleeping), ("private", policy.private)):
        for span in hours:
            try:
                minutes(span)
            except ValueError as error:
                raise SettingError(f"policy file {where!r}: {name} names {error}") from error
    for cue in policy.alarm_cues:
        if cue not in set(CueName):
            raise SettingError(f"policy file {where!r}: alarm_cues names {cue!r}: expected some of "
                               f"{', '.join(CueName)}")  # fmt: skip
    if len({own.resident for own in policy.residents}) < len(policy.residents):
        raise SettingError(f"policy file {where!r}: a resident is there twice: expected each once")


def _validated(kind: type, raw: Mapping[str, Any], where: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingError(f"policy file {where!r}: {key} = {first['input']!r}: {first['msg']}") from error


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _refuse_unknown(raw: object, known: tuple[str, ...], where: str) -> None:
    for key in raw if isinstance(raw, dict) else ():
        if key not in known:
            raise SettingError(f"{where}: unknown key {key!r}; expected one of {', '.join(known)}")
