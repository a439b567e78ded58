"""The learned opinion: what it looks at, that teaching finds what is there, and how its help is measured."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from services.evaluation.figures import Observed
from services.evaluation.nouns import Alarm, Label
from services.evaluation.report import detector
from services.runtime.batch import Batch
from services.vocabulary import Cue, CueName
from threshold_service import evaluated_learning, learned
from threshold_service.evaluated_engine import START
from threshold_service.evaluated_learning import KINDS, SKIPPED, Listening, Seen, lift, teach, told, truth
from threshold_service.statistics import episode_odds
from threshold_service.statistics.episode_odds import BIN_S, GROUPS, INPUTS, LEVELS, TIMES_S
from threshold_service.wave import Judged

pytestmark = pytest.mark.unit
Floats = NDArray[np.float64]
CHANNELS = ("motion.ratio", "pose.hip_height", "audio.loudness", "weight")
BINS = SKIPPED + 6000


def lived(seed: int, episodes: int = 6) -> Seen:
    """Two persons whose first input says when an escalation is under way, and whose second one when they withdraw."""
    rng = np.random.default_rng(seed)
    inputs = [rng.uniform(0.0, 0.4, (BINS, INPUTS)) for _ in range(2)]
    labels = []
    for person, one in enumerate(inputs):
        for place in range(episodes):
            kind, begin = ("rapid_escalation", "withdrawal")[place % 2], SKIPPED + 500 + 800 * place
            labels.append(Label(person, kind, begin * 5.0, begin * 5.0 + 60, begin * 5.0 + 300, begin * 5.0 + 900))
            one[begin : begin + 120, place % 2] += 0.5
    return Seen(inputs, Observed(np.ones(2), tuple(labels)))


def test_it_learns_to_tell_kinds_of_episodes_from_ordinary_life_of_persons_it_never_saw() -> None:
    made = teach([lived(1)], 3)
    assert made["kinds"] == ["rapid_escalation", "withdrawal"], "in the order of the kinds, those that happened"
    weights, bias = np.array(made["weights"]), np.array(made["bias"])
    fresh = lived(2)
    for person, inputs in enumerate(fresh.inputs):
        kind, _ = truth(fresh.observed.labels, person, BINS)
        said = inputs @ weights.T + bias
        ordinary = np.quantile(said[kind == 0].max(axis=1), 0.99)
        assert np.mean(said[kind > 0].max(axis=1) > ordinary) > 0.9
        rapid = said[kind == 1 + KINDS.index("rapid_escalation")]
        assert np.mean(rapid[:, 0] > rapid[:, 1]) > 0.95
        assert 0.9 < np.mean(said[kind == 0].max(axis=1) > 0.0) <= 1.0


def test_it_teaches_nothing_of_what_nobody_could_observe_or_of_the_time_around_an_episode() -> None:
    label = Label(0, "fall", 40_000.0, 40_000.0, 40_030.0, 40_100.0, observable=False)
    kinds, whose = truth((label,), 0, 20_000)
    assert (whose == -1).all() and not (kinds > 0).any()
    assert (kinds[:SKIPPED] == -1).all() and kinds[7999] == kinds[8025] == -1 and kinds[8100] == 0
    seen, place = truth((label, Label(0, "fall", 50_000.0, 50_000.0, 50_030.0, 50_100.0)), 0, 20_000)
    assert (seen[10_000:10_013] == 1 + KINDS.index("fall")).all() and (place[10_000:10_013] == 1).all()


def test_it_hears_the_same_inputs_as_the_engine_weighs() -> None:
    rng, n, seconds = np.random.default_rng(5), 2, 60
    z = rng.normal(scale=3.0, size=(seconds, n, len(CHANNELS)))
    z[rng.random(z.shape) < 0.2] = np.nan
    company = rng.random((seconds, n)) < 0.3
    flat = (seconds * n, len(CHANNELS))
    samples = Batch(
        np.arange(seconds * n, dtype=np.uint64), np.tile(np.arange(n, dtype=np.uint32), seconds),
        np.repeat(START + np.arange(seconds), n), z.reshape(flat).astype(np.float32), np.ones(seconds * n, np.float32),
        np.where(company, 2, 1).astype(np.int32).reshape(-1), ((7, Cue(CueName.CRY, 0.9, 0.0)),),
    )  # fmt: skip
    judged = Judged((), np.zeros(flat, np.float32), np.ones(flat, np.float32), np.zeros(len(samples)),
                    np.zeros(len(samples), np.int8))  # fmt: skip
    listening = Listening(CHANNELS, n)
    listening.hear(samples, judged)
    state, of = episode_odds.fresh(n, len(CHANNELS)), episode_odds.taught(CHANNELS, learned.shipped())
    kept = listening.kept()
    loud = np.zeros((seconds, n))
    loud[3, 1] = 0.9
    for second in range(seconds):
        row = z[second].astype(np.float32).astype(np.float64)
        episode_odds.step(
            state, of, np.arange(n), np.full(n, second), np.nan_to_num(row), np.isfinite(row), company[second],
            loud[second],
        )  # fmt: skip
        if second and second % BIN_S == 0:
            inputs = episode_odds.inputs(state.levels, state.company, state.cue)
            for person in range(n):
                np.testing.assert_allclose(kept[person][second // BIN_S - 1], inputs[person], atol=1e-6)
    said = kept[0][-2] @ of.weights.T + of.bias
    assert state.now[0] == pytest.approx(said.max(), abs=1e-4), "the engine adds a bin up in single precision"


def test_it_says_of_what_is_absent_that_it_is_usual_and_of_a_fall_that_hips_go_down() -> None:
    state, of = episode_odds.fresh(1, len(CHANNELS)), episode_odds.taught(CHANNELS, learned.shipped())
    nothing = np.zeros((1, len(CHANNELS)))
    for second in range(60):
        episode_odds.step(
            state, of, np.array([0]), np.array([second]), nothing, nothing > 0, nothing[:, 0] > 0, nothing[:, 0]
        )
    assert not state.levels.any() and state.now[0] == pytest.approx(of.bias.max())
    fallen = np.array([[0.0, -9.0, 0.0, 99.0]])
    for second in range(60, 120):
        episode_odds.step(
            state, of, np.array([0]), np.array([second]), fallen, fallen != 0, nothing[:, 0] > 0, nothing[:, 0]
        )  # fmt: skip
    posture = list(GROUPS).index("posture")
    assert state.levels[0, posture] > 8.0, "lower hips count as a tilted torso does"
    assert not np.delete(state.levels[0], [posture + i * len(GROUPS) for i in range(len(TIMES_S))]).any()


def test_it_forgets_slowly_over_a_gap_and_wholly_at_a_new_beginning() -> None:
    state, of = episode_odds.fresh(1, len(CHANNELS)), episode_odds.taught(CHANNELS, learned.shipped())
    row, loud = np.array([0]), np.zeros(1)
    stirred = np.full((1, len(CHANNELS)), 5.0)
    for second in (*range(30), 130):
        episode_odds.step(state, of, row, np.array([second]), stirred, stirred > 0, loud > 0, loud)
    fast, slow = state.levels[0, 0], state.levels[0, 2 * len(GROUPS)]
    assert 0.0 < fast < 0.7 < 5.0, "of a hundred silent seconds little is left"
    assert slow > 0.15
    episode_odds.begin(state, row)
    assert not state.levels.any() and state.bin[0] == episode_odds.NONE_YET and state.now[0] == 0.0


def test_it_refuses_weights_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=rf"\(2, 5\).*expected \(kinds, {INPUTS}\)"):
        episode_odds.taught(CHANNELS, {"weights": np.zeros((2, 5)).tolist(), "bias": [0.0, 0.0]})
    assert INPUTS == 2 * LEVELS + 2


def test_it_ships_weights_that_say_what_they_were_learned_from() -> None:
    made = learned.shipped()
    assert "seeds" in str(made["learned_from"]) and len(made["kinds"]) == len(made["bias"])
    assert len(json.dumps(made)) < 20_000


def test_it_calls_no_lift_what_chance_could_give() -> None:
    there = np.full(20, 3.0)
    alone = np.stack([np.full(20, 2.0), there], axis=1)
    better = np.stack([np.full(20, 2.5), there], axis=1)
    mixed = np.stack([np.tile([1.0, 3.0], 10), there], axis=1)
    assert lift(alone, better).low > 0.0
    assert lift(alone, mixed).low < 0.0 < lift(alone, mixed).high


def test_it_measures_the_engine_with_and_without_what_was_learned_on_the_recording_at_hand() -> None:
    labels = tuple(Label(i, "fall", 1000.0 * k, 1000.0 * k, 1000.0 * k + 30, 1000.0 * k + 60)
                   for i in range(3) for k in range(1, 5))  # fmt: skip
    observed = Observed(np.ones(3), labels)
    sees = [Alarm(label.resident, label.onset_s + 5, 1, label.end_s) for label in labels]
    engine, without = (
        detector("engine", sees, observed),
        detector("without", [*sees[:1], Alarm(2, 9e3, 2, 9.1e3)], observed),
    )
    said = told(engine, without, observed)
    assert "with it 1.00 at 0.00" in said and "without it 0.08 at 0.33" in said and "lift +0.92" in said
    assert "nothing to measure" in told(engine, without, Observed(np.ones(3), ()))
    single = Observed(np.ones(1), labels[:4])
    assert "of one person" in told(detector("engine", sees[:1], single), detector("x", (), single), single)


def test_it_takes_the_opinion_away_and_nothing_else() -> None:
    from services.vocabulary import Policy

    weights, kept = dict(evaluated_learning.deaf(Policy()).weights), dict(Policy().weights)
    assert weights.pop("escalation") == 0.0 and kept.pop("escalation") > 0.0
    assert weights == kept


def test_it_holds_what_stayed_high_for_twenty_seconds_and_forgets_over_a_gap() -> None:
    state = episode_odds.fresh(1, len(CHANNELS))
    of = episode_odds.untaught(len(CHANNELS))._replace(bias=np.full(1, 4.0))
    row, nothing = np.array([0]), np.zeros((1, len(CHANNELS)))
    held = []
    for second in (*range(31), 60, 65):
        episode_odds.step(state, of, row, np.array([second]), nothing, nothing > 0, nothing[:, 0] > 0, nothing[:, 0])
        held.append(float(state.recent[0].min()))
    assert held[19] == 0.0 and held[20] == 4.0, "four bins of five seconds"
    assert held[-2] == 0.0, "of the seconds that nobody saw nothing stayed high"
