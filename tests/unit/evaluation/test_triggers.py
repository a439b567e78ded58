"""EIBench's recall is what its authors compute, worked by hand. Kind: unit."""

import pytest

from services.evaluation.triggers import NONE, Counted, read_score, trigger_recall

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ("{score: 2/5} The record names the medal.", Counted(2, 5)),
        ("I would say {score: 0/3}, not {score: 3/3}.", Counted(0, 3)),
        ("{Score: 2/5}", None), ("score: 2/5", None), ("{score: two of five}", None), ("", None),
        ("{score: 0/0}", None), ("{score: 6/5}", None),
    ],
)  # fmt: skip
def test_a_score_is_read_as_the_authors_read_it(said: str, counted: Counted | None) -> None:
    assert read_score(said) == counted


def test_recall_is_the_mean_of_shares_and_not_the_share_of_all_triggers() -> None:
    pictures = ["EmoSet/Happy/1.jpg", "CAER/Happy/2.jpg", "caer/sad/3.jpg", "emoset/awe/4.jpg"]
    found = {one.metric: one for one in trigger_recall(pictures, [Counted(1, 2), Counted(3, 3), Counted(1, 4), NONE])}
    assert found["recall, %"].interval.value == pytest.approx(100 * (0.5 + 1.0 + 0.25 + 0.0) / 4)
    assert (found["recall of happy, %"].interval.value, found["recall of happy, %"].n) == (75.0, 2)
    assert found["recall of sadness, %"].interval.value == 25.0 and set(found) == {
        "recall, %", "recall of happy, %", "recall of sadness, %",
    }  # fmt: skip
    whole = found["recall, %"].interval
    assert 0.0 <= whole.low < whole.value < whole.high <= 100.0


def test_nothing_to_count_is_said() -> None:
    with pytest.raises(ValueError, match="0 pictures, 0 scores"):
        trigger_recall([], [])
    with pytest.raises(ValueError, match="1 pictures, 0 scores"):
        trigger_recall(["a"], [])
