"""Judges the residents of one agent: composes statistics and judgement into one step per wave of samples."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Cue, Event, Policy, Resident
from threshold_service import decision, engine_state, refit
from threshold_service.engine_state import COUNTED, EngineState, Heard, Identity
from threshold_service.judgement import rules
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.statistics import calibration, composite, grid, level_path
from threshold_service.statistics.arrays import Bools, Floats, Ints, at_rows, everything, put, take
from threshold_service.statistics.meaning import affect, meaning
from threshold_service.usual_now import UsualNow
from threshold_service.wave import Setting, Shown, Wave

MOST_HEARD = 64
IMPOSSIBLE = 1e12
"""Values this large are taken as absent: no sense gives them."""


class WaveRefused(ValueError):
    """A wave whose arrays do not fit the engine."""


class Engine:
    """The residents of one agent, one state.

    Args:
        channels: schema of the agent's hello; `values` run along it.
        seats: the residents; `rows` index them.
        policy: budget, timing and weights.
        agent, epoch: name the spool; with a sample's sequence they make an event's id.
        time_zone: IANA name, for the time of day in the evidence.

    Raises:
        ValueError: a time zone that is not known, or a weight of a term that there is not.
    """

    def __init__(
        self, channels: tuple[str, ...], seats: tuple[Resident, ...], policy: Policy, agent: str, epoch: str,
        time_zone: str = "UTC",
    ) -> None:  # fmt: skip
        identity = Identity(
            tuple(map(str, channels)), tuple(seats), agent, epoch, known_zone(time_zone), policy.version
        )
        self._setting = _setting(identity, policy)
        self._state = engine_state.fresh(len(seats), self._setting.meaning)
        self._apart = False

    @property
    def channels(self) -> tuple[str, ...]:
        """The schema."""
        return self._setting.identity.channels

    @property
    def seats(self) -> tuple[Resident, ...]:
        """The residents."""
        return self._setting.identity.seats

    @property
    def apart(self) -> bool:
        """Whether it goes on otherwise than it was dumped: it may then tell otherwise of samples it is given again."""
        return self._apart

    @property
    def counts(self) -> dict[str, int]:
        """Samples so far by what became of them."""
        return dict(zip(COUNTED, self._state.counts.sum(axis=0).tolist(), strict=True))

    def continue_in(self, epoch: str, time_zone: str | None = None) -> None:
        """The agent said hello: events from now on are numbered in its spool's `epoch`, and tell its local time.

        Raises:
            ValueError: a time zone that is not known.
        """
        identity = self._setting.identity
        zone = identity.time_zone if time_zone is None else known_zone(time_zone)
        self._apart |= (epoch, zone) != (identity.epoch, identity.time_zone)
        self._setting = replace(self._setting, identity=replace(identity, epoch=epoch, time_zone=zone))

    def reseat(self, seats: tuple[Resident, ...]) -> int:
        """From now on these are the residents: who was watched in the same mode before stays known, the others are
        learned; how many stayed known."""
        self._state, known = engine_state.reseated(self._setting.identity, self._state, seats)
        self._setting = _setting(replace(self._setting.identity, seats=tuple(seats)), self._setting.policy)
        self._apart = True
        return known

    def adopt(self, event: Event) -> None:
        """Go on with the open event of this id as it is told here; nothing happens where none is open."""
        mine = ["" if one is None else one.id for one in self._state.events]
        if event.id in mine:
            self._state.events[mine.index(event.id)] = event

    def dump(self) -> bytes:
        """The whole state as bytes; engines that judged the same samples give the same bytes."""
        return engine_state.dump(self._setting.identity, self._state)

    @classmethod
    def load(cls, blob: bytes, policy: Policy) -> "Engine":
        """The engine that was dumped, from now on under `policy`.

        Raises:
            StateUnreadable: the bytes hold no state of this version.
        """
        identity, state = engine_state.load(blob)
        engine = cls.__new__(cls)
        engine._setting = _setting(replace(identity, policy_version=policy.version), policy)
        engine._state = state
        engine._apart = identity.policy_version != policy.version
        if identity.policy_version != policy.version:
            refit.adopt_policy(state, engine._setting)
        return engine

    def usual(self) -> UsualNow:
        """What is usual and how things stand after the last wave."""
        return UsualNow(self._state, self._setting.policy)

    def step(
        self, rows: NDArray[np.intp], times: Floats, values: Floats, quality: Floats, persons: NDArray[np.int32],
        cues: Sequence[tuple[int, Cue]], sequences: NDArray[np.uint64],
    ) -> tuple[Event, ...]:  # fmt: skip
        """Judge one wave: k samples of k different residents; the events that are new or changed.

        `rows` (k,) index the residents, `times` (k,) are Unix seconds, `values` (k, channels) with NaN for absence,
        `persons` (k,) in view, -1 where nobody could count, `cues` are (place in the wave, cue). Samples that are out
        of order, or whose time is no number, are counted and not judged. `quality` is not judged yet.

        Raises:
            WaveRefused: arrays of the wrong shape, or a resident twice in one wave.
        """
        rows = np.asarray(rows, np.int64)
        at = None if everything(rows, len(self.seats)) else rows
        self._check(rows, at, times, values)
        state = self._state
        kept, placed = grid.place(take(state.grid, at), times, self._setting.policy.timing.restart_gap_s)
        state.grid = put(state.grid, at, kept)
        state.counts[rows] += np.array(placed[2:]).T
        wave = Wave(rows, at, times, values, persons, cues, sequences, placed)
        judged = placed.judged | placed.crowded
        if np.count_nonzero(judged) != len(rows):
            wave = _chosen(wave, judged)
        return self._judge(wave) if len(wave.rows) else ()

    def _check(self, rows: Ints, at: Ints | None, times: Floats, values: Floats) -> None:
        if values.shape != (len(rows), len(self.channels)) or times.shape != rows.shape:
            raise WaveRefused(
                f"a wave of {len(rows)} samples has values of shape {values.shape} and times of shape {times.shape}: "
                f"expected ({len(rows)}, {len(self.channels)}) and ({len(rows)},)"
            )
        if at is None or not len(rows):
            return
        if int(rows.min()) < 0 or int(rows.max()) >= len(self.seats):
            raise WaveRefused(f"rows {int(rows.min())} to {int(rows.max())}: expected 0 to {len(self.seats) - 1}")
        if len(set(rows.tolist())) < len(rows):
            raise WaveRefused("a resident is twice in one wave: expected distinct rows")

    def _judge(self, wave: Wave) -> tuple[Event, ...]:
        state, person = self._state, take(self._state.person, wave.at)
        present, learn = self._counting(wave, person.learns_after)
        second = self._step_level(wave, present, learn)
        cue, bits = self._hear(wave)
        raw = _raw(second)
        shown = self._show(wave, present, second, raw, cue)
        seen = present.any(axis=1)
        running = take(state.running, wave.at)
        running = calibration.observe(running, shown.statistics, raw, second.far, seen & ~wave.placed.crowded)
        state.running = put(state.running, wave.at, running)
        missed = np.where(wave.placed.crowded, 0, 1 + wave.placed.gap)
        state.person = put(state.person, wave.at, engine_state.Person(
            bits, cue, np.where(seen, 0, person.unseen + missed), person.learns_after.copy(), wave.times.copy(),
            shown.composite.score / at_rows(state.history.thresholds, wave.at)[:, 0],
        ))  # fmt: skip
        _remember(state, wave, present)
        events = decision.decide(state, self._setting, wave, shown)
        full = wave.rows[running.filled >= calibration.BLOCK_S]
        if len(full):
            refit.close_blocks(state, self._setting, full)
        return events

    def _counting(self, wave: Wave, learns_after: Floats) -> tuple[Bools, Floats]:
        """Which values count, (k, c), and 1.0 where the usual may learn, (k,)."""
        of = self._setting.meaning
        present = (np.abs(wave.values) < IMPOSSIBLE) & at_rows(of.allowed, wave.at)
        learn = wave.times > learns_after
        several = wave.persons > 1
        if np.count_nonzero(several):
            present &= ~(several[:, None] & of.shared)
            learn &= ~several
        return present, learn.astype(np.float64)

    def _step_level(self, wave: Wave, present: Bools, learn: Floats) -> level_path.Second:
        state, placed = self._state, wave.placed
        part = take(state.level, wave.at)
        if np.count_nonzero(placed.crowded):
            part = put(part, np.flatnonzero(placed.crowded), take(state.before, wave.rows[placed.crowded]))
        if np.count_nonzero(placed.gap):
            apart = np.flatnonzero(placed.gap)
            part = put(part, apart, level_path.advance(take(part, apart), placed.gap[apart]))
        if np.count_nonzero(placed.restarts):
            anew = np.flatnonzero(placed.restarts)
            part = put(part, anew, level_path.restart(take(part, anew)))
            state.window.cells[wave.rows[anew]] = engine_state.LONG_AGO
        moods = at_rows(self._setting.affect, wave.at)
        after, second = level_path.step(
            part, take(state.fitted, wave.at), wave.values, present, learn, moods, placed.cell, self._setting.meaning
        )
        state.before = put(state.before, wave.at, part)
        state.level = put(state.level, wave.at, after)
        return second

    def _hear(self, wave: Wave) -> tuple[Floats, Ints]:
        """How loud the last alarm cue still counts and the last three samples' cues as bits, both (k,)."""
        policy, placed = self._setting.policy, wave.placed
        person = take(self._state.person, wave.at)
        loudest = np.zeros(len(wave.rows))
        for place, cue in wave.cues:
            self._note(int(wave.rows[place]), float(wave.times[place]), cue)
            if cue.name.value in policy.alarm_cues and cue.probability >= policy.cue_threshold:
                loudest[place] = max(loudest[place], cue.probability)
        alarm = loudest > 0.0
        bits = rules.cue_bits(person.cue_bits, alarm, placed.gap)
        bits = np.where(placed.crowded, person.cue_bits | alarm, bits)
        return composite.step_cue(person.cue, loudest), np.where(placed.restarts, alarm, bits)

    def _note(self, row: int, time: float, cue: Cue) -> None:
        recent = [heard for heard in self._state.heard[row] if heard.time > time - WINDOW_S]
        heard = Heard(time + cue.offset_s, cue.name.value, cue.probability)
        self._state.heard[row] = tuple([*recent, heard][-MOST_HEARD:])

    def _show(self, wave: Wave, present: Bools, second: level_path.Second, raw: Floats, cue: Floats) -> Shown:
        history = self._state.history
        scale, far_scale = at_rows(history.scale, wave.at), at_rows(history.far_scale, wave.at)
        made = composite.composite(raw, scale, cue, self._setting.weights, decision.AUDIO)
        statistics = np.empty((len(wave.rows), len(calibration.STATISTICS)))
        statistics[:, 0], statistics[:, 1] = made.score, (second.far / far_scale).max(axis=1)
        statistics[:, 2], statistics[:, 3], statistics[:, 4] = second.sustained, second.volatility, second.drift
        return Shown(present, second, made, statistics)


def _setting(identity: Identity, policy: Policy) -> Setting:
    given = dict(policy.weights)
    if unknown := sorted(set(given) - set(calibration.TERMS)):
        raise ValueError(f"policy weights name {', '.join(unknown)}: expected some of {', '.join(calibration.TERMS)}")
    weights = np.array([given.get(term, 0.0) for term in calibration.TERMS])
    of = meaning(identity.channels, identity.seats)
    return Setting(identity, policy, of, affect(identity.seats), rules.rates(policy.budget, policy.envelope), weights)


def _raw(second: level_path.Second) -> Floats:
    """The terms of the composite before they are scaled, in the order of `calibration.TERMS`, (k, 5)."""
    raw = np.empty((len(second.volatility), len(calibration.TERMS)))
    raw[:, 0], raw[:, 1], raw[:, 2] = second.groups[:, 0], second.volatility, second.transition
    raw[:, 3:] = second.groups[:, 1:]
    return raw


def _remember(state: EngineState, wave: Wave, present: Bools) -> None:
    where = wave.placed.cell % WINDOW_S
    state.window.values[wave.rows, where] = np.where(present, wave.values, np.nan)
    state.window.cells[wave.rows, where] = wave.placed.cell


def _chosen(wave: Wave, judged: Bools) -> Wave:
    """The samples of a wave that are judged."""
    chosen = np.flatnonzero(judged)
    place = {int(row): i for i, row in enumerate(chosen)}
    rows = wave.rows[chosen]
    cues = tuple((place[row], cue) for row, cue in wave.cues if row in place)
    return Wave(
        rows, rows, wave.times[chosen], wave.values[chosen], wave.persons[chosen], cues, wave.sequences[chosen],
        take(wave.placed, chosen),
    )  # fmt: skip


def known_zone(name: str) -> str:
    """The name of a time zone that this machine knows.

    Raises:
        ValueError: it is not known.
    """
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # an unknown zone is a KeyError, a folder of zones an OSError
        raise ValueError(f"time zone {name!r} is not known: expected an IANA name such as Europe/Berlin") from error
    return name
