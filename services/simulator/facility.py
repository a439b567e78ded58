"""A facility of residents over days, drawn from one named seed, one resident-day at a time."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.simulator.benign import Ordinariness, plan_day
from services.simulator.body import BODY, Bearing, draw_bearing, with_body
from services.simulator.episodes import SHAPES, Episode, Kind, script
from services.simulator.hawkes import hawkes
from services.simulator.observe import CHANNELS
from services.simulator.parameters import DAY_S, Parameters
from services.simulator.resident_day import ResidentDay, Script, live
from services.simulator.traits import Traits, draw_traits
from services.vocabulary import Mode, Resident

Floats = NDArray[np.float64]
_TRAITS, _EPISODES, _ORDINARY, _DAY, _SEAM, _BEARING, _BODY, _BODY_SEAM = range(8)


class Happening(NamedTuple):
    """One labelled episode of a resident's stay and how strongly it shows."""

    episode: Episode
    strength: float


@dataclass(frozen=True, slots=True)
class Facility:
    """`residents` over `days` days; equal seeds and parameters give equal values, whatever was asked before.

    >>> facility = Facility(seed=1, residents=2, days=1)
    >>> facility.day(0, 0).values.shape
    (86400, 32)
    """

    seed: int
    residents: int
    days: int
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def channels(self) -> tuple[str, ...]:
        """The schema of every resident; without consent the affect channels are absent."""
        return (*CHANNELS, *BODY)

    def seats(self) -> tuple[Resident, ...]:
        """The residents as the engine knows them."""
        return tuple(
            Resident(f"r{i:03d}", f"Room {i + 1}", mode=mode, consent="simulated" if mode is Mode.AFFECT else "")
            for i, mode in enumerate(self.traits(i).mode for i in range(self.residents))
        )

    def traits(self, resident: int) -> Traits:
        """Who `resident` is."""
        return _traits(self, resident)

    def bearing(self, resident: int) -> Bearing:
        """How `resident` carries themselves."""
        return draw_bearing(self.rng(_BEARING, resident))

    def happenings(self, resident: int) -> tuple[Happening, ...]:
        """The episodes of `resident`, in seconds of the stay, in order."""
        return _happenings(self, resident)

    def day(self, resident: int, day: int) -> ResidentDay:
        """One day of one resident.

        Raises:
            IndexError: there is no such resident or day.
        """
        traits, script = self.traits(resident), self.script(resident, day)
        lived = live(traits, self.parameters, script, self.rng(_DAY, resident, day))
        midnights = self.rng(_BODY_SEAM, resident, day), self.rng(_BODY_SEAM, resident, day + 1)
        return with_body(lived, traits, self.bearing(resident), script, self.rng(_BODY, resident, day), midnights)

    def script(self, resident: int, day: int) -> Script:
        """What happens to a resident on one day.

        Raises:
            IndexError: there is no such resident or day.
        """
        if not (0 <= resident < self.residents and 0 <= day < self.days):
            raise IndexError(f"resident {resident}, day {day}: the facility has {self.residents} and {self.days}")
        begin, end = day * DAY_S, (day + 1) * DAY_S
        today = tuple(
            happening for happening in self.happenings(resident)
            if happening.episode.end_s >= begin and happening.episode.prodrome_s < end
        )  # fmt: skip
        return Script(
            day, tuple((one.episode, one.strength) for one in today), self.ordinary(resident, day),
            self.rng(_SEAM, resident, day), self.rng(_SEAM, resident, day + 1),
        )  # fmt: skip

    def ordinary(self, resident: int, day: int) -> tuple[Ordinariness, ...]:
        """What else happens to a resident on one day."""
        traits = self.traits(resident)
        awake = (traits.asleep_until_s, traits.asleep_from_s)
        return plan_day(traits.rates, awake, self.parameters.benign, self.rng(_ORDINARY, resident, day))

    def rng(self, purpose: int, resident: int, day: int = 0) -> np.random.Generator:
        """The stream of one purpose, resident and day."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(purpose, resident, day)))


@lru_cache(maxsize=4096)
def _traits(facility: Facility, resident: int) -> Traits:
    return draw_traits(facility.parameters, facility.days, facility.rng(_TRAITS, resident))


@lru_cache(maxsize=4096)
def _happenings(facility: Facility, resident: int) -> tuple[Happening, ...]:
    """Times from the Hawkes process, kinds by the hour; a night's episode is a disturbance of sleep or a fall."""
    traits, parameters = facility.traits(resident), facility.parameters
    rng, excitement = facility.rng(_EPISODES, resident), parameters.excitement
    base = traits.episodes_per_day * (1.0 - excitement.branching) / DAY_S

    def rate(time: Floats) -> Floats:
        hour = time % DAY_S
        rhythm = 1.0 + excitement.afternoon * np.cos(2 * np.pi * (hour - 16 * 3600.0) / DAY_S)
        asleep = (hour < traits.asleep_until_s) | (hour >= traits.asleep_from_s)
        return np.asarray(base * np.where(asleep, excitement.at_night, rhythm))

    most = base * (1.0 + excitement.afternoon)
    times = hawkes(rate, most, excitement.branching, excitement.decay_s, float(facility.days * DAY_S), rng)
    happened: list[Happening] = []
    for onset in times.tolist():
        kind = _kind(parameters, traits, onset % DAY_S, rng)
        strength = traits.expressive * float(rng.lognormal(0.0, excitement.strength))
        episode = script(kind, onset, rng)
        before = happened[-1].episode.end_s + excitement.apart_s if happened else SHAPES[kind].prodrome_s
        if episode.prodrome_s >= before and episode.end_s < facility.days * DAY_S:
            happened.append(Happening(episode, strength))
    return tuple(happened)


def _kind(parameters: Parameters, traits: Traits, hour_s: float, rng: np.random.Generator) -> Kind:
    asleep = hour_s < traits.asleep_until_s or hour_s >= traits.asleep_from_s
    kinds = [kind for kind, _ in parameters.excitement.mix]
    shares = np.array([share for _, share in parameters.excitement.mix])
    nightly = np.array([kind in (Kind.SLEEP_DISTURBANCE, Kind.FALL) for kind in kinds])
    daily = np.array([kind is not Kind.SLEEP_DISTURBANCE for kind in kinds])
    shares = shares * (nightly if asleep else daily)
    return kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
