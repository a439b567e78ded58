"""One connected agent: steps its engine, records what is decided at once, and makes its state durable."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from services.ledger.agents import AgentRepository
from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.history import HistoryRepository
from services.ledger.inbox import InboxRepository
from services.ledger.leases import LeaseLost, LeaseRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.snapshots import Snapshot, SnapshotRepository
from services.ledger.statuses import StatusRepository
from services.runtime import logs
from services.runtime.batch import Batch
from services.runtime.clock import Clock
from services.vocabulary import Approval, Derived, Policy, Resident, Seconds, UnixSeconds
from threshold_service import metrics
from threshold_service.beside import Beside, enough
from threshold_service.engine import Engine
from threshold_service.kept_state import Kept
from threshold_service.record import HistoryTail, statuses
from threshold_service.seconds import by_second, unjudged
from threshold_service.statistics.facility import Lesson
from threshold_service.statistics.state_bytes import StateUnreadable
from threshold_service.telling import Telling

APPROVALS = "calibration"
"""Who acts on what a person approved, in the inbox."""
LEASE_S: Seconds = 6.0
"""An agent of a replica that died is free after this long (renewed at every snapshot)."""


class RunBroken(RuntimeError):
    """A batch was judged but not recorded: this state may not become durable, its samples have to come again."""


@dataclass(frozen=True, slots=True)
class AgentHello:
    """What an agent said of itself when it connected."""

    agent: str
    epoch: str
    software: str
    channels: tuple[str, ...]
    seats: tuple[Resident, ...]
    time_zone: str
    skew_s: Seconds
    canary_every_s: Seconds = 0.0
    period_s: int = 1
    """Seconds that one sample stands for."""
    derived: tuple[Derived, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the last heartbeat said."""

    dropped: int = 0
    spooled: int = 0
    cameras: tuple[dict[str, object], ...] = ()


class AgentRun:
    """The live state of one agent while it is connected; safe to call from several threads."""

    def __init__(
        self, database: Database, clock: Clock, policy: Policy, hello: AgentHello, holder: str, fence: int,
        beside: Beside,
    ) -> None:  # fmt: skip
        self._database = database
        self._beside = beside
        self._writing: Future[None] | None = None
        self._clock = clock
        self._hello = hello
        self._holder, self._fence = holder, fence
        self._lock = threading.Lock()
        self._log = logs.logger(agent=hello.agent)
        self._link = LinkState()
        self._tail = HistoryTail(hello.agent, hello.channels, hello.seats)
        self._engine, self.durable, apart = self._restore(policy)
        self._telling = Telling(database, clock, hello.agent, fence, self._engine, apart=apart)
        self._telling.begin(hello.epoch, self.durable)
        self._sequence = self.durable
        self._proposals = 0
        self._whole, self._closed = True, False
        self._kept = False
        """Whether nothing was judged since the last snapshot."""

    @property
    def agent(self) -> str:
        """The agent's name."""
        return self._hello.agent

    @property
    def residents(self) -> frozenset[str]:
        """Ids of the agent's residents."""
        return frozenset(seat.id for seat in self._hello.seats)

    def accept(self, batch: Batch) -> int:
        """Judge a batch and record what it opened or changed, at once; how many events that were.

        Samples at or below the last judged sequence were judged before and are passed over. Whatever this raises, the
        run is broken by it: close it, and let the agent connect again.

        Raises:
            LeaseLost: another replica serves this agent now.
            RunBroken: an earlier batch was not recorded.
        """
        with self._lock, metrics.BATCH_SECONDS.time():
            self._check_whole()
            self._whole = self._kept = False
            new = unjudged(batch, self._sequence)
            fresh = by_second(new, self._hello.period_s, self._engine.seen_at)
            before, judged = self._engine.counts, self._engine.judge(fresh)
            seats = fresh.seats.astype(np.int64)
            self._tail.add(seats, fresh.times, self._engine.kept(seats, fresh.times, fresh.values), judged)
            self._sequence = max(self._sequence, int(batch.sequences[-1]))
            self._telling.tell(judged.events, self._sequence)
            if len(self._tail) >= enough(len(self._hello.seats)):
                self._written()
                self._writing = self._beside.write(self._tail.handed_over(), self.agent, self._fence)
            self._whole = True
            metrics.count_samples(before, self._engine.counts, len(batch) - len(new))
            return len(judged.events)

    def heard(self, link: LinkState) -> None:
        """Remember a heartbeat for the next snapshot."""
        self._link = link

    def snapshot(self) -> int:
        """Make everything accepted so far durable; the sequence that may now be acknowledged.

        Raises:
            LeaseLost: another replica serves this agent now.
            RunBroken: a batch was not recorded.
        """
        with self._lock, metrics.SNAPSHOT_SECONDS.time():
            self._check_whole()
            self._keep()
            return self.durable

    def follow_policy(self, policy: Policy) -> None:
        """Judge by `policy` from the next sample on. What was judged by the one before is made durable first, then the
        change itself with its position, so that what is judged again after a crash is judged as it was.

        Raises:
            LeaseLost: another replica serves this agent now.
            RunBroken: a batch was not recorded.
        """
        self.snapshot()
        with self._lock:
            self._check_whole()
            before = self._engine.policy.version
            self._engine.follow_policy(policy)
            position = self._position()
            said = {**position, "before": before, "after": policy.version, "approved_by": policy.approved_by}
            told = json.dumps(said)
            self._keep(lambda connection, now: AuditRepository(connection).append("policy.followed", told, now))
        self._log.info("policy followed", epoch=position["epoch"], sequence=self.durable, before=before,
                       after=policy.version)  # fmt: skip

    def approve(self, approval: Approval, message: str) -> None:
        """Let thresholds of tier 1 rise as a person approved, from the next sample on, once for each `message`: durable
        with its position as another policy is, and told to the audit chain, also where they do not rise any more.

        Raises:
            LeaseLost: another replica serves this agent now.
            RunBroken: a batch was not recorded.
        """
        self.snapshot()
        with self._lock:
            self._check_whole()
            with self._database.read() as connection:
                if InboxRepository(connection).handled(APPROVALS, message):
                    return
            risen = self._engine.approve(approval)
            said = {**self._position(), "approval": approval.id, "resident": approval.resident, "by": approval.by,
                    "at": approval.at,
                    "rules": {one.rule: [one.threshold, one.wanted] for one in approval.proposals}}  # fmt: skip

            def acted(connection: Connection, now: UnixSeconds) -> None:
                InboxRepository(connection).first_time(APPROVALS, message, now)
                OutboxRepository(connection).mark_published([message], now)
                kind = "threshold.raised" if risen else "threshold.outdated"
                AuditRepository(connection).append(kind, json.dumps(said), now)

            self._keep(acted)
        self._log.info("approval acted on", risen=risen, sequence=self.durable)

    def lesson(self) -> Lesson:
        """What this agent's residents can teach those of others."""
        with self._lock:
            return self._engine.lesson()

    def lean_on(self, lessons: Sequence[Lesson]) -> None:
        """The facility's prior is what all of these teach, from the next sample on: made durable with its position, so
        that what is judged again after a crash leans on the same.

        Raises:
            LeaseLost: another replica serves this agent now.
            RunBroken: a batch was not recorded.
        """
        self.snapshot()
        with self._lock:
            self._check_whole()
            self._engine.lean_on(lessons)
            self._keep()

    def give_up(self) -> None:
        """Judge nothing more: the agent has to connect anew, and is then judged from what is durable."""
        self._whole = False

    def close(self) -> None:
        """Make the state durable, unless it is broken, and give the lease back; nothing is written where it is lost.

        However it ends, nothing more is judged: a stream that was replaced may go on for a while under the same fence,
        and what it made durable would be older than what was acknowledged since.
        """
        try:
            self._close()
        finally:
            with self._lock:
                self._closed = True
                metrics.PROPOSALS.dec(self._proposals)
                self._proposals = 0

    def _close(self) -> None:
        try:
            if not self._kept:
                self.snapshot()
        except LeaseLost as error:
            self._log.warning("lease lost", detail=str(error))
            return
        except RunBroken as error:
            self._log.warning("not made durable", detail=str(error))
            if self._writing is not None:
                wait((self._writing,))
        with self._database.write() as connection:
            LeaseRepository(connection).release(self.agent, self._holder)

    def _check_whole(self) -> None:
        if self._closed:
            raise RunBroken(f"agent {self.agent!r} has connected anew: this stream is over")
        if not self._whole:
            raise RunBroken(
                f"agent {self.agent!r}: a batch after sample {self._sequence} was not recorded: connect again and send "
                f"what follows sample {self.durable}"
            )

    def _restore(self, policy: Policy) -> tuple[Engine, int, bool]:
        """The engine, the sequence it has judged, and whether it may tell a known event otherwise than before."""
        hello = self._hello
        with self._database.read() as connection:
            kept = SnapshotRepository(connection).latest(hello.agent)
        sequence = kept.sequence if kept is not None and kept.epoch == hello.epoch else 0
        engine = None if kept is None else self._joined(kept, policy)
        self._strays = kept is not None and not kept.parts.keys() <= {seat.id for seat in hello.seats}
        if engine is None:
            fresh = Engine(hello.channels, hello.seats, policy, hello.agent, hello.epoch, hello.time_zone)
            fresh.continue_in(hello.epoch, hello.time_zone, hello.period_s, hello.derived)
            return fresh, sequence, kept is not None
        if engine.seats != hello.seats:
            known = engine.reseat(hello.seats)
            self._log.warning("residents changed", known=known, learned_anew=len(hello.seats) - known)
        engine.continue_in(hello.epoch, hello.time_zone, hello.period_s, hello.derived)
        return engine, sequence, engine.apart

    def _joined(self, kept: Snapshot, policy: Policy) -> Engine | None:
        try:
            engine, damaged = Engine.joined(Kept(kept.blob, kept.parts), policy)
        except StateUnreadable as error:
            self._log.error("kept state cannot be read: this agent's residents are learned anew", detail=str(error))
            return None
        if engine.period_s != self._hello.period_s:
            self._log.warning("sample period changed: this agent's residents are learned anew",
                              before_s=engine.period_s, now_s=self._hello.period_s)  # fmt: skip
            return None
        if engine.channels != self._hello.channels:
            if not set(engine.channels) & set(self._hello.channels):
                self._log.warning("schema changed: this agent's residents are learned anew")
                return None
            known = engine.regrow(self._hello.channels)
            self._log.warning("schema changed", channels=len(self._hello.channels), known=known)
        if damaged:
            self._log.error("kept state of some residents cannot be read: they are learned anew", learned_anew=damaged)
        return engine

    def _position(self) -> dict[str, object]:
        return {"agent": self.agent, "epoch": self._hello.epoch, "sequence": self._sequence}

    def _written(self) -> None:
        """Wait until the history that was handed over is written. Where it could not be, it is gone from here: the run
        is broken, and its samples have to come again."""
        writing, self._writing = self._writing, None
        if writing is not None:
            whole, self._whole = self._whole, False
            writing.result()
            self._whole = whole

    def _keep(self, also: Callable[[Connection, UnixSeconds], object] | None = None) -> None:
        """One transaction for everything accepted so far, and what `also` writes."""
        self._kept = False
        state, blocks = self._engine.cut(), self._tail.blocks()
        try:
            self._written()
            now = self._clock.now()
            with self._database.write() as connection:
                self._hold_lease(connection, now)
                self._save(connection, now, state)
                HistoryRepository(connection).append_blocks(blocks)
                if also is not None:
                    also(connection, now)
        except BaseException:
            self._engine.lost(state)
            raise
        self._tail.clear()
        self._strays, self._kept, self.durable = False, True, self._sequence

    def _hold_lease(self, connection: Connection, now: UnixSeconds) -> None:
        LeaseRepository(connection).check(self.agent, self._fence)
        LeaseRepository(connection).acquire(self.agent, self._holder, LEASE_S, now)

    def _save(self, connection: Connection, now: UnixSeconds, state: Kept) -> None:
        hello, link, repository = self._hello, self._link, SnapshotRepository(connection)
        repository.save(self.agent, hello.epoch, self._sequence, state.quick, now, state.slow)
        if self._strays:
            repository.forget_parts(self.agent, [seat.id for seat in hello.seats])
        usual = self._engine.usual()
        metrics.PROPOSALS.inc(usual.proposals - self._proposals)
        self._proposals = usual.proposals
        StatusRepository(connection).save(statuses(hello.agent, hello.seats, usual, now))
        AgentRepository(connection).seen(
            self.agent, now, hello.software, hello.epoch, hello.skew_s, link.dropped, link.spooled,
            json.dumps(link.cameras),
        )  # fmt: skip
