"""Published metrics against examples worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from services.evaluation.published import (
    ACCURACY,
    AVERAGE,
    CLUE,
    F_SCORE,
    PEERS,
    RECALL,
    UAR,
    WAR,
    exactly,
    grouping,
    open_set,
    overlap,
    recalls,
)


def test_average_recall_is_of_items_or_of_classes() -> None:
    truth = ["joy"] * 6 + ["fear"] * 2
    said = ["joy"] * 6 + ["fear", "joy"]
    by_name = {score.metric: score for score in recalls(truth, said)}
    assert by_name[WAR].interval.value == pytest.approx(100 * 7 / 8)
    assert by_name[UAR].interval.value == pytest.approx(100 * (1.0 + 0.5) / 2)
    assert by_name[WAR].interval.low < 87.5 <= by_name[WAR].interval.high and by_name[WAR].n == 8


def test_average_recall_is_as_scikit_learn_has_it_also_where_an_answer_is_no_class() -> None:
    rng = np.random.default_rng(3)
    labels = np.array(["happiness", "sadness", "anger", "fear"])
    truth = labels[rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])]
    said = np.where(rng.random(300) < 0.6, truth, labels[rng.integers(0, 4, 300)])
    unweighted = recalls(truth.tolist(), said.tolist())[1]
    assert unweighted.interval.value == pytest.approx(100 * balanced_accuracy_score(truth, said))
    beside = ["I see no face" if place % 7 == 0 else one for place, one in enumerate(said.tolist())]
    right = [a == b for a, b in zip(truth, beside, strict=True)]
    assert recalls(truth.tolist(), beside)[0].interval.value == pytest.approx(100 * np.mean(right))


def test_open_words_are_compared_after_synonyms_were_brought_together() -> None:
    truth = [{"joyful", "grateful"}, {"angry"}, {"sad"}, {"unheard-of"}]
    said = [{"Happy ", "surprised"}, {"furious", "irritated", "blorp"}, set(), {"sad"}]
    wheel = grouping({
        "joyful": "happy", "happy": "happy", "grateful": "grateful", "surprised": "surprised", "angry": "angry",
        "furious": "angry", "irritated": "angry", "sad": "sad",
    })  # fmt: skip
    by_name = {score.metric: score for score in open_set(truth, said, [wheel])}
    # first item: 1 of 2 said is true, 1 of 2 true was said; second: all; third: nothing said; fourth: no known label
    assert by_name[ACCURACY].interval.value == pytest.approx(100 * (0.5 + 1.0 + 0.0) / 3)
    assert by_name[RECALL].interval.value == pytest.approx(100 * (0.5 + 1.0 + 0.0) / 3)
    assert {score.n for score in by_name.values()} == {3}


def test_accuracy_and_recall_differ_where_more_is_said_than_is_true_and_several_wheels_are_averaged() -> None:
    truth, said = [{"a"}, {"b", "c"}], [{"a", "x"}, {"b"}]
    by_name = {score.metric: score.interval.value for score in open_set(truth, said, [exactly])}
    assert by_name == {ACCURACY: pytest.approx(75.0), RECALL: pytest.approx(75.0), AVERAGE: pytest.approx(75.0),
                       F_SCORE: pytest.approx(75.0)}  # fmt: skip
    one_kind = grouping(dict.fromkeys("abcx", "feeling"))
    both = {score.metric: score.interval.value for score in open_set(truth, said, [exactly, one_kind])}
    assert both[AVERAGE] == pytest.approx((75.0 + 100.0) / 2)
    lopsided = {score.metric: score.interval.value for score in open_set([{"a"}], [{"a", "b", "c", "d"}], [exactly])}
    assert (lopsided[ACCURACY], lopsided[RECALL], lopsided[AVERAGE]) == pytest.approx((25.0, 100.0, 62.5))
    assert lopsided[F_SCORE] == pytest.approx(40.0)


def test_overlap_is_the_mean_of_what_a_judge_says() -> None:
    score = overlap(CLUE, [8.0, 9.0, 10.0, 5.0])
    assert score.interval.value == pytest.approx(8.0) and score.n == 4
    assert score.interval.low < 8.0 < score.interval.high


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: recalls(["joy"], []), "1 true and 0 said"),
        (lambda: recalls([], []), "no items"),
        (lambda: overlap(CLUE, [8.0, 11.0]), "score 2 is 11.0: expected a number from 0 to 10"),
        (lambda: overlap(CLUE, [float("nan")]), "score 1 is nan"),
        (lambda: overlap(CLUE, []), "no scores"),
        (lambda: open_set([{"a"}], [{"a"}], []), "no grouping"),
        (lambda: open_set([{"a"}], [{"a"}], [grouping({"b": "b"})]), "knows no true label of all 1 items"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_words(wrong: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()  # type: ignore[operator]


def test_what_others_published_stands_beside_in_metrics_that_are_computed() -> None:
    assert {peer.metric for peer in PEERS} <= {UAR, WAR, ACCURACY, RECALL, AVERAGE, F_SCORE, CLUE}
    assert {peer.benchmark for peer in PEERS if peer.target} == {peer.benchmark for peer in PEERS}
