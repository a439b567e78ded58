"""A simulated resident: traits that stay, and the latent valence and arousal that move with the day."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.simulator.processes import autoregressive

Floats = NDArray[np.float64]
DAY_S = 86_400.0


class Expression(StrEnum):
    """How what is felt shows in the face (Zeghari 2021: atypical expression is common; the shares are guesses)."""

    TYPICAL = "typical"
    FLAT = "flat"
    NEGATIVE_AT_REST = "negative_at_rest"
    INVERTED = "inverted"
    LABILE = "labile"


class Age(StrEnum):
    """Below 18, below 65, and above."""

    CHILD = "child"
    ADULT = "adult"
    OLDER = "older"


OLDER_SHOWN, OLDER_NOISE = 0.85, 1.3
"""By how much less the face of somebody older shows, and by how much more a classifier errs there. That it does: Ma et
al. 2019 (ElderReact), where models of other ages do worse on older faces; how much is a guess. Of children nothing is
changed: what classifiers make of them was not measured here."""
SHARES = (0.6, 0.17, 0.11, 0.07, 0.05)


@dataclass(frozen=True, slots=True)
class Person:
    """Traits. Levels and variabilities are in units of the latent scale -1..1; times in seconds.

    Inertia and variability are separate traits of a person (Kuppens; Koval 2016); the time constants are guesses. The
    daily rhythm peaks in the afternoon (Martin 2000: around 14:40; Cohen-Mansfield 2007: around 16:00).
    """

    valence: float
    arousal: float
    variability: float
    fast_s: float
    slow_s: float
    daily: float
    peak_of_day_s: float
    expression: Expression
    shown: float
    """How strongly the face shows what is felt, 0..1."""
    seen: float
    """Share of the time in view."""
    noise: float
    """Spread of the classifiers' own noise, in logits."""


def draw_person(rng: np.random.Generator) -> Person:
    """A resident, drawn at random."""
    kinds = tuple(Expression)
    expression = kinds[int(rng.choice(len(kinds), p=SHARES))]
    return Person(
        valence=float(np.clip(rng.normal(0.05, 0.2), -0.5, 0.5)),
        arousal=float(np.clip(rng.normal(-0.1, 0.15), -0.5, 0.4)),
        variability=float(rng.lognormal(np.log(0.12), 0.3)),
        fast_s=float(rng.lognormal(np.log(20.0), 0.4)),
        slow_s=float(rng.lognormal(np.log(1200.0), 0.5)),
        daily=float(rng.uniform(0.03, 0.15)),
        peak_of_day_s=float(rng.normal(15.3, 1.5) * 3600.0 % DAY_S),
        expression=expression,
        shown=0.15 if expression is Expression.FLAT else float(rng.uniform(0.7, 1.0)),
        seen=float(rng.uniform(0.3, 0.9)),
        noise=float(rng.uniform(0.15, 0.4)),
    )


def aged(person: Person, age: Age) -> Person:
    """The same person at an age."""
    if age is not Age.OLDER:
        return person
    return replace(person, shown=OLDER_SHOWN * person.shown, noise=OLDER_NOISE * person.noise)


def latent(person: Person, n: int, rng: np.random.Generator, start_s: float = 0.0) -> Floats:
    """n seconds of valence and arousal, (n, 2), beginning at `start_s` of the day: mean, daily rhythm, and a fast and a
    slow Ornstein-Uhlenbeck process."""
    moving = autoregressive(n, np.exp(-1.0 / np.array([person.fast_s, person.slow_s] * 2)), rng)
    second = start_s + np.arange(n)
    day = person.daily * np.cos(2 * np.pi * (second - person.peak_of_day_s) / DAY_S)
    valence = person.valence + person.variability * (0.6 * moving[:, 0] + 0.8 * moving[:, 1]) - 0.3 * day
    arousal = person.arousal + person.variability * (0.6 * moving[:, 2] + 0.8 * moving[:, 3]) + day
    return np.stack([valence, arousal], axis=1)
