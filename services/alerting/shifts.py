"""The roster of shifts: who is on shift in a role, and who is reached where nobody is."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.alerting.chain_settings import NOBODY, ChainSettings, Hours, read_hours
from services.runtime.clock import zone
from services.runtime.settings import TimeZone
from services.vocabulary import UnixSeconds
from services.vocabulary.hours import minutes

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Channels = tuple[str, ...]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShiftSettings(_Said):
    """One shift: who has it, by which `channels` (names of receivers) they are reached, on which days it begins, and
    its hours, over midnight too."""

    person: str = Field(min_length=1, max_length=100)
    channels: Channels = Field(min_length=1)
    days: tuple[Day, ...] = Field(DAYS, min_length=1)
    hours: str

    @field_validator("hours")
    @classmethod
    def _a_span(cls, span: str) -> str:
        return read_hours((span,))[0]


class RoleSettings(_Said):
    """The shifts of a role. While nobody has one, `gap_role`, a human role, is reached by `gap_channels`."""

    gap_role: str
    gap_channels: Channels = Field(min_length=1)
    shifts: tuple[ShiftSettings, ...] = ()

    @field_validator("gap_role")
    @classmethod
    def _somebody(cls, role: str) -> str:
        if role.strip().lower() in NOBODY:
            raise ValueError("a gap in the roster may not fall to nobody: expected a human role such as 'shift lead'")
        return role.strip()


class _File(_Said):
    time_zone: TimeZone = ""
    roles: dict[str, RoleSettings] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnShift:
    """Who is reached in a role now. `gap`: nobody has the shift, and `role` is who it falls to."""

    role: str
    channels: Channels
    people: tuple[str, ...] = ()
    gap: bool = False


@dataclass(frozen=True, slots=True)
class ShiftRoster:
    """Roles with their shifts, in one time zone; every change of the clock there is a change of shift."""

    roles: Mapping[str, RoleSettings]
    zone: tzinfo

    def now(self, role: str, now: UnixSeconds) -> OnShift:
        """Who is reached in a role; never nobody.

        Raises:
            KeyError: there is no such role.
        """
        found = self.roles[role]
        local = datetime.fromtimestamp(now, self.zone)
        there = [shift for shift in found.shifts if _covers(shift, local)]
        if not there:
            return OnShift(found.gap_role, found.gap_channels, gap=True)
        channels = tuple(dict.fromkeys(channel for shift in there for channel in shift.channels))
        return OnShift(role, channels, tuple(dict.fromkeys(shift.person for shift in there)))

    def channels(self, role: str) -> Channels:
        """Every channel by which somebody is ever reached in a role."""
        return tuple(dict.fromkeys(channel for group in _groups(self.roles[role]) for channel in group))


EMPTY = ShiftRoster({}, zone("UTC"))


def read_shifts(
    file: Path | None, time_zone: str, chains: Sequence[ChainSettings], hours: Mapping[str, Hours]
) -> ShiftRoster:
    """The roster of a file, in `time_zone` where it names none, checked against the chains and the receivers, which
    answer in their `hours`.

    Raises:
        ValueError: it cannot be read, says what cannot be, or leaves a chain with nobody.
    """
    asked = {step.roster for chain in chains for step in chain.steps if step.roster}
    if file is None:
        raise ValueError(
            f"chains ask for {', '.join(sorted(asked))} on shift: expected a roster (ATTUNE_ALERTS_SHIFTS)"
        )
    where = f"roster {str(file)!r}"
    try:
        said = _File(**tomllib.loads(file.read_text()))
    except OSError as error:
        raise ValueError(f"{where}: {error.strerror}; expected a readable TOML file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{where}: {error}") from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ValueError(f"{where}: {'; '.join(wrong)}") from error
    if problem := _problem(said.roles, chains, hours):
        raise ValueError(f"{where}: {problem}")
    return ShiftRoster(said.roles, zone(said.time_zone or time_zone))


def _problem(roles: Mapping[str, RoleSettings], chains: Sequence[ChainSettings], hours: Mapping[str, Hours]) -> str:
    for name, role in roles.items():
        unknown = [channel for group in _groups(role) for channel in group if channel not in hours]
        if unknown:
            known = ", ".join(sorted(hours)) or "none is configured"
            return f"role {name!r}: no receiver is named {unknown[0]!r} (known: {known})"
    for chain in chains:
        for step in chain.steps:
            if step.roster and step.roster not in roles:
                known = ", ".join(sorted(roles)) or "none"
                return f"chain {chain.name!r} asks for {step.roster!r}, which there is not: expected one of {known}"
        last = chain.steps[-1].roster
        for group in _groups(roles[last]) if last else []:
            if all(hours[channel] for channel in group):
                return (
                    f"chain {chain.name!r} ends in {last!r}, reached by {', '.join(group)}, where nobody answers at "
                    "some hours: expected a channel without hours in each of its shifts and in gap_channels"
                )
    return ""


def _groups(role: RoleSettings) -> list[Channels]:
    return [*(shift.channels for shift in role.shifts), role.gap_channels]


def _covers(shift: ShiftSettings, local: datetime) -> bool:
    """A shift over midnight belongs to the day on which it begins."""
    first, last = minutes(shift.hours)
    minute = 60 * local.hour + local.minute
    today, yesterday = DAYS[local.weekday()], DAYS[(local - timedelta(days=1)).weekday()]
    if first < last:
        return first <= minute < last and today in shift.days
    return (minute >= first and today in shift.days) or (minute < last and yesterday in shift.days)
