"""Everything an engine remembers: arrays per resident, open events, and how it becomes bytes and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.runtime import codec
from services.vocabulary import Event, Resident, UnixSeconds
from threshold_service.judgement.rules import RULES
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.judgement.watch import Watch
from threshold_service.statistics import calibration, fitted, grid, level_path, prior, profile, state_bytes
from threshold_service.statistics.arrays import Floats, Ints, put, take
from threshold_service.statistics.meaning import Meaning, meaning
from threshold_service.statistics.state_bytes import StateUnreadable

LONG_AGO = -(10**9)
COUNTED = ("judged", "crowded", "late", "unreadable", "restarts")


class Person(NamedTuple):
    """One value per resident: the last three samples' cues as bits, how loud the last cue still counts, seconds without
    any value, when learning may go on, the time and composite of the last judged second (1.0: the tier-1 threshold)."""

    cue_bits: Ints
    cue: Floats
    unseen: Ints
    learns_after: Floats
    seen_at: Floats
    score: Floats


class Window(NamedTuple):
    """The raw values of the last seconds, (residents, WINDOW_S, channels), and the cell of each place."""

    values: NDArray[np.float32]
    cells: Ints


class Heard(NamedTuple):
    """One cue of a resident, at Unix seconds."""

    time: UnixSeconds
    name: str
    probability: float


@dataclass(slots=True)
class EngineState:
    """The whole state of the residents of one agent. `before` is the level path before the second judged last, so that
    a second sample in the same second can replace the first."""

    grid: grid.Grid
    level: level_path.LevelPath
    before: level_path.LevelPath
    fitted: fitted.Fitted
    running: calibration.Running
    history: calibration.History
    profile: profile.Profile
    person: Person
    window: Window
    counts: Ints
    """(residents, COUNTED)"""
    watches: list[Watch]
    events: list[Event | None]
    heard: list[tuple[Heard, ...]]
    prior: prior.Prior
    """What the facility teaches of a new resident; the only part that belongs to nobody in particular."""


_NESTED = ("grid", "level", "before", "fitted", "running", "history", "profile", "person", "window")
_ARRAYS = (*_NESTED, "counts", "prior")


def fresh(residents: int, of: Meaning) -> EngineState:
    """Nothing seen."""
    channels = len(of.floor)
    level = level_path.fresh(residents, of)
    running, history = calibration.fresh(residents, channels, len(RULES))
    zero = np.zeros(residents)
    person = Person(
        np.zeros(residents, np.int64), zero, np.zeros(residents, np.int64), zero, np.full(residents, np.nan), zero
    )
    window = Window(
        np.full((residents, WINDOW_S, channels), np.nan, np.float32), np.full((residents, WINDOW_S), LONG_AGO, np.int64)
    )
    return EngineState(
        grid.fresh(residents), level, level, fitted.fresh((residents, channels)), running, history,
        profile.fresh(residents, channels), person, window,
        np.zeros((residents, len(COUNTED)), np.int64), [Watch()] * residents, [None] * residents, [()] * residents,
        prior.shipped(len(RULES), channels),
    )  # fmt: skip


def level_of(state: EngineState, rows: Ints) -> level_path.LevelPath:
    """How the statistics of residents `rows` (k,) stand now: a copy, each array (k, ...)."""
    return take(state.level, rows)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state it is: an agent's residents and schema, its spool's epoch, and the policy it was stepped with."""

    channels: tuple[str, ...]
    seats: tuple[Resident, ...]
    agent: str
    epoch: str
    time_zone: str
    policy_version: str


def reseated(identity: Identity, state: EngineState, seats: Sequence[Resident]) -> tuple[EngineState, int]:
    """The state of `seats`: what was known of each who was watched in the same mode, fresh for the others; how many
    were known."""
    before = {(seat.id, seat.mode): row for row, seat in enumerate(identity.seats)}
    known = [(row, before[seat.id, seat.mode]) for row, seat in enumerate(seats) if (seat.id, seat.mode) in before]
    after = fresh(len(seats), meaning(identity.channels, seats))
    to, of = np.array(known, np.int64).reshape(-1, 2).T
    for name in _NESTED:
        setattr(after, name, put(getattr(after, name), to, take(getattr(state, name), of)))
    after.counts[to] = state.counts[of]
    after.prior = state.prior
    for row, old in known:
        after.watches[row], after.events[row] = state.watches[old], state.events[old]
        after.heard[row] = state.heard[old]
    return after, len(known)


def dump(identity: Identity, state: EngineState) -> bytes:
    """The state as bytes; equal states give equal bytes."""
    facts: dict[str, Any] = {
        "identity": codec.to_json(identity),
        "watches": [codec.to_json(watch) for watch in state.watches],
        "events": [None if event is None else codec.to_json(event) for event in state.events],
        "heard": [[list(cue) for cue in cues] for cues in state.heard],
    }
    return state_bytes.pack(facts, {name: getattr(state, name) for name in _ARRAYS})


def load(blob: bytes) -> tuple[Identity, EngineState]:
    """What `dump` wrote.

    Raises:
        StateUnreadable: the bytes hold no state of this version.
    """
    facts, arrays = state_bytes.unpack(blob)
    try:
        return _filled(facts, arrays)
    except (codec.CodecError, KeyError, TypeError) as error:
        raise StateUnreadable(
            f"engine state holds a fact that does not fit ({error}): it is another version's"
        ) from error


def _filled(facts: dict[str, Any], arrays: dict[str, Any]) -> tuple[Identity, EngineState]:
    identity = codec.from_json(Identity, facts["identity"])
    state = fresh(len(identity.seats), meaning(identity.channels, identity.seats))
    for name in _ARRAYS:
        setattr(state, name, state_bytes.filled(getattr(state, name), arrays, name))
    state.watches = [codec.from_json(Watch, watch) for watch in facts["watches"]]
    state.events = [None if event is None else codec.from_json(Event, event) for event in facts["events"]]
    state.heard = [tuple(Heard(*cue) for cue in cues) for cues in facts["heard"]]
    return identity, state
