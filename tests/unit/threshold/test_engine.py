"""The engine's promises: waves of any size step alike, bad input has a stated behaviour, state survives as bytes."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.vocabulary import Budget, Condition, Cue, CueName, Event, Mode, Policy, Reason, Resident, Tier
from threshold_service.engine import Engine, WaveRefused
from threshold_service.judgement.rules import COLUMNS, RULES
from threshold_service.statistics import calibration, prior, thresholds
from threshold_service.statistics.state_bytes import StateUnreadable

pytestmark = pytest.mark.unit
CHANNELS = ("motion.erratic", "audio.loudness", "emotion.neutral", "emotion.fear", "weight_kg", "quality.face")
SEATS = tuple(
    Resident(f"r{i}", f"Room {i}", mode=Mode.AFFECT if i % 2 else Mode.OBSERVABLES, consent="7" if i % 2 else "")
    for i in range(4)
)
START = 1_750_000_000.0
CRY = Cue(CueName.CRY, 0.9, -0.3)


def engine(seats: tuple[Resident, ...] = SEATS, policy: Policy | None = None) -> Engine:
    return Engine(CHANNELS, seats, policy or Policy(), "edge-1", "ab" * 16)


def step(
    to: Engine, second: float, values: NDArray[np.float64], rows: list[int] | None = None, persons: int = 1,
    cues: list[tuple[int, Cue]] | None = None,
) -> tuple[Event, ...]:  # fmt: skip
    rows = list(range(len(values))) if rows is None else rows
    k = len(rows)
    return to.step(
        np.array(rows, np.intp), np.full(k, START + second), values, np.ones(k), np.full(k, persons, np.int32),
        cues or [], np.full(k, max(0, int(second) + 1), np.uint64),
    )  # fmt: skip


def days(seconds: int, seed: int = 1) -> NDArray[np.float64]:
    """(seconds, residents, channels) with some absences."""
    rng = np.random.default_rng(seed)
    values = np.array([0.06, -50.0, 0.7, 0.05, 80.0, 1.0]) + rng.standard_normal(
        (seconds, len(SEATS), len(CHANNELS))
    ) * np.array([0.02, 2.0, 0.05, 0.02, 1.0, 0.01])
    values[rng.uniform(size=values.shape) < 0.05] = np.nan
    return values


def test_it_steps_alike_whatever_the_size_of_the_wave() -> None:
    together, alone, shuffled = engine(), engine(), engine()
    told: list[list[Event]] = [[], [], []]
    for second, values in enumerate(days(700)):
        cues = [(2, CRY)] if second % 97 in (5, 6) else []
        told[0] += step(together, second, values, cues=cues)
        for row in range(len(SEATS)):
            told[1] += step(alone, second, values[row : row + 1], [row], cues=[(0, c) for i, c in cues if i == row])
        order = [3, 1, 2, 0]
        told[2] += step(shuffled, second, values[order], order, cues=[(order.index(i), c) for i, c in cues])
    assert together.dump() == alone.dump() == shuffled.dump()
    assert told[0]
    assert [str(event) for event in told[0]] == [str(event) for event in told[1]] == [str(e) for e in told[2]]


def test_it_goes_on_from_its_bytes_as_if_nothing_had_happened() -> None:
    one, other = engine(), engine()
    for second, values in enumerate(days(400)):
        step(one, second, values)
        step(other, second, values)
        if second % 101 == 50:
            other = Engine.load(other.dump(), Policy())
    assert one.dump() == other.dump()
    assert other.channels == CHANNELS
    assert other.seats == SEATS


def test_it_refuses_bytes_that_are_no_state_of_its_own() -> None:
    blob = engine().dump()
    for wrong, says in (
        (b"nonsense", "no engine state"),
        (blob[:-10], "ends within"),
        (blob[:7] + struct.pack("<H", 99) + blob[9:], "version 99"),
    ):
        with pytest.raises(StateUnreadable, match=says):
            Engine.load(wrong, Policy())


def test_it_takes_the_last_of_several_samples_in_a_second() -> None:
    once, twice = engine(), engine()
    for second, values in enumerate(days(50)):
        step(once, second, values)
        step(twice, second, np.full_like(values, 3.0))
        step(twice, second + 0.2, values)
    assert twice.counts["crowded"] == 50 * len(SEATS)
    assert np.array_equal(once.usual().level, twice.usual().level, equal_nan=True)
    assert np.array_equal(once.usual().spread, twice.usual().spread, equal_nan=True)


def test_it_counts_what_comes_late_or_twice_and_does_not_judge_it() -> None:
    judge, values = engine(), days(20)
    for second in range(20):
        step(judge, second, values[second])
    before = judge.usual().level.copy()
    step(judge, 3, values[3] + 100.0, cues=[(0, CRY)])
    assert judge.counts["late"] == len(SEATS)
    assert judge.counts["judged"] == 20 * len(SEATS)
    assert np.array_equal(judge.usual().level, before, equal_nan=True)


def test_it_counts_a_time_that_is_no_number() -> None:
    judge = engine()
    for time in (np.nan, np.inf, -np.inf):
        told = judge.step(
            np.array([0]), np.array([time]), np.zeros((1, 6)), np.ones(1), np.ones(1, np.int32), [(0, CRY)],
            np.ones(1, np.uint64),
        )  # fmt: skip
        assert told == ()
    assert judge.counts == {"judged": 0, "crowded": 0, "late": 0, "unreadable": 3, "restarts": 0}


def test_it_keeps_the_usual_over_a_gap_and_restarts_after_a_long_one() -> None:
    judge, values = engine(), days(100)
    for second in range(100):
        step(judge, second, values[second])
    level = judge.usual().level.copy()
    step(judge, 160, np.full((4, 6), np.nan))
    assert judge.counts["restarts"] == len(SEATS)
    assert np.array_equal(judge.usual().level, level, equal_nan=True)
    step(judge, 160 + 86_400, np.full((4, 6), np.nan))
    assert judge.counts["restarts"] == len(SEATS), "one time alone is not believed"
    step(judge, 161 + 86_400, np.full((4, 6), np.nan))
    assert judge.counts["restarts"] == 2 * len(SEATS)
    assert np.array_equal(judge.usual().level, level, equal_nan=True)


def test_it_ignores_affect_that_was_sent_without_consent_and_channels_that_are_context() -> None:
    judge = engine()
    for second, values in enumerate(days(30)):
        step(judge, second, values)
    level = judge.usual().level
    fear, face = CHANNELS.index("emotion.fear"), CHANNELS.index("quality.face")
    assert np.isnan(level[[0, 2], fear]).all()
    assert np.isfinite(level[[1, 3], fear]).all()
    assert np.isnan(level[:, face]).all()


def test_it_refuses_waves_that_do_not_fit() -> None:
    judge = engine()
    with pytest.raises(WaveRefused, match=r"expected \(1, 6\)"):
        step(judge, 0, np.zeros((1, 5)))
    with pytest.raises(WaveRefused, match="twice"):
        step(judge, 0, np.zeros((2, 6)), [1, 1])
    with pytest.raises(WaveRefused, match="expected 0 to 3"):
        step(judge, 0, np.zeros((1, 6)), [4])
    with pytest.raises(ValueError, match="time zone 'Mars/Base'"):
        Engine(CHANNELS, SEATS, Policy(), "a", "0" * 32, "Mars/Base")
    with pytest.raises(ValueError, match="weights name motions: expected some of deviation"):
        engine(policy=Policy(weights=(("motions", 1.0),)))
    assert judge.counts["judged"] == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([-400.0, -1.0, 0.0, 0.3, 1.0, 2.0, 7.0, 400.0]),
            st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=6, max_size=6),
            st.integers(-1, 3),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_it_never_raises_and_never_says_a_number_that_is_none(
    samples: list[tuple[float, list[float], int, bool]],
) -> None:
    judge, second = engine(SEATS[1:2]), 0.0
    for passed, values, persons, cried in samples:
        second += passed
        cues = [(0, CRY)] if cried else []
        for event in step(judge, max(second, -1e6), np.array([values], np.float64), [0], persons, cues):
            assert np.isfinite([event.score, event.threshold, *(term.contribution for term in event.terms)]).all()
    now = judge.usual()
    assert np.isfinite(now.score).all()
    assert not np.isinf(now.level).any()
    assert (now.spread[np.isfinite(now.spread)] > 0.0).all()
    assert Engine.load(judge.dump(), Policy()).dump() == judge.dump()
    json.dumps(judge.counts)


NOBODY = prior.shipped(COLUMNS.tolist(), 6)


def learned_history(rng: np.random.Generator, blocks: int) -> calibration.History:
    _, history = calibration.fresh(1, 6, len(RULES))
    history.ring[0, :blocks] = rng.exponential(size=(blocks, len(calibration.STATISTICS)))
    history.blocks[0] = blocks
    return history


def test_it_sets_thresholds_from_the_budget_and_never_from_too_little_history() -> None:
    rng = np.random.default_rng(5)
    rates = engine()._setting.rates
    few = learned_history(rng, calibration.USABLE - 1)
    thresholds.estimate(few, 0, rates, NOBODY)
    assert np.isinf(few.thresholds).all()
    many = learned_history(rng, calibration.BLOCKS)
    thresholds.estimate(many, 0, rates, NOBODY)
    assert np.isfinite(many.thresholds).all()
    assert many.thresholds[0, 0] > many.thresholds[0, -2], "an immediate alert is rarer than a mild deviation"
    assert (many.releases[0, :-1] < many.thresholds[0, :-1]).all()


def test_it_follows_a_new_budget_when_it_is_loaded_with_another_policy() -> None:
    judge = engine()
    ring = judge._state.history.ring
    ring[:] = np.random.default_rng(6).exponential(size=ring.shape)
    ring[..., 5:] = 3.0 + 0.86 * ring[..., 5:]  # log-odds as people have them
    judge._state.history.blocks[:] = calibration.BLOCKS
    stricter = replace(Policy(), budget=Budget(0.2, 1.0, 10.0))
    usual, rare = Engine.load(judge.dump(), replace(Policy(), name="x")), Engine.load(judge.dump(), stricter)
    assert (rare._state.history.thresholds > usual._state.history.thresholds).all()


def test_it_lets_an_episode_raise_a_settled_threshold_no_more_than_an_ordinary_peak() -> None:
    rng, rates = np.random.default_rng(7), engine()._setting.rates
    history = learned_history(rng, 600)
    thresholds.estimate(history, 0, rates, NOBODY)
    history.closed[0] = 600
    running, _ = calibration.fresh(1, 6, len(RULES))
    before = history.thresholds.copy()
    running.top[:] = 1e6
    running.top[:, 5:] = 5.0  # nothing that is clearly an episode
    calibration.close_block(running, history, np.array([0]), rates, in_event=np.array([True]))
    thresholds.estimate(history, 0, rates, NOBODY)
    assert (history.thresholds < 1.5 * before).all()
    blocks = int(history.blocks[0])
    running.top[:] = 1e6
    running.top[:, 5:] = 5.0
    calibration.close_block(running, history, np.array([0]), rates, in_event=np.array([False]))
    assert int(history.blocks[0]) == blocks, "a block that began inside an event teaches nothing"


def test_it_tells_a_page_how_everybody_is() -> None:
    judge = engine()
    for second, values in enumerate(days(40)):
        values[3] = np.nan
        told = step(judge, second, values, cues=[(1, CRY)] if second > 35 else [])
    now = judge.usual()
    assert now.condition == [Condition.LEARNING, Condition.ATTENTION, Condition.LEARNING, Condition.BLIND]
    assert now.tier.tolist() == [0, 1, 0, 3]
    assert now.event[1] and now.event[0] == ""
    assert now.seen_at.tolist() == [START + 39] * 4
    assert 0.0 < now.learned_share[0] < 0.1
    assert told == () or told[0].tier in (Tier.IMMEDIATE, Tier.MONITOR)


def test_it_numbers_events_in_the_epoch_of_the_spool() -> None:
    judge = engine()
    judge.continue_in("cd" * 16)
    told = [event for second in range(3) for event in step(judge, second, days(3)[second], cues=[(0, CRY)])]
    assert [event.reason for event in told] == [Reason.CUE]
    assert told[0].position.epoch == "cd" * 16


def test_it_goes_on_alike_for_everybody_who_stays_when_residents_come_go_and_change_places() -> None:
    seconds = days(700)
    stays, moves = engine(), engine()
    for second, values in enumerate(seconds[:600]):
        cues = [(3, CRY)] if second in (595, 596, 597) else []
        step(stays, second, values, cues=cues), step(moves, second, values, cues=cues)
    new = Resident("new", "Room 9")
    seats = (replace(SEATS[3], label="by the window"), new, replace(SEATS[1], mode=Mode.OBSERVABLES), SEATS[0])
    assert moves.reseat(seats) == 3 and moves.seats == seats and moves.apart and not stays.apart
    assert np.isnan(moves.usual().seen_at).tolist() == [False, True, False, False]
    assert moves.usual().event[0] == stays.usual().event[3] != ""
    for second, values in enumerate(seconds[600:], 600):
        told = (step(stays, second, values), step(moves, second, values[[3, 2, 1, 0]]))
        alike, apart = ([str(event) for event in some if event.resident in ("r0", "r3")] for some in told)
        assert apart == alike
    for name in ("level", "spread", "score"):
        np.testing.assert_array_equal(getattr(moves.usual(), name)[[0, 3]], getattr(stays.usual(), name)[[3, 0]])
    assert Engine.load(moves.dump(), Policy()).dump() == moves.dump()
