"""The learned opinion: arrays give what the library gave, absence says nothing, and help is measured on persons."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.evaluation.figures import Observed
from services.evaluation.nouns import Label
from services.evaluation.recording import DAY_S
from services.runtime.batch import Batch
from threshold_service.evaluated_learning import EVERY_S, SHIPPED, Looking, Seen, lift, opinion, teach, told
from threshold_service.judgement.learned import GROUPS, TIMES_S, grouped, probability, read, step, write
from threshold_service.wave import Judged

pytestmark = pytest.mark.unit
Floats = NDArray[np.float64]
INPUTS = len(GROUPS) * len(TIMES_S)


def seen() -> Seen:
    rng = np.random.default_rng(1)
    features = [rng.normal(size=(2000, INPUTS)) for _ in range(3)]
    labels = tuple(Label(i, "fall", 1000.0, 1500.0, 4000.0, 5000.0) for i in range(3))
    for one in features:
        one[200:801, 0] += 3.0
    return Seen(features, [np.zeros(2000)] * 3, Observed(np.ones(3), labels))


def test_it_gives_the_probabilities_of_the_library_it_was_taught_with() -> None:
    from sklearn.ensemble import RandomForestClassifier

    from threshold_service.evaluated_learning import LEAVES, TREES, _under_way

    there = seen()
    forest = teach(there, range(3), 7)
    rows = np.concatenate([one[::4] for one in there.features])
    truth = np.concatenate([_under_way(there.observed.labels, i, 2000)[::4] for i in range(3)])
    library = RandomForestClassifier(TREES, max_leaf_nodes=LEAVES, min_samples_leaf=20,
                                     class_weight="balanced_subsample", random_state=7).fit(rows, truth)  # fmt: skip
    asked = np.random.default_rng(3).normal(size=(500, INPUTS)).astype(np.float32).astype(np.float64)
    assert np.allclose(probability(forest, asked), library.predict_proba(asked)[:, 1], atol=1e-9)
    assert probability(forest, there.features[0][300:700]).mean() > probability(forest, there.features[0][:150]).mean()


def test_it_reads_what_it_wrote_and_refuses_what_does_not_fit() -> None:
    forest = teach(seen(), range(2), 1)._replace(weight=0.25)
    text = write(forest, {"learned_from": "a test"})
    back = read(text)
    asked = np.random.default_rng(2).normal(size=(200, INPUTS))
    assert back.weight == 0.25
    assert np.allclose(probability(back, asked), probability(forest, asked), atol=0.02)
    with pytest.raises(ValueError, match="expected features below"):
        read(write(forest._replace(feature=forest.feature + INPUTS), {}))


def test_it_says_nothing_of_what_is_absent() -> None:
    channels = ("motion.ratio", "pose.hip_height", "weight")
    assert not grouped(channels, np.full((2, 3), np.nan)).any()
    made = grouped(channels, np.array([[0.5, -2.0, 9.0]]))
    assert made[0, list(GROUPS).index("posture")] == 2.0, "lower hips count as a fall does"
    assert made[0, list(GROUPS).index("motion")] == 0.5


def test_it_smooths_second_by_second_as_in_one_go() -> None:
    from scipy.signal import lfilter

    inputs = np.random.default_rng(1).normal(size=(400, 2))
    levels = np.zeros((len(TIMES_S), 2))
    for one in inputs:
        levels = step(levels, one)
    whole = [lfilter([1 / t], [1.0, 1 / t - 1.0], inputs, axis=0)[-1] for t in TIMES_S]
    assert np.allclose(levels, whole)


def test_it_calls_no_lift_what_chance_could_give() -> None:
    there = np.full(20, 3.0)
    alone = np.stack([np.full(20, 2.0), there], axis=1)
    better = np.stack([np.full(20, 2.5), there], axis=1)
    mixed = np.stack([np.tile([1.0, 3.0], 10), there], axis=1)
    assert lift(alone, better).low > 0.0
    assert lift(alone, mixed).low < 0.0 < lift(alone, mixed).high


def test_it_ships_an_opinion_that_is_on_only_where_it_helped() -> None:
    about = json.loads(SHIPPED.read_text())["about"]
    forest = read(SHIPPED.read_text())
    assert len(SHIPPED.read_bytes()) < 200_000
    assert (forest.weight > 0.0) == (about["lift_low"] > 0.0)
    text = told(listening(opinion()), Observed(np.full(1, 2.0), ()))
    assert f"{about['lift']:+.2f}" in text and "nothing to measure it on" in text


CHANNELS = ("motion.ratio", "motion.erratic", "audio.loudness", "audio.vocal_energy", "pose.speed")
HEARD_S = 2 * DAY_S


def listening(keep: Callable[[Floats], Floats], residents: int = 1, louder: float = 0.0) -> Looking:
    """Somebody who listens to two days, of which the composite knows nothing, and in whose second every third hour has
    twenty minutes of agitation, `louder` spreads in the channels."""
    looking, rng = Looking(CHANNELS, residents, keep), np.random.default_rng(4)
    for begin in range(0, HEARD_S, 300):
        values = rng.normal(size=(300, residents, len(CHANNELS)))
        values[(np.arange(begin, begin + 300) % 10_800 < 1200) & (begin >= DAY_S)] += louder
        n, flat = 300 * residents, (300 * residents, len(CHANNELS))
        samples = Batch(
            np.arange(n, dtype=np.uint64), np.zeros(n, np.uint32), np.zeros(n), values.reshape(flat).astype(np.float32),
            np.ones(n, np.float32), np.ones(n, np.int32),
        )  # fmt: skip
        judged = Judged((), np.zeros(flat), np.ones(flat), rng.gamma(2.0, 0.2, n), np.zeros(n, np.int8))
        looking.hear(samples, judged)
    return looking


def test_it_keeps_of_pieces_what_it_would_of_the_whole() -> None:
    from scipy.signal import lfilter

    looking, whole = listening(lambda rows: rows, 2), []
    rng = np.random.default_rng(4)
    for _ in range(0, HEARD_S, 300):
        whole.append(grouped(CHANNELS, rng.normal(size=(300, 2, len(CHANNELS)))[:, 1].astype(np.float32)))
        rng.gamma(2.0, 0.2, 600)
    inputs = np.concatenate(whole)
    levels = [lfilter([1 / t], [1.0, 1 / t - 1.0], inputs, axis=0)[::EVERY_S] for t in TIMES_S]
    np.testing.assert_allclose(looking.kept()[1], np.concatenate(levels, axis=1), atol=1e-9)
    assert looking.score()[1].shape == (HEARD_S // EVERY_S,)


def test_it_measures_the_shipped_opinion_on_the_recording_at_hand() -> None:
    labels = tuple(
        Label(i, "rapid_escalation", float(t), t + 60.0, t + 900.0, t + 1200.0)
        for i in range(3)
        for t in range(DAY_S, HEARD_S, 10_800)
    )
    blind = told(listening(opinion(), 3), Observed(np.full(3, 2.0), labels))
    seeing = told(listening(opinion(), 3, louder=3.0), Observed(np.full(3, 2.0), labels))
    lifts = [float(text.rsplit("lift ", 1)[1].split(" ", 1)[0]) for text in (blind, seeing)]
    assert lifts[1] > 0.5 > lifts[0], (blind, seeing)
    assert "of one person" in told(listening(opinion()), Observed(np.full(1, 2.0), labels[:7]))
    early = tuple(Label(0, "fall", float(t), t + 1.0, t + 2.0, t + 60.0) for t in range(3600, DAY_S - 60, 3600))
    assert "after the first day could be observed" in told(listening(opinion()), Observed(np.full(1, 2.0), early))


FOREST = read(write(teach(seen(), range(1), 1), {}))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_it_is_a_probability_whatever_is_asked(seed: int) -> None:
    asked = np.random.default_rng(seed).normal(scale=100.0, size=(50, INPUTS))
    made = probability(FOREST, asked)
    assert np.all((made >= 0.0) & (made <= 1.0))
