"""Draws who lives and what happens to them: every family of a layer comes to everybody of that layer in turn."""

from collections.abc import Sequence

import numpy as np

from services.simulator.benign import Ordinary
from services.simulator.parameters import DAY_S, HOUR_S
from services.simulator.person import Age, Expression
from services.simulator.staged import Act, Role, Stage
from services.vocabulary import Mode
from training.corpus.example import Layer
from training.synthesis.families import ATYPICAL, Family, Hours, families
from training.synthesis.settings import AT_ONCE, SynthesisSettings

ORDINARY_SHARE = 0.35
"""Of what is staged (guess): the false-positive family."""
AFFECT_SHARE = 0.5
"""Of people who are watched with consent."""
SPREAD = 0.35
"""Standard deviation of the logarithm of how strongly something shows (as the simulator has it)."""
LIVELY = 1.6
"""How strongly staged ordinary life shows on average: what is faint alarms nobody (guess)."""
AGES = {
    Layer.HEALTHCARE: (0.05, 0.25, 0.7), Layer.BEHAVIOURAL: (0.15, 0.6, 0.25), Layer.SPECIAL_NEEDS: (0.4, 0.5, 0.1),
}  # fmt: skip
"""Shares of children, adults and older people among those of a layer (guess)."""
_LAYERS = (Layer.HEALTHCARE, Layer.BEHAVIOURAL, Layer.SPECIAL_NEEDS)
_ROOMS = ("Room {}", "Room {}", "Room {}, bed 2", "day room", "dining room", "corridor", "therapy room", "quiet room")
_MORNING_S, _EVENING_S = 7.5 * HOUR_S, 21.0 * HOUR_S
_NIGHT_S = (1.0 * HOUR_S, 5.0 * HOUR_S)


def plan(settings: SynthesisSettings) -> tuple[Stage, ...]:
    """The stages: equal settings, equal stages; more people are more stages and change nothing of the others."""
    stages = []
    for first in range(0, settings.people, AT_ONCE):
        roles = tuple(_role(person, settings) for person in range(first, first + AT_ONCE))
        stages.append(Stage(_seed(settings.seed, first), settings.days, roles))
    return tuple(stages)


def _seed(seed: int, first: int) -> int:
    return int(np.random.SeedSequence((seed, first)).generate_state(1)[0])


def _role(person: int, settings: SynthesisSettings) -> Role:
    rng = np.random.default_rng(np.random.SeedSequence((settings.seed, 1, person)))
    layer, turn = _LAYERS[person % len(_LAYERS)], person // len(_LAYERS)
    own = {name: one for name, one in families().items() if one.layer is layer and name != ATYPICAL}
    atypical = layer is Layer.SPECIAL_NEEDS and turn % 2 == 1
    if atypical:
        own = {ATYPICAL: families()[ATYPICAL]}
    names = list(own)
    names = names[turn % len(names) :] + names[: turn % len(names)]
    mode = own[names[0]].mode or (Mode.AFFECT if rng.uniform() < AFFECT_SHARE else Mode.OBSERVABLES)
    wanted = own[names[0]].expressions
    expression = wanted[int(rng.integers(len(wanted)))]
    fitting = [own[name] for name in names if expression in own[name].expressions]
    room = _ROOMS[int(rng.integers(len(_ROOMS)))].format(int(rng.integers(1, 60)))
    acts = tuple(act for day in range(1, settings.days) for act in _day(day, fitting, settings.acts_per_day, rng))
    tags = (layer.value, ATYPICAL) if atypical else (layer.value,)
    age = tuple(Age)[int(rng.choice(len(Age), p=AGES[layer]))]  # last, so that it moves nothing drawn before
    return Role(f"r{person:04d}", room, mode, Expression(expression), acts, tags, age)


def _day(day: int, own: Sequence[Family], count: int, rng: np.random.Generator) -> list[Act]:
    """What happens on one day: a slot of the waking hours for each, with room before and behind, and the nights'."""
    ordinary = [one for one in families().values() if one.ordinary and one.acts]
    night = [one for one in own if one.hours is not Hours.DAY]
    daily = [one for one in own if one.hours is not Hours.NIGHT]
    acts: list[Act] = []
    if night:
        acts += _acts(night[int(rng.integers(len(night)))], day * DAY_S + float(rng.uniform(*_NIGHT_S)), rng)
    slot = (_EVENING_S - _MORNING_S) / count
    for k in range(count):
        pool = ordinary if not daily or rng.uniform() < ORDINARY_SHARE else daily
        at = day * DAY_S + _MORNING_S + slot * (k + float(rng.uniform(0.35, 0.65)))
        acts += _acts(pool[int(rng.integers(len(pool)))], at, rng)
    return acts


def _acts(family: Family, at_s: float, rng: np.random.Generator) -> list[Act]:
    what = family.acts[int(rng.integers(len(family.acts)))]
    strength = float(rng.lognormal(np.log(LIVELY) if isinstance(what, Ordinary) else 0.0, SPREAD))
    beside = [Act(family.beside, at_s - 120.0)] if family.beside else []
    return [*beside, Act(what, at_s, strength)]
