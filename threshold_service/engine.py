"""Judges the residents of one agent: composes statistics and judgement into one step per wave of samples."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.runtime.batch import Batch
from services.vocabulary import Approval, Cue, Derived, Event, Policy, Resident
from threshold_service import engine_state, kept_state, looked, paths, refit, regrown
from threshold_service.engine_state import COUNTED, EngineState, Identity
from threshold_service.judgement import rules
from threshold_service.kept_state import Kept
from threshold_service.learned import taught
from threshold_service.senses import doubted, in_company, private, sensed, witnesses
from threshold_service.statistics import calibration, thresholds
from threshold_service.statistics.arrays import Floats, Ints, in_lanes
from threshold_service.statistics.facility import Lesson
from threshold_service.statistics.meaning import affect, meaning
from threshold_service.statistics.people import Fixed, Samples
from threshold_service.usual_now import UsualNow
from threshold_service.wave import Judged, Run, Setting
from threshold_service.zones import known_zone


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
        path: what judges, see `paths`.

    Raises:
        PathMissing: numba is asked for and not installed.
        ValueError: a time zone that is not known, or a weight of a term that there is not.
    """

    def __init__(
        self, channels: tuple[str, ...], seats: tuple[Resident, ...], policy: Policy, agent: str, epoch: str,
        time_zone: str = "UTC", path: paths.Path = paths.Path.AUTO,
    ) -> None:  # fmt: skip
        identity = Identity(
            tuple(map(str, channels)), tuple(seats), agent, epoch, known_zone(time_zone), policy.version
        )
        self._setting = _setting(identity, policy)
        self._state = engine_state.fresh(len(seats), self._setting.meaning)
        self._apart = False
        self._path = path
        self._prepare()

    @property
    def channels(self) -> tuple[str, ...]:
        """The schema."""
        return self._setting.identity.channels

    @property
    def seats(self) -> tuple[Resident, ...]:
        """The residents."""
        return self._setting.identity.seats

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._setting.policy

    @property
    def apart(self) -> bool:
        """Whether it goes on otherwise than it was dumped: it may then tell otherwise of samples it is given again."""
        return self._apart

    @property
    def seen_at(self) -> Floats:
        """Time of each resident's last judged sample, NaN before the first, (n,)."""
        return self._state.person.seen_at

    @property
    def counts(self) -> dict[str, int]:
        """Samples so far by what became of them."""
        return dict(zip(COUNTED, self._state.counts.sum(axis=0).tolist(), strict=True))

    @property
    def period_s(self) -> int:
        """Seconds that a sample of this agent stands for."""
        return self._setting.identity.period_s

    def continue_in(
        self, epoch: str, time_zone: str | None = None, period_s: int | None = None,
        derived: tuple[Derived, ...] | None = None,
    ) -> None:  # fmt: skip
        """The agent said hello: events from now on are numbered in its spool's `epoch`, and tell its local time; its
        samples stand for `period_s` seconds, and it calculates what is `derived`. None: as before.

        Raises:
            ValueError: a time zone that is not known.
        """
        identity = self._setting.identity
        said = replace(
            identity, epoch=epoch, time_zone=identity.time_zone if time_zone is None else known_zone(time_zone),
            period_s=identity.period_s if period_s is None else period_s,
            derived=identity.derived if derived is None else derived,
        )  # fmt: skip
        self._apart |= said != identity
        self._setting = replace(self._setting, identity=said)

    def reseat(self, seats: tuple[Resident, ...]) -> int:
        """From now on these are the residents: who was watched before stays known, the others are learned; how many
        stayed known. Of whom the mode changed everything stays that both modes allow."""
        kept_state.complete(self._state)
        modes = {seat.id: seat.mode for seat in self.seats}
        self._state, known = engine_state.reseated(self._setting.identity, self._state, seats)
        turned = [row for row, seat in enumerate(seats) if modes.get(seat.id, seat.mode) is not seat.mode]
        regrown.forgotten(self._setting.identity, self._state, seats, turned)
        self._prepare()
        self._setting = _setting(replace(self._setting.identity, seats=tuple(seats)), self._setting.policy)
        refit.welcome(self._state)
        self._apart = True
        return known

    def regrow(self, channels: tuple[str, ...]) -> int:
        """From now on samples say these channels: what is known of those that stay stays known; how many stayed."""
        kept_state.complete(self._state)
        self._state, known = regrown.regrown(self._setting.identity, self._state, channels)
        self._prepare()
        identity = replace(self._setting.identity, channels=tuple(map(str, channels)))
        self._setting = _setting(identity, self._setting.policy)
        refit.welcome(self._state)
        self._apart = True
        return known

    def lesson(self) -> Lesson:
        """What these residents can teach those of the facility's other agents."""
        kept_state.complete(self._state)
        return refit.lesson(self._state, self._setting)

    def lean_on(self, lessons: Sequence[Lesson]) -> None:
        """From now on the facility's prior is what all of these teach, of whatever agent."""
        kept_state.complete(self._state)
        refit.lean_on(self._state, self._setting, lessons)
        self._apart = True

    def adopt(self, event: Event) -> None:
        """Go on with the open event of this id as it is told here; nothing happens where none is open."""
        mine = ["" if one is None else one.id for one in self._state.events]
        if event.id in mine:
            self._state.events[mine.index(event.id)] = event

    def dump(self) -> bytes:
        """The whole state as bytes; engines that judged the same samples give the same bytes."""
        kept_state.complete(self._state)
        return engine_state.dump(self._setting.identity, self._state)

    @classmethod
    def load(cls, blob: bytes, policy: Policy, path: paths.Path = paths.Path.AUTO) -> "Engine":
        """The engine that was dumped, from now on under `policy`.

        Raises:
            StateUnreadable: the bytes hold no state of this version.
        """
        return cls._of(*engine_state.load(blob), policy, path)

    def cut(self) -> Kept:
        """What has to be kept so that `joined` finds everything again: the quick part, and the slow ones that changed
        since the last `cut`."""
        return kept_state.cut(self._setting.identity, self._state)

    def lost(self, kept: Kept) -> None:
        """What `cut` gave could not be kept."""
        kept_state.lost(self._setting.identity, self._state, kept)

    @classmethod
    def joined(cls, kept: Kept, policy: Policy, path: paths.Path = paths.Path.AUTO) -> tuple["Engine", int]:
        """The engine that was cut, from now on under `policy`, and how many residents are fresh in it because their
        slow part cannot be read.

        Raises:
            StateUnreadable: the quick part is no state of this version.
        """
        identity, state, damaged = kept_state.joined(kept)
        engine = cls._of(identity, state, policy, path)
        if damaged:
            refit.welcome(state)
            engine._apart = True
        return engine, damaged

    @classmethod
    def _of(cls, identity: Identity, state: EngineState, policy: Policy, path: paths.Path) -> "Engine":
        engine = cls.__new__(cls)
        engine._setting = _setting(identity, policy)
        engine._state = state
        engine._path = path
        engine._prepare()
        engine._apart = identity.policy_version != policy.version
        if engine._apart:
            engine.follow_policy(policy)
        return engine

    def _prepare(self) -> None:
        self._fixed: tuple[Setting, Fixed] | None = None
        self._turns, self._look_back = paths.turns(self._path), paths.look_back(self._path)
        if paths.resolved(self._path) is paths.Path.NUMBA:
            looked.pack(self._state)

    def follow_policy(self, policy: Policy) -> None:
        """From the next sample on `policy` is in force: thresholds from its budget, at once and for everybody."""
        self._setting = _setting(replace(self._setting.identity, policy_version=policy.version), policy)
        kept_state.complete(self._state)
        refit.adopt_policy(self._state, self._setting)
        self._state.stirred[:] = True

    def approve(self, approval: Approval) -> bool:
        """From the next sample on the thresholds are in force that a person approved; whether they are. They are not
        where nothing waits any more, or something is wanted higher than the person saw."""
        row = [seat.id for seat in self.seats].index(approval.resident)
        seen = {one.rule: one.wanted for one in approval.proposals}
        waiting = self.usual().proposed.get(row, ())
        if any(one.wanted > seen.get(one.rule, -math.inf) for one in waiting):
            return False
        kept_state.complete(self._state)
        self._state.stirred[row] = True
        return thresholds.approve(self._state.history, row) > 0

    def usual(self) -> UsualNow:
        """What is usual and how things stand after the last wave."""
        return UsualNow(self._state, self._setting.policy, self._setting.blind_after_s)

    def step(
        self, rows: NDArray[np.intp], times: Floats, values: Floats, quality: Floats, persons: NDArray[np.int32],
        cues: Sequence[tuple[int, Cue]], sequences: NDArray[np.uint64],
    ) -> tuple[Event, ...]:  # fmt: skip
        """Judge one wave: k samples of k different residents; the events that are new or changed.

        `rows` (k,) index the residents, `times` (k,) are Unix seconds, `values` (k, channels) with NaN for absence,
        `persons` (k,) in view, -1 where nobody could count, `cues` are (place in the wave, cue). Samples that are out
        of order, or whose time is no number, are counted and not judged. What was sensed worse than the policy's
        `quality_floor`, by `quality` (k,) or a sense's own channel `quality.<sense>`, counts as absent.

        Raises:
            WaveRefused: arrays of the wrong shape, or a resident twice in one wave.
        """
        rows = np.asarray(rows, np.int64)
        self._check(rows, times, values)
        if len(rows) and int(np.bincount(rows).max()) > 1:
            raise WaveRefused("a resident is twice in one wave: expected distinct rows")
        return self._judge(rows, times, values, quality, persons, cues, sequences).events

    def judge(self, batch: Batch) -> Judged:
        """Judge samples in order, any number of any residents; the events that are new or changed, in that order, and
        what the history keeps of each sample. The same as one wave after the other.

        Raises:
            WaveRefused: values that do not fit the schema, or a seat that does not exist.
        """
        rows = batch.seats.astype(np.int64)
        self._check(rows, batch.times, batch.values)
        persons = in_company(batch)
        return self._judge(rows, batch.times, batch.values, batch.quality, persons, batch.cues, batch.sequences)

    def _check(self, rows: Ints, times: Floats, values: NDArray[np.floating]) -> None:
        if values.shape != (len(rows), len(self.channels)) or times.shape != rows.shape:
            raise WaveRefused(
                f"a wave of {len(rows)} samples has values of shape {values.shape} and times of shape {times.shape}: "
                f"expected ({len(rows)}, {len(self.channels)}) and ({len(rows)},)"
            )
        if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= len(self.seats)):
            raise WaveRefused(f"rows {int(rows.min())} to {int(rows.max())}: expected 0 to {len(self.seats) - 1}")

    def _judge(
        self, rows: Ints, times: Floats, values: NDArray[np.floating], quality: NDArray[np.floating],
        persons: NDArray[np.int32], cues: Sequence[tuple[int, Cue]], sequences: NDArray[np.uint64],
    ) -> Judged:  # fmt: skip
        setting = self._setting
        values = sensed(values, quality, setting.witnesses, setting.doubted, setting.policy.quality_floor)
        values, persons = self._undisturbed(rows, times, values, persons)
        run = Run(_samples(rows, times, values, persons, cues, setting.policies), cues, sequences)
        told, c = looked.blank(len(rows), self._state, setting), len(self.channels)
        events: list[Event] = []
        for _ in self._turns(run.samples, looked.people(self._state), self._numbers(), told):
            events += looked.look(self._state, setting, run, told, self._look_back)
        return Judged(tuple(events), told.usual[:, :c], told.spread[:, :c], told.score, told.tier)

    def _numbers(self) -> Fixed:
        """Those that stay the same while the setting does."""
        if self._fixed is None or self._fixed[0] is not self._setting:
            self._fixed = self._setting, looked.fixed(self._setting)
        return self._fixed[1]

    def _undisturbed(
        self, rows: Ints, times: Floats, values: NDArray[np.floating], persons: NDArray[np.int32]
    ) -> tuple[NDArray[np.floating], NDArray[np.int32]]:
        """In private hours nothing is seen, and nothing learned, as while somebody else is in view."""
        if not self._setting.hours:
            return values, persons
        alone = private(rows, times, self._setting.policies, self._setting.identity.time_zone)
        if alone is None or not np.count_nonzero(alone):
            return values, persons
        hidden: NDArray[np.floating] = np.where(alone[:, None] & self._setting.meaning.shared, np.nan, values)
        return hidden, np.where(alone, np.int32(2), persons).astype(np.int32)

    def kept(self, rows: Ints, times: Floats, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """`values` (m, c) as they may be written down: without what is seen in a resident's private hours."""
        return self._undisturbed(rows, times, values, np.zeros(len(rows), np.int32))[0]


def _setting(identity: Identity, policy: Policy) -> Setting:
    given = dict(policy.weights)
    if unknown := sorted(set(given) - set(calibration.TERMS)):
        raise ValueError(f"policy weights name {', '.join(unknown)}: expected some of {', '.join(calibration.TERMS)}")
    weights = np.array([given.get(term, 0.0) for term in calibration.TERMS])
    of = meaning(identity.channels, identity.seats)
    policies = tuple(policy.of(seat.id) for seat in identity.seats)
    rates = rules.rates(policy.budget, policy.envelope)
    return Setting(
        identity, policy, of, affect(identity.seats), rates, weights,
        witnesses(identity.channels), doubted(identity.channels), policies,
        tuple(rates if own is policy else rules.rates(own.budget, own.envelope) for own in policies),
        np.array([own.timing.blind_after_s for own in policies]),
        taught(identity.channels, bool(weights[calibration.ABSOLUTE] > 0.0)),
        any(own.sleeping or own.private for own in policies),
    )  # fmt: skip


def _samples(
    rows: Ints, times: Floats, values: NDArray[np.floating], persons: NDArray[np.int32],
    cues: Sequence[tuple[int, Cue]], policies: Sequence[Policy],
) -> Samples:  # fmt: skip
    loud, cued = np.zeros(len(rows)), np.zeros(len(rows), bool)
    for place, cue in cues:
        cued[place], policy = True, policies[rows[place]]
        if policy.alarms(cue.name) and cue.probability >= policy.cue_threshold:
            loud[place] = max(loud[place], cue.probability)
    return Samples(
        rows, np.ascontiguousarray(times, np.float64), in_lanes(values),
        np.ascontiguousarray(persons, np.int32), loud, cued,
    )  # fmt: skip
