"""Escalation chains as settings name them: people, and the channels that reach each."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.vocabulary.hours import minutes

NOBODY = frozenset({"", "nobody", "noone", "no one", "none", "n/a", "-"})
Hours = tuple[str, ...]


class StepSettings(BaseModel):
    """One person of a chain: a human `role`, and the `channels` (names of receivers) that reach them, the best first,
    or `roster`: whoever is on shift in that role of the roster, by their channels; `together`: all at once.
    `answer_s`: how long they have to take the alert. `failover_s`: how long a channel may stay undelivered before the
    next one is tried. 0: 120 s and 20 s for tier 1, 600 s and 60 s for tier 2."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str
    channels: tuple[str, ...] = ()
    roster: str = ""
    answer_s: float = Field(0.0, ge=0, le=7200)
    failover_s: float = Field(0.0, ge=0, le=600)
    together: bool = False

    @field_validator("role")
    @classmethod
    def _somebody(cls, role: str) -> str:
        if role.strip().lower() in NOBODY:
            raise ValueError("a chain may not end in nobody: expected a human role such as 'shift lead'")
        return role.strip()

    @field_validator("channels")
    @classmethod
    def _each_once(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(channels))

    @model_validator(mode="after")
    def _by_something(self) -> "StepSettings":
        if not self.channels and not self.roster:
            raise ValueError("a role that no channel reaches is nobody: name at least one receiver, or a roster's role")
        if self.channels and self.roster:
            raise ValueError(f"{self.role!r} has channels and roster = {self.roster!r}: expected one of them")
        return self


class ChainSettings(BaseModel):
    """Who is asked about alerts of `tiers`, one after the other, until somebody takes them. The last one is asked again
    every `repeat_s`, for `expire_s` at most; `until` = "over" ends the asking when what happened is over (as tier 2
    does unless told otherwise), "acknowledged" goes on (as tier 1 does)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    tiers: frozenset[Annotated[int, Field(ge=1, le=2)]] = Field(frozenset({1, 2}), min_length=1)
    steps: tuple[StepSettings, ...]
    repeat_s: float = Field(300.0, ge=10, le=7200)
    expire_s: float = Field(28_800.0, ge=60, le=604_800)
    until: Literal["acknowledged", "over"] | None = None

    @field_validator("steps")
    @classmethod
    def _somebody_at_the_end(cls, steps: tuple[StepSettings, ...]) -> tuple[StepSettings, ...]:
        if not steps:
            raise ValueError("a chain without steps ends in nobody: expected at least one person")
        return steps


def read_hours(spans: Hours) -> Hours:
    """The spans, checked."""
    for span in spans:
        minutes(span)
    return spans


def problem(chains: tuple[ChainSettings, ...], hours: dict[str, Hours]) -> str:
    """What is wrong with the chains among receivers that answer in `hours` (empty: always); empty: nothing."""
    taken: dict[int, str] = {}
    for chain in chains:
        for tier in sorted(chain.tiers):
            if tier in taken:
                return f"chains {taken[tier]!r} and {chain.name!r} both take tier {tier}: expected one chain per tier"
            taken[tier] = chain.name
        for step in chain.steps:
            unknown = [channel for channel in step.channels if channel not in hours]
            if unknown:
                known = ", ".join(sorted(hours)) or "none is configured"
                return f"chain {chain.name!r}, {step.role!r}: no receiver is named {unknown[0]!r} (known: {known})"
        last = chain.steps[-1]
        if last.channels and all(hours[channel] for channel in last.channels):
            return (
                f"chain {chain.name!r} would end in nobody outside {', '.join(hours[last.channels[-1]])}: the last "
                f"step ({last.role!r}) needs a channel without hours"
            )
    return ""
