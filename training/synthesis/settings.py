"""What `attune train synthesize` reads: how many lives, how many examples, who teaches, and what that may cost."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from training.corpus.errors import RecipeInvalid
from training.corpus.recipe import Recipe
from training.corpus.settings_file import read_settings
from training.synthesis.errors import SettingsInvalid
from vlm_service.dialogue import Facility, Language

AT_ONCE = 6
"""People on one stage; stages are played apart, each in one process."""


class Protocol(StrEnum):
    """How a teacher is spoken to. `RULES` is the house's own fallback reasoner: no server, no price."""

    RULES = "rules"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class ServerSettings(BaseModel):
    """A model that is asked. Prices are per million tokens, in the currency of `budget`; `key_variable` names the
    environment variable with the key, which is never written down."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"[a-z0-9][a-z0-9._-]*", max_length=40)
    protocol: Protocol
    model: str = ""
    url: str = ""
    key_variable: str = ""
    price_in: float = Field(default=0.0, ge=0.0)
    price_out: float = Field(default=0.0, ge=0.0)
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    max_tokens: int = Field(default=4096, ge=64)
    thinking_tokens: int = Field(default=0, ge=0)
    """Of `anthropic`: the budget of its own thinking; 0 asks it to think in the answer."""
    expected_tokens: int = Field(default=900, ge=1)
    """Of an answer, for the estimate (source: guess)."""
    at_once: int = Field(default=4, ge=1, le=256)
    timeout_s: float = Field(default=300.0, gt=0.0)
    tries: int = Field(default=5, ge=1)
    """How often a question is sent that gets no answer: time-outs, 429, 5xx."""
    wait_s: float = Field(default=2.0, ge=0.0)
    """Before it is sent again; doubled each time, unless the server says how long."""
    attempts: int = Field(default=2, ge=1)
    """How many answers are asked for where the one before cannot be used."""

    @model_validator(mode="after")
    def _room_to_answer(self) -> Self:
        if self.thinking_tokens and self.thinking_tokens >= self.max_tokens:
            raise ValueError(f"{self.name!r}: thinking_tokens {self.thinking_tokens} leave nothing of max_tokens "
                             f"{self.max_tokens} for an answer")  # fmt: skip
        return self

    @property
    def key(self) -> str:
        """The key; empty where none is needed.

        Raises:
            SettingsInvalid: the variable is named and not set.
        """
        key = os.environ.get(self.key_variable, "") if self.key_variable else ""
        if self.key_variable and not key:
            raise SettingsInvalid(f"{self.name!r}: the environment variable {self.key_variable} is not set")
        return key


class TeacherSettings(ServerSettings):
    """One teacher: a model on a server, or the rules."""

    terms: str = ""
    """Under which its answers may be learned from; stands in the corpus beside every example."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.protocol is not Protocol.RULES and not (self.model and self.url and self.terms):
            raise ValueError(f"teacher {self.name!r}: model, url and terms are needed; terms says under which its "
                             "answers may be learned from")  # fmt: skip
        return self


class FacilitySettings(BaseModel):
    """A facility as staff would describe it to the model; questions take turns between them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = ""
    kind: str = ""
    notes: str = ""


class Filters(BaseModel):
    """What an answer must keep to. Sources: guesses, to be set from what people decide in review."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    least_grounded: float = Field(default=0.6, ge=0.0, le=1.0)
    """Share of the claims that the measurements bear out."""
    most_contradicted: int = Field(default=0, ge=0)
    shortest_thinking: int = Field(default=120, ge=1)
    """Characters."""
    most_share: float = Field(default=0.6, gt=0.0, le=1.0)
    """Of a part's examples, for one family or one tier: what is beyond it is neither asked about nor learned from."""
    most_mode: float = Field(default=0.8, gt=0.0, le=1.0)
    """The same for one mode of watching, of which there are two."""

    def share_of(self, axis: str) -> float:
        """The largest share for one family, tier or mode."""
        return self.most_mode if axis == "mode" else self.most_share


class SynthesisSettings(BaseModel):
    """`people` live `days` days, of which the first teaches the engine what is usual for them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    seed: int = Field(default=0, ge=0)
    people: int = Field(ge=AT_ONCE, multiple_of=AT_ONCE)
    days: int = Field(default=3, ge=2)
    acts_per_day: int = Field(default=6, ge=1, le=12)
    recipe: str = "default"
    scale: float = Field(default=1.0, gt=0.0)
    """Of the recipe's counts."""
    spare: float = Field(default=1.3, ge=1.0)
    """So many questions for one wanted example, because filters refuse some (guess)."""
    tiers: tuple[Literal[1, 2, 3], ...] = (1, 2, 3)
    """Of the events that are asked about. The live service asks about 1 and 2; 3 teaches to leave people alone."""
    languages: dict[Language, float] = Field(default_factory=lambda: {Language.ENGLISH: 1.0})
    facility: tuple[FacilitySettings, ...] = ()
    teacher: tuple[TeacherSettings, ...] = Field(min_length=1, max_length=2)
    second_share: float = Field(default=0.1, ge=0.0, le=1.0)
    """Of the questions, answered by the second teacher too."""
    budget: float = Field(default=0.0, ge=0.0)
    ask_above: float = Field(default=0.0, ge=0.0)
    filters: Filters = Filters()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.languages or not sum(self.languages.values()) > 0.0 or min(self.languages.values()) < 0.0:
            raise ValueError("languages: expected shares of 0 or more, at least one above 0")
        spoken = {language for language, share in self.languages.items() if share}
        if any(one.protocol is Protocol.RULES for one in self.teacher) and spoken != {Language.ENGLISH}:
            raise ValueError("languages: the rules write English alone; name another teacher, or en = 1.0")
        if len({one.name for one in self.teacher}) < len(self.teacher):
            raise ValueError("teacher: two of one name")
        if self.paid and not self.budget:
            raise ValueError("budget: a teacher has a price, so say what may be spent at most")
        return self

    @property
    def paid(self) -> bool:
        """Whether anything costs money."""
        return any(one.price_in or one.price_out for one in self.teacher)

    @property
    def places(self) -> tuple[FacilitySettings, ...]:
        """The facilities; one of which nothing is known where none is named."""
        return self.facility or (FacilitySettings(),)

    def context(self, place: int, language: Language) -> Facility:
        """What a system message ends with."""
        one = self.places[place % len(self.places)]
        return Facility(one.name, one.kind, one.notes, language)

    @classmethod
    def read(cls, file: Path) -> Self:
        """From a TOML file.

        Raises:
            SettingsInvalid: it cannot be read, or says something that nobody understands.
            RecipeInvalid: it names a recipe that is none.
        """
        settings = read_settings(cls, file, "a TOML file of settings", SettingsInvalid)
        try:
            Recipe.read(settings.recipe)
        except RecipeInvalid as error:
            raise SettingsInvalid(f"{file}: {error}") from error
        return settings
