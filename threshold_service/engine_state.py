"""Everything an engine remembers: arrays per resident, open events, and how it becomes bytes and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.runtime import codec
from services.vocabulary import Derived, Event, Resident, Seconds, UnixSeconds
from threshold_service.judgement.rules import COLUMNS, RULES
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.judgement.watch import Watch
from threshold_service.statistics import (
    calibration,
    episode_odds,
    fitted,
    grid,
    level_path,
    moved,
    noise,
    packed,
    prior,
    profile,
    state_bytes,
)
from threshold_service.statistics.arrays import Bools, Floats, Ints, apart, flat, put, take
from threshold_service.statistics.meaning import Meaning, meaning
from threshold_service.statistics.people import LONG_AGO, Block, Person, Window
from threshold_service.statistics.state_bytes import StateUnreadable

COUNTED = ("judged", "crowded", "late", "unreadable", "restarts")


class Heard(NamedTuple):
    """One cue of a resident, at Unix seconds."""

    time: UnixSeconds
    name: str
    probability: float
    loudness_dbfs: float | None = None
    duration_s: Seconds | None = None
    uncertainty: float | None = None
    conflict: float | None = None


class Unread:
    """Stands in for arrays that wait to be unpacked: whoever needs them calls `kept_state.complete` before, and who
    forgets that finds no attribute here, not an empty memory."""


UNREAD: Any = Unread()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Packed `LATE` parts by row, and the arrays that take them."""

    parts: dict[int, memoryview]
    late: dict[str, Any]
    of_history: dict[str, Any]


@dataclass(slots=True)
class EngineState:
    """The whole state of n residents of one agent. A second reads one half of `level`, whose arrays are (2, n, ...),
    and writes the other, so that a second sample in the same second can replace the first; `half` (n,) says which.
    `sustained` (n, seconds) are the distances of the last seconds, `tier` (n,) that of the open event or 0."""

    grid: grid.Grid
    half: Ints
    level: level_path.LevelPath
    block: Block
    """Most of a second's arrays in few pieces, where they are packed, see `looked.pack`."""
    sustained: Floats
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
    tier: NDArray[np.int8]
    prior: prior.Prior
    """What the facility teaches of a new resident; the only part that belongs to nobody in particular."""
    drift: moved.Moved
    noise: noise.Noise
    odds: episode_odds.EpisodeOdds
    stirred: Bools
    """(n,) Whose `SLOW` part changed since it was last handed out to be kept, see `kept_state`."""
    revisions: Ints
    """(n,) How often that was, 0: never, it is as `fresh` made it."""
    waiting: "Waiting | None" = None
    """What of the `LATE` parts is not unpacked yet; until `kept_state.complete` they are `Unread`."""


NESTED = ("grid", "fitted", "running", "history", "profile", "person", "window", "drift", "noise", "odds")
ARRAYS = (*NESTED, "counts", "prior", "sustained")
SLOW = ("fitted", "history", "profile", "drift", "noise")
"""Of these, what changes only at a resident's block end and when everybody's thresholds are set anew: nine tenths of
the bytes. Whoever changes one of them marks the resident in `stirred`."""
LATE, LATE_OF_HISTORY = ("profile", "drift", "noise"), ("ring", "peaks")
"""Of the slow ones, what no second reads before somebody's block ends: most of the bytes."""
_HALVES = ("level", "before")
"""In bytes the halves are called by what they are."""


def fresh(residents: int, of: Meaning) -> EngineState:
    """Nothing seen."""
    channels = len(of.floor)
    level = apart(level_path.twice(level_path.fresh(residents, of)), 1)
    running, history = calibration.fresh(residents, channels, len(RULES))
    scale, far_scale, thresholds = apart((history.scale, history.far_scale, history.thresholds), 0)
    history = history._replace(scale=scale, far_scale=far_scale, thresholds=thresholds)
    person = Person(
        np.zeros(residents, np.int64), np.zeros(residents), np.zeros(residents, np.int64), np.zeros(residents),
        np.full(residents, np.nan), np.zeros(residents),
    )  # fmt: skip
    window = Window(
        np.full((residents, WINDOW_S, channels), np.nan, np.float32),
        np.full((residents, WINDOW_S), LONG_AGO, np.int64), np.zeros((residents, WINDOW_S), bool),
    )  # fmt: skip
    return EngineState(
        grid.fresh(residents), np.zeros(residents, np.int64), level, packed.NOTHING,
        np.zeros((level_path.SUSTAINED_CELLS, residents)).T, _fitted(residents, channels), apart(running, 0), history,
        profile.fresh(residents, channels), person, window,
        np.zeros((residents, len(COUNTED)), np.int64), [Watch()] * residents, [None] * residents, [()] * residents,
        np.zeros(residents, np.int8), prior.shipped(COLUMNS.tolist(), channels),
        moved.fresh(residents, channels), noise.fresh(residents, channels),
        apart(episode_odds.fresh(residents, channels), 0), np.zeros(residents, bool),
        np.zeros(residents, np.int64),
    )  # fmt: skip


def _fitted(residents: int, channels: int) -> fitted.Fitted:
    plain = fitted.fresh((residents, channels))
    return apart(plain, 0)._replace(scores=plain.scores)  # a table is looked up, in one piece


def level_of(state: EngineState, rows: Ints) -> level_path.LevelPath:
    """How the statistics of residents `rows` (k,) stand now: a copy, each array (k, ...)."""
    return level_path.half(state.level, state.half[rows], rows)


def tiers(state: EngineState, rows: Ints) -> None:
    """Write down the tiers of residents' open events after their watches changed."""
    for row in rows.tolist():
        tier = state.watches[row].tier
        state.tier[row] = 0 if tier is None else tier.value


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state it is: an agent's residents and schema, its spool's epoch, and the policy it was stepped with."""

    channels: tuple[str, ...]
    seats: tuple[Resident, ...]
    agent: str
    epoch: str
    time_zone: str
    policy_version: str
    period_s: int = 1
    """Seconds that one sample of the agent stands for."""
    derived: tuple[Derived, ...] = ()
    """Channels that the agent calculates from others."""


def reseated(identity: Identity, state: EngineState, seats: Sequence[Resident]) -> tuple[EngineState, int]:
    """The state of `seats`: what was known of each who was watched before, fresh for the others; how many were
    known. Of whose mode changed, see `regrown.forgotten`."""
    before = {seat.id: row for row, seat in enumerate(identity.seats)}
    known = [(row, before[seat.id]) for row, seat in enumerate(seats) if seat.id in before]
    return _moved(identity, state, seats, known), len(known)


def without(identity: Identity, state: EngineState, rows: Sequence[int]) -> EngineState:
    """The state in which residents `rows` are fresh and all others as they were."""
    kept = sorted(set(range(len(identity.seats))) - set(rows))
    return _moved(identity, state, identity.seats, [(row, row) for row in kept])


def _moved(
    identity: Identity, state: EngineState, seats: Sequence[Resident], known: Sequence[tuple[int, int]]
) -> EngineState:
    after = fresh(len(seats), meaning(identity.channels, seats))
    to, of = np.array(known, np.int64).reshape(-1, 2).T
    for name in NESTED:
        setattr(after, name, put(getattr(after, name), to, take(getattr(state, name), of)))
    after.counts[to], after.sustained[to] = state.counts[of], state.sustained[of]
    after.half[to], after.tier[to] = state.half[of], state.tier[of]
    for new, old_half in zip(flat(after.level), flat(state.level), strict=True):
        new[:, to] = old_half[:, of]
    after.prior = state.prior
    for row, old in known:
        after.watches[row], after.events[row] = state.watches[old], state.events[old]
        after.heard[row] = state.heard[old]
    after.revisions[to], after.stirred[:] = state.revisions[of], True
    return after


def dump(identity: Identity, state: EngineState) -> bytes:
    """The whole state as bytes; equal states give equal bytes, however they were kept in between."""
    return state_bytes.pack(facts(identity, state), {name: getattr(state, name) for name in ARRAYS} | halves(state))


def facts(identity: Identity, state: EngineState) -> dict[str, Any]:
    """What is no array, as plain JSON values."""
    told = {watch: codec.to_json(watch) for watch in set(state.watches)}
    return {
        "identity": codec.to_json(identity),
        "watches": [told[watch] for watch in state.watches],
        "events": [None if event is None else codec.to_json(event) for event in state.events],
        "heard": [[list(cue) for cue in cues] for cues in state.heard],
    }


def halves(state: EngineState) -> dict[str, level_path.LevelPath]:
    """How the statistics stand now and stood before, by the names they have in bytes."""
    rows = np.arange(len(state.half))
    return dict(zip(_HALVES, (level_of(state, rows), level_path.half(state.level, 1 - state.half, rows)), strict=True))


def load(blob: bytes) -> tuple[Identity, EngineState]:
    """What `dump` wrote.

    Raises:
        StateUnreadable: the bytes hold no state of this version.
    """
    identity, state = filled(*state_bytes.unpack(blob), ARRAYS)
    state.stirred[:] = True
    return identity, state


def filled(said: dict[str, Any], arrays: dict[str, Any], names: Sequence[str]) -> tuple[Identity, EngineState]:
    """A state with these facts, the arrays of `names` and both halves, and fresh in everything else.

    Raises:
        StateUnreadable: a fact or an array is missing or does not fit.
    """
    try:
        return _filled(said, arrays, names)
    except (codec.CodecError, KeyError, TypeError) as error:
        raise StateUnreadable(
            f"engine state holds a fact that does not fit ({error}): it is another version's"
        ) from error


def _filled(said: dict[str, Any], arrays: dict[str, Any], names: Sequence[str]) -> tuple[Identity, EngineState]:
    identity = codec.from_json(Identity, said["identity"])
    state = fresh(len(identity.seats), meaning(identity.channels, identity.seats))
    for name in names:
        setattr(state, name, state_bytes.filled(getattr(state, name), arrays, name))
    like = level_of(state, np.arange(len(state.half)))
    for which, name in enumerate(_HALVES):
        for both, one in zip(flat(state.level), flat(state_bytes.filled(like, arrays, name)), strict=True):
            both[which] = one
    told = {text: codec.from_json(Watch, text) for text in set(said["watches"])}  # most are alike
    state.watches = [told[text] for text in said["watches"]]
    state.events = [None if event is None else codec.from_json(Event, event) for event in said["events"]]
    tiers(state, np.arange(len(state.half)))
    state.heard = [tuple(Heard(*cue) for cue in cues) for cues in said["heard"]]
    return identity, state
