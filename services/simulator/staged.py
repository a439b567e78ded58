"""A facility in which somebody says who lives there and what happens to them; all else is drawn as everywhere."""

from dataclasses import dataclass, replace

from services.simulator.benign import HABITS, Ordinariness, Ordinary
from services.simulator.episodes import Episode, Kind, Scene, script
from services.simulator.facility import Facility, Happening
from services.simulator.parameters import DAY_S, Excitement, Parameters
from services.simulator.person import Age, Expression, aged
from services.simulator.traits import Traits, expressing
from services.vocabulary import Event, Mode, Resident
from services.vocabulary.time import Seconds

What = Kind | Scene | Ordinary
_STAGED = 8
LEAST_SEEN = 0.75
"""Share of the time in view at least: what nobody sees teaches nothing (guess)."""
AFTER_S: Seconds = 90.0
"""An event this long after something ended is still of it (source: `attune evaluate` allows two minutes)."""
BEFORE_S: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class Act:
    """What happens `at_s` of the stay (its onset), and how strongly it shows: 1.0 is the usual height of its kind."""

    what: What
    at_s: Seconds
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody who lives there: `name` and `room` as the report has them, how they are watched, how their face shows
    what they feel, and what happens to them, in order. `tags` are for whoever staged it; `age` is told to nobody who
    judges or is asked: it is for figures by age."""

    name: str
    room: str
    mode: Mode
    expression: Expression
    acts: tuple[Act, ...]
    tags: tuple[str, ...] = ()
    age: Age = Age.ADULT


@dataclass(frozen=True, slots=True)
class Stage:
    """One facility: equal stages give equal values."""

    seed: int
    days: int
    roles: tuple[Role, ...]

    def facility(self) -> "StagedFacility":
        """Itself as a facility."""
        calm = Parameters(excitement=replace(Excitement(), per_day=0.0))
        return StagedFacility(self.seed, len(self.roles), self.days, calm, self.roles)


@dataclass(frozen=True, slots=True)
class StagedFacility(Facility):
    """`Facility` with `roles`: no episode happens that is not staged; ordinary life goes on."""

    roles: tuple[Role, ...] = ()

    def seats(self) -> tuple[Resident, ...]:
        """The residents as the engine knows them."""
        return tuple(
            Resident(role.name, role.room, mode=role.mode, consent="simulated" if role.mode is Mode.AFFECT else "")
            for role in self.roles
        )

    def traits(self, resident: int) -> Traits:
        """Who `resident` is."""
        drawn, role = Facility.traits(self, resident), self.roles[resident]
        person = aged(expressing(drawn.person, role.expression), role.age)
        return replace(drawn, mode=role.mode, person=replace(person, seen=max(person.seen, LEAST_SEEN)))

    def happenings(self, resident: int) -> tuple[Happening, ...]:
        """The staged episodes of `resident`."""
        rng = self.rng(_STAGED, resident)
        return tuple(
            Happening(script(act.what, act.at_s, rng), act.strength)
            for act in self.roles[resident].acts if not isinstance(act.what, Ordinary)
        )  # fmt: skip

    def ordinary(self, resident: int, day: int) -> tuple[Ordinariness, ...]:
        """What else happens to a resident on one day, staged or by itself."""
        mine = (act for act in self.roles[resident].acts if act.at_s // DAY_S == day)
        staged = (_ordinariness(act) for act in mine if isinstance(act.what, Ordinary))
        drawn = Facility.ordinary(self, resident, day)
        return tuple(sorted((*drawn, *staged), key=lambda one: one.start_s))


@dataclass(frozen=True, slots=True)
class Moment:
    """An event and what really went on as it opened: the staged `act` and the seconds since its onset (both None where
    there was none), and ordinary things. `role` and `seed` name the resident over all stages."""

    event: Event
    seed: int
    role: Role
    act: Act | None
    since_s: Seconds | None
    ordinary: tuple[Ordinary, ...]


def moment(facility: StagedFacility, event: Event, second: Seconds) -> Moment:
    """What went on when an event opened at `second` of the stay."""
    resident = [role.name for role in facility.roles].index(event.resident)
    role, day = facility.roles[resident], min(int(second // DAY_S), facility.days - 1)
    at = second - day * DAY_S
    going_on = [one for one in facility.ordinary(resident, day) if one.start_s - BEFORE_S <= at <= one.end_s + AFTER_S]
    episodes = iter(facility.happenings(resident))
    found: Act | None = None
    for act in role.acts:
        if isinstance(act.what, Ordinary):
            own = _ordinariness(act)
            there = act.at_s - BEFORE_S <= second <= act.at_s + (own.end_s - own.start_s) + AFTER_S
        else:
            there = _during(next(episodes).episode, second)
        found = act if there else found
    since = None if found is None else second - found.at_s
    return Moment(event, facility.seed, role, found, since, tuple(sorted({one.kind for one in going_on})))


def _during(episode: Episode, second: Seconds) -> bool:
    return episode.prodrome_s <= second <= episode.end_s + AFTER_S


def _ordinariness(act: Act) -> Ordinariness:
    assert isinstance(act.what, Ordinary)
    start = act.at_s % DAY_S
    return Ordinariness(act.what, start, min(start + HABITS[act.what].duration_s, DAY_S - 1.0), act.strength)
