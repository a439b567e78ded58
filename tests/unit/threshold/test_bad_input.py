"""What happens to input that nobody should send: each has a stated behaviour, a counter or an error in words."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.ledger.roster import SeatTaken
from services.runtime.batch import Batch
from services.vocabulary import Cue, CueName, Event, Policy, Resident, Tier
from tests.unit.threshold.conftest import House, said, samples
from threshold_service.engine import Engine, WaveRefused
from threshold_service.statistics import grid, packed
from threshold_service.statistics.kernel.placing import place
from threshold_service.statistics.people import CROWDED, JUDGED, LATE, UNREADABLE

pytestmark = pytest.mark.unit
CHANNELS = ("motion.erratic", "audio.loudness", "weight_kg")
START = 1_750_000_000.0
LEARNED_S = 17_000
CRY = Cue(CueName.CRY, 0.95, -0.5)
_learned: dict[bool, bytes] = {}


def ordinary(seconds: int, seed: int = 1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.normal((0.1, -50.0, 70.0), (0.02, 2.0, 0.3), (seconds, 3)).astype(np.float32)


def batch(values: NDArray[np.float32], first: int, times: NDArray[np.float64] | None = None) -> Batch:
    n = len(values)
    at = START + first + np.arange(n) if times is None else times
    return Batch(
        np.arange(first + 1, first + n + 1, dtype=np.uint64), np.zeros(n, np.uint32), at, values,
        np.ones(n, np.float32), np.ones(n, np.int32),
    )  # fmt: skip


def fresh() -> Engine:
    return Engine(CHANNELS, (Resident("r-1", "Room 1"),), Policy(), "edge-1", "0" * 32)


def known(*, still: bool = False) -> Engine:
    """An engine that knows its resident; `still`: whose weight was never anything but 70."""
    if still not in _learned:
        values = ordinary(LEARNED_S)
        if still:
            values[:, 2] = 70.0
        judge = fresh()
        judge.judge(batch(values, 0))
        _learned[still] = judge.dump()
    return Engine.load(_learned[still], Policy())


def opened(events: tuple[Event, ...]) -> list[Event]:
    return [event for event in events if event.open and event.tier is not Tier.MONITOR]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_it_takes_what_is_no_number_and_what_no_sense_gives_as_absent(value: float) -> None:
    judge, plain = known(), known()
    spoiled, missing = ordinary(60, 2), ordinary(60, 2)
    spoiled[10:30, 0], missing[10:30, 0] = value, np.nan
    told, same = judge.judge(batch(spoiled, LEARNED_S)), plain.judge(batch(missing, LEARNED_S))
    assert repr(told.events) == repr(same.events) and judge.dump() == plain.dump()
    assert np.isfinite(judge.usual().level).all()


def test_it_says_nothing_of_a_constant_channel_until_it_moves() -> None:
    judge = known(still=True)
    calm = ordinary(600, 3)
    calm[:, 2] = 70.0
    assert opened(judge.judge(batch(calm, LEARNED_S)).events) == []
    moved = ordinary(60, 4)
    moved[:, 2] = 71.0
    (event, *_) = opened(judge.judge(batch(moved, LEARNED_S + 600)).events)
    assert event.deviations[0].channel == "weight_kg"


@pytest.mark.parametrize("shift", [12.0, -12.0])
def test_it_watches_an_unknown_channel_both_ways(shift: float) -> None:
    values = ordinary(60, 5)
    values[:, 2] += shift
    (event, *_) = opened(known().judge(batch(values, LEARNED_S)).events)
    assert event.deviations[0].channel == "weight_kg"
    assert np.sign(event.deviations[0].z) == np.sign(shift)


def test_it_judges_the_last_of_a_second_and_passes_over_what_is_older() -> None:
    judge, plain = known(), known()
    rows, n = ordinary(120, 6), 120
    order = np.arange(n)
    order[40:60] = order[40:60][::-1]
    told = judge.judge(batch(rows[order], LEARNED_S, START + LEARNED_S + order.astype(float)))
    assert judge.counts["late"] == 19 and opened(told.events) == []
    plain.judge(batch(rows, LEARNED_S))
    assert plain.counts["late"] == 0
    judge.judge(batch(rows[-1:], LEARNED_S + n, np.array([START + LEARNED_S + n - 1.0])))
    assert judge.counts["crowded"] == 1


@pytest.mark.parametrize("wild", [86_400.0, -86_400.0, 3e8, -3e8, 1e14])
def test_it_loses_one_wild_time_and_nothing_with_it(wild: float) -> None:
    judge, plain = known(), known()
    rows, times = ordinary(100, 8), START + LEARNED_S + np.arange(100.0)
    spoiled = times.copy()
    spoiled[40] += wild
    told = judge.judge(batch(rows, LEARNED_S, spoiled))
    assert opened(told.events) == []
    assert (judge.counts["unreadable"], judge.counts["late"]) == ((1, 0) if wild > 0 else (0, 1))
    times[40] = np.nan if wild > 0 else times[30]
    plain.judge(batch(rows, LEARNED_S, times))
    assert judge.dump() == plain.dump(), "as if it had had no time at all, or that of ten seconds before"


def test_it_begins_where_the_others_are_though_the_first_time_ever_was_wild() -> None:
    judge = fresh()
    judge.judge(batch(ordinary(1, 7), 0, np.array([START + 3e8])))
    judge.judge(batch(ordinary(100, 8), 1))
    assert judge.counts["late"] == grid.AHEAD_PATIENCE - 1 and judge.counts["restarts"] == 2


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_it_keeps_the_usual_over_a_clock_that_jumps_by_a_day(jump: float) -> None:
    judge = known()
    level = judge.usual().level.copy()
    told = judge.judge(batch(ordinary(300, 10), LEARNED_S, START + LEARNED_S + jump + np.arange(300.0)))
    assert opened(told.events) == [] and judge.counts["restarts"] == 2
    assert judge.counts["late"] == (0 if jump > 0 else grid.JUMP_PATIENCE - 1)
    assert judge.counts["unreadable"] == (grid.AHEAD_PATIENCE - 1 if jump > 0 else 0)
    np.testing.assert_allclose(judge.usual().level, level, rtol=0.05)


def test_it_refuses_a_schema_that_changes_in_mid_stream_and_goes_on() -> None:
    judge = known()
    before = judge.dump()
    with pytest.raises(WaveRefused, match=r"expected \(5, 3\)"):
        judge.judge(batch(np.zeros((5, 2), np.float32), LEARNED_S))
    assert judge.dump() == before


def test_it_learns_anew_behind_another_schema_and_leaves_no_event_open(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    run = house.connect()
    run.accept(samples(1, 40, cry=(38, 39, 40)))
    run.snapshot()
    house.restart()
    house.connect(said(channels=("pose.speed", "pose.torso_angle")))
    assert "schema changed: this agent's residents are learned anew" in capsys.readouterr().out
    (event,) = house.events()
    assert event.ended_at is not None


def test_it_follows_an_open_event_on_behind_a_schema_that_has_grown(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 40, cry=(38, 39, 40)))
    run.snapshot()
    house.restart()
    again = house.connect(said(channels=(*said().channels, "pose.speed")))
    assert house.events()[0].open
    quiet = samples(41, 120)
    again.accept(replace(quiet, values=np.column_stack([quiet.values, np.full(120, np.nan, np.float32)])))
    (event,) = house.events()
    assert not event.open and house.conflicts() == 0


def test_it_lets_no_second_agent_have_a_resident(house: House) -> None:
    house.connect()
    with pytest.raises(SeatTaken, match=r"'r-1'.*'edge-1'"):
        house.connect(said(agent="edge-2", epoch="c3" * 16))
    assert house.connect().accept(samples(1, 5)) == 0


def test_it_takes_a_sense_that_says_it_hardly_saw_as_absent() -> None:
    channels = (*CHANNELS, "quality.motion")
    values = np.column_stack([ordinary(30), np.full(30, 0.05, np.float32)])
    seats = (Resident("r-1", "Room 1"),)
    judge = Engine(channels, seats, Policy(), "edge-1", "0" * 32)
    judge.judge(batch(values, 0))
    level = judge.usual().level[0]
    assert np.isnan(level[0]) and np.isfinite(level[1:3]).all()
    poor = Engine(channels, seats, Policy(), "edge-1", "0" * 32)
    poor.judge(replace(batch(values, 0), quality=np.full(30, 0.1, np.float32)))
    assert np.isnan(poor.usual().level).all(), "a second in which hardly anything was sensed"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 2**31))
def test_it_judges_the_same_however_samples_are_cut_into_batches(cuts: list[int], seed: int) -> None:
    n, rng = sum(cuts), np.random.default_rng(seed)
    values = rng.normal((0.1, -50.0, 70.0), (0.3, 20.0, 3.0), (n, 3)).astype(np.float32)
    values[rng.uniform(size=values.shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf, 1e35])
    times = START + LEARNED_S + np.cumsum(rng.choice([0.0, 0.3, 1.0, 1.0, 1.0, 3.0, -2.0, 400.0], n))
    whole, parts = known(), known()
    told = whole.judge(batch(values, LEARNED_S, times))
    events, scores, first = [], [], 0
    for cut in cuts:
        here = slice(first, first + cut)
        judged = parts.judge(batch(values[here], LEARNED_S + first, times[here]))
        events += judged.events
        scores += judged.score.tolist()
        first += cut
    assert repr(tuple(events)) == repr(told.events) and scores == told.score.tolist()
    assert whole.dump() == parts.dump()


_STEPS = st.sampled_from(
    [0.0, 0.4, 1.0, 1.0, 1.0, 2.0, -1.0, -3.0, 290.0, 310.0, -310.0, 9e4, -9e4, 1e12, 1e16, np.nan]
)
GAP_S = 300.0


@settings(max_examples=200, deadline=None)
@given(st.lists(_STEPS, max_size=150))
def test_it_places_a_sample_alike_compiled_or_not(steps: list[float]) -> None:
    state, number = grid.fresh(1), np.zeros(packed.THRESHOLDS)
    whole = number.view(np.int64)
    whole[packed.CELL] = grid.NEVER
    time, totals = START, np.zeros(5, np.int64)
    for step in steps:
        time = time + step if np.isfinite(time + step) and step < 1e15 else time
        at = time if step < 1e15 else START + step
        state, placed = grid.place(state, np.array([at]), GAP_S)
        totals += np.array(placed[2:])[:, 0]
        which, anew, gap = place(number, whole, at, GAP_S)
        flags = {JUDGED: placed.judged, CROWDED: placed.crowded, LATE: placed.late, UNREADABLE: placed.unreadable}
        assert flags[which][0] and anew == placed.restarts[0] and (which > JUDGED or gap == placed.gap[0])
        assert sum(int(flag[0]) for flag in flags.values()) == 1
    own = number[packed.ORIGIN], whole[packed.CELL], whole[packed.BEHIND]
    assert own == tuple(part[0] for part in state)
    np.testing.assert_array_equal(totals, whole[packed.COUNTS : packed.ORIGIN])


@settings(max_examples=100, deadline=None)
@given(st.lists(_STEPS, max_size=60), st.floats(-1e9, 1e9))
def test_it_follows_a_steady_clock_after_a_bounded_patience_whatever_was_before(
    steps: list[float], jump: float
) -> None:
    state, time = grid.fresh(1), START
    for step in steps:
        time = time + step if abs(time + step) < 1e10 else time
        state, _ = grid.place(state, np.array([time]), GAP_S)
    patience = int(GAP_S) + grid.JUMP_PATIENCE
    judged = []
    for second in range(patience + 30):
        state, placed = grid.place(state, np.array([time + jump + second]), GAP_S)
        judged.append(bool(placed.judged[0] | placed.crowded[0]))  # half a second after the grid's, both happen
    assert all(judged[patience:])


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 50), st.one_of(st.floats(301.0, 1e12), st.floats(-1e12, -301.0), st.just(np.nan)))
def test_it_loses_one_sample_by_one_wild_time_wherever_it_stands(place_of: int, wild: float) -> None:
    state, lost = grid.fresh(1), []
    for second in range(60):
        at = START + second + (wild if second == place_of else 0.0)
        state, placed = grid.place(state, np.array([at]), GAP_S)
        lost += [] if placed.judged[0] else [second]
    assert lost == [place_of]
