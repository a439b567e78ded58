"""A state kept in two parts: joined it is the whole state, and what does not belong together is never judged from."""

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.batch import Batch
from services.vocabulary import Approval, Cue, CueName, Policy, Resident
from tests.unit.threshold.conftest import CHANNELS, EPOCH, START
from threshold_service.engine import Engine
from threshold_service.engine_state import Unread
from threshold_service.kept_state import Kept
from threshold_service.statistics.state_bytes import VERSION, StateUnreadable

pytestmark = pytest.mark.unit
SEATS = tuple(Resident(f"r-{i}", f"Room {i}") for i in range(3))


def engine() -> Engine:
    return Engine(CHANNELS, SEATS, Policy(), "edge-1", EPOCH)


def lived(first: int, seconds: int, *, cry: int = -1, absent: int = -1) -> Batch:
    """Every resident once a second from second `first` on; one cries at second `cry`, one is `absent`."""
    rng, n = np.random.default_rng(first), len(SEATS)
    values = rng.normal((0.1, -50.0, 0.1), (0.02, 2.0, 0.01), (seconds * n, 3))
    seats = np.tile(np.arange(n, dtype=np.uint32), seconds)
    times = START + first + np.repeat(np.arange(seconds), n)
    there = seats != absent
    cues = tuple((k, Cue(CueName.CRY, 0.95)) for k in np.flatnonzero(times[there] == START + cry).tolist())
    sequences = np.arange(first * n + 1, (first + seconds) * n + 1, dtype=np.uint64)
    return Batch(
        sequences[there], seats[there], times[there], values[there].astype(np.float32),
        np.ones(int(there.sum()), np.float32), np.ones(int(there.sum()), np.int32), cues,
    )  # fmt: skip


class Ledger:
    """What is kept of an engine, as the ledger keeps it: the last quick part, and everybody's last slow part."""

    def __init__(self) -> None:
        self.quick, self.slow = b"", dict[str, tuple[int, bytes]]()

    def keep(self, kept: Kept) -> Kept:
        self.quick, self.slow = kept.quick, self.slow | kept.slow
        return kept

    def joined(self, policy: Policy | None = None) -> tuple[Engine, int]:
        return Engine.joined(Kept(self.quick, self.slow), policy or Policy())


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 900), min_size=1, max_size=6), absent=st.integers(-1, 2), cry=st.integers(0, 2000))
def test_it_is_the_whole_state_wherever_it_was_cut(cuts: list[int], absent: int, cry: int) -> None:
    judge, ledger, second = engine(), Ledger(), 0
    for seconds in cuts:
        judge.judge(lived(second, seconds, cry=cry, absent=absent))
        ledger.keep(judge.cut())
        second += seconds
        again, damaged = ledger.joined()
        assert damaged == 0 and not again.apart
        assert again.dump() == judge.dump()
    judge.judge(lived(second, 400))
    again.judge(lived(second, 400))
    assert again.dump() == judge.dump()


def test_it_is_the_whole_state_after_days_nights_drift_policies_and_others_lessons() -> None:
    judge, ledger = engine(), Ledger()
    for hour in range(0, 31, 5):
        judge.judge(lived(3600 * hour, 4000))
        ledger.keep(judge.cut())
    assert ledger.joined()[0].dump() == judge.dump()
    judge.lean_on([judge.lesson()])
    ledger.keep(judge.cut())
    assert ledger.joined()[0].dump() == judge.dump()
    stricter = Policy(name="stricter")
    judge.follow_policy(stricter)
    ledger.keep(judge.cut())
    assert ledger.joined(stricter)[0].dump() == judge.dump()
    newcomer = Resident("r-9", "Room 9")
    judge.reseat((SEATS[2], newcomer, SEATS[0]))
    ledger.keep(judge.cut())
    assert ledger.joined(stricter)[0].dump() == judge.dump()


def test_it_hands_a_slow_part_out_only_when_it_changed() -> None:
    judge = engine()
    judge.judge(lived(0, 10))
    assert judge.cut().slow == {}, "nobody's block is over, the slow part is as it was made"
    judge.judge(lived(10, 300, absent=1))
    kept = judge.cut()
    assert set(kept.slow) == {"r-0", "r-2"}
    assert judge.cut().slow == {}
    judge.lost(kept)
    again = judge.cut()
    assert [blob for _, blob in again.slow.values()] == [blob for _, blob in kept.slow.values()]
    assert len(again.quick) < 0.3 * len(judge.dump())


def torn(ledger: Ledger) -> None:
    """The quick part of the last snapshot with a slow part of the one before: no transaction leaves that behind."""
    ledger.slow["r-1"] = (1, ledger.slow["r-1"][1])


def missing(ledger: Ledger) -> None:
    del ledger.slow["r-1"]


def older(ledger: Ledger) -> None:
    revision, blob = ledger.slow["r-1"]
    ledger.slow["r-1"] = (revision, struct.pack("<H", VERSION - 1) + blob[2:])


def flipped(ledger: Ledger) -> None:
    revision, blob = ledger.slow["r-1"]
    ledger.slow["r-1"] = (revision, blob[:50] + bytes([blob[50] ^ 1]) + blob[51:])


def cut_short(ledger: Ledger) -> None:
    ledger.slow["r-1"] = (ledger.slow["r-1"][0], ledger.slow["r-1"][1][:7])


@pytest.mark.parametrize("spoil", [torn, missing, older, flipped, cut_short])
def test_it_learns_whose_slow_part_cannot_be_read_anew_and_nobody_else(spoil: Callable[[Ledger], None]) -> None:
    judge, ledger = engine(), Ledger()
    for second in (0, 400):
        judge.judge(lived(second, 400))
        ledger.keep(judge.cut())
    assert ledger.slow["r-1"][0] == 2
    spoil(ledger)
    again, damaged = ledger.joined()
    assert damaged == 1 and again.apart
    fresh, known = again.usual(), judge.usual()
    assert np.isnan(fresh.level[1]).all() and np.isnan(fresh.seen_at[1])
    for other in (0, 2):
        assert np.array_equal(fresh.level[other], known.level[other], equal_nan=True)
        assert fresh.seen_at[other] == known.seen_at[other]
    again.judge(lived(800, 400))
    ledger.keep(again.cut())
    assert ledger.joined()[1] == 0 and ledger.joined()[0].dump() == again.dump()


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_it_reads_no_quick_part_of_another_version(version: int) -> None:
    kept = engine().cut()
    other = Kept(kept.quick[:7] + struct.pack("<H", version) + kept.quick[9:], {})
    with pytest.raises(StateUnreadable, match="learned anew"):
        Engine.joined(other, Policy())


def test_it_unpacks_what_no_second_reads_only_when_somebody_s_block_ends() -> None:
    judge, ledger = engine(), Ledger()
    judge.judge(lived(0, 700))
    ledger.keep(judge.cut())
    again, _ = ledger.joined()
    state = again._state
    for late in (state.profile, state.history.ring, state.drift, state.noise, state.history.peaks):
        assert isinstance(late, Unread)
    again.judge(lived(700, 100))
    again.usual().condition, again.usual().learned_share, again.cut()
    assert state.waiting is not None, "nobody's block ended yet"
    judge.judge(lived(700, 100))
    again.judge(lived(800, 200))
    judge.judge(lived(800, 200))
    assert state.waiting is None and again.dump() == judge.dump()


@pytest.mark.parametrize(
    "act",
    [
        lambda judge: judge.dump(),
        lambda judge: judge.lesson(),
        lambda judge: judge.lean_on([judge.lesson()]),
        lambda judge: judge.follow_policy(Policy(name="another")),
        lambda judge: judge.reseat(SEATS[:2]),
        lambda judge: judge.usual().standing,
        lambda judge: judge.usual().achieved,
        lambda judge: (judge.usual().condition, judge.usual().proposed, judge.usual().event),
        lambda judge: judge.approve(Approval("a", "r-1", "somebody", START, ())),
    ],
)
def test_it_can_do_everything_right_after_it_was_read(act: Callable[[Engine], object]) -> None:
    judge, ledger = engine(), Ledger()
    judge.judge(lived(0, 700))
    ledger.keep(judge.cut())
    again, _ = ledger.joined()
    act(again)
    act(judge)
    assert again.dump() == judge.dump()


def test_it_tells_an_event_right_after_it_was_read_as_it_would_have_told_it() -> None:
    judge, ledger = engine(), Ledger()
    judge.judge(lived(0, 700))
    ledger.keep(judge.cut())
    again, _ = ledger.joined()
    plain = lived(700, 60)
    crying = tuple((place, Cue(CueName.CRY, 0.95)) for second in (20, 21, 22) for place in (3 * second,))
    told = again.judge(replace(plain, cues=crying)).events
    assert again._state.waiting is not None and [event.resident for event in told] == ["r-0"]
    assert repr(told) == repr(judge.judge(replace(plain, cues=crying)).events)
