"""Who lives in the simulated facility: what stays the same about one resident over all days."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.simulator.benign import HABITS, Ordinary
from services.simulator.observe import OBSERVABLES
from services.simulator.parameters import DAY_S, Parameters
from services.simulator.person import SHARES, Expression, Person, draw_person
from services.vocabulary import Mode

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moved:
    """From `from_s` on (seconds of the stay) scores lie `spreads` (observables,) elsewhere: a camera was moved, a room
    lit otherwise."""

    from_s: float
    spreads: Floats


@dataclass(frozen=True, slots=True)
class Illness:
    """Days on which somebody is not well; both in seconds of the stay."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Traits:
    """One resident. `location` and `spread` (observables,) are their own, and so is the rate `episodes_per_day`;
    `expressive` says how strongly an episode shows, `rates` how often a day each ordinary thing happens."""

    person: Person
    mode: Mode
    location: Floats
    spread: Floats
    expressive: float
    episodes_per_day: float
    rates: Mapping[Ordinary, float]
    asleep_from_s: float
    asleep_until_s: float
    seen_at_night: float
    moved: tuple[Moved, ...]
    ill: tuple[Illness, ...]


def draw_traits(parameters: Parameters, days: int, rng: np.random.Generator) -> Traits:
    """A resident who stays `days` days, drawn at random."""
    person = _expressing(draw_person(rng), parameters.atypical, rng)
    table = np.array([(shape.location, shape.spread) for shape in OBSERVABLES.values()])
    spread = table[:, 1] * rng.lognormal(0.0, 0.2, len(table))
    excitement, sight = parameters.excitement, parameters.sight
    own = rng.lognormal(-0.5 * excitement.between_persons**2, excitement.between_persons)
    rates = {
        kind: habit.per_day * float(rng.lognormal(0.0, habit.between_persons)) * float(rng.uniform() < habit.share)
        for kind, habit in HABITS.items()
    }
    bedtime, waking = rng.normal(0.0, parameters.bedtime_s, 2).tolist()
    sees = rng.uniform() < sight.night_sight
    return Traits(
        person=person,
        mode=Mode.AFFECT if rng.uniform() < parameters.affect else Mode.OBSERVABLES,
        location=table[:, 0] + spread * rng.uniform(-0.6, 0.6, len(table)),
        spread=spread,
        expressive=float(rng.lognormal(0.0, 0.2)),
        episodes_per_day=float(excitement.per_day * own),
        rates=rates,
        asleep_from_s=float(np.clip(parameters.asleep_from_s + bedtime, 0.0, DAY_S - 600.0)),
        asleep_until_s=float(np.clip(parameters.asleep_until_s + waking, 600.0, DAY_S / 2)),
        seen_at_night=0.9 if sees else float(rng.uniform(*sight.at_night)),
        moved=_moves(parameters, days, rng),
        ill=_illnesses(parameters, days, rng),
    )


def _expressing(person: Person, atypical: float, rng: np.random.Generator) -> Person:
    """The same person with an expression drawn anew, so that a facility may have as many atypical ones as it wants."""
    shares = np.array(SHARES[1:]) / sum(SHARES[1:])
    kinds = tuple(Expression)
    unusual = kinds[1 + int(rng.choice(len(shares), p=shares))]
    return expressing(person, unusual if rng.uniform() < atypical else Expression.TYPICAL)


def expressing(person: Person, expression: Expression) -> Person:
    """The same person whose face shows so what they feel."""
    shown = 0.15 if expression is Expression.FLAT else max(person.shown, 0.7)
    if expression is Expression.LABILE:
        return replace(person, expression=expression, shown=1.3, variability=2.0 * person.variability, fast_s=8.0)
    return replace(person, expression=expression, shown=shown)


def _moves(parameters: Parameters, days: int, rng: np.random.Generator) -> tuple[Moved, ...]:
    slow, visual = parameters.slow, np.array([shape.needs_view for shape in OBSERVABLES.values()])
    times = np.sort(rng.uniform(0.0, days * DAY_S, rng.poisson(slow.moved_per_day * days)))
    if parameters.camera_moved_on >= 0:
        times = np.append(times, parameters.camera_moved_on * DAY_S + 11 * 3600.0)
    steps = rng.choice((-1.0, 1.0), (len(times), len(visual))) * slow.moved_spreads * visual
    return tuple(Moved(time, step) for time, step in zip(times.tolist(), steps, strict=True))


def _illnesses(parameters: Parameters, days: int, rng: np.random.Generator) -> tuple[Illness, ...]:
    slow = parameters.slow
    starts = rng.uniform(0.0, days * DAY_S, rng.poisson(slow.illness_per_day * days))
    lengths = rng.exponential(slow.illness_days * DAY_S, len(starts))
    return tuple(Illness(start, start + length) for start, length in zip(starts, lengths, strict=True))
