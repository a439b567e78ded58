"""Families of scenarios: which layer they teach, what is staged for them, and what is true of them."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from services.simulator.benign import Ordinary
from services.simulator.person import Expression
from services.simulator.staged import Moment, What
from services.vocabulary import Mode
from training.corpus.example import ClinicalState, Layer

QUIET, ATYPICAL = "nothing_special", "atypical_expression"


class Hours(StrEnum):
    """When it may happen."""

    DAY = "day"
    NIGHT = "night"
    ANY = "any"


class Family(BaseModel):
    """One table of `families.toml`. `layer` is None for ordinary life: that belongs to whoever lives it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    layer: Layer | None = None
    ordinary: bool = False
    acts: tuple[What, ...]
    beside: Ordinary | None = None
    """What ordinary thing goes on meanwhile."""
    expressions: tuple[Expression, ...] = (Expression.TYPICAL,)
    mode: Mode | None = None
    hours: Hours = Hours.DAY
    state: ClinicalState | None = None
    tags: tuple[str, ...]
    source: str


@cache
def families() -> dict[str, Family]:
    """All families by name."""
    text = files("training.synthesis").joinpath("families.toml").read_text(encoding="utf-8")
    return {name: Family.model_validate(table) for name, table in tomllib.loads(text).items()}


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a moment because it was staged. `population` says whose it is: how their face shows what they
    feel; this and `age` are for figures per slice."""

    family: str
    label: str
    layer: Layer
    ordinary: bool
    state: ClinicalState | None
    tags: tuple[str, ...]
    population: str
    age: str


def truth_of(moment: Moment) -> Truth:
    """The family of a moment: of what was staged, else of the ordinary thing that went on."""
    name = _family(moment)
    family = families()[name]
    layer = family.layer or Layer(moment.role.tags[0])
    typical = moment.role.expression is Expression.TYPICAL
    return Truth(
        family=name,
        label=family.label,
        layer=layer,
        ordinary=family.ordinary,
        state=family.state if layer is Layer.HEALTHCARE else None,
        tags=family.tags,
        population="typical" if typical else f"atypical_{moment.role.expression.value}",
        age=moment.role.age.value,
    )


def _family(moment: Moment) -> str:
    if moment.act is None:
        return next((_of(kind, ordinary=True) for kind in moment.ordinary), QUIET)
    if ATYPICAL in moment.role.tags and moment.act.what in families()[ATYPICAL].acts:
        return ATYPICAL
    return _of(moment.act.what, isinstance(moment.act.what, Ordinary))


def _of(what: What, ordinary: bool) -> str:
    return next(
        name for name, family in families().items()
        if what in family.acts and family.ordinary is ordinary and name != ATYPICAL
    )  # fmt: skip
