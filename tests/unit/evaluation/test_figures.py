"""The judge is judged: matching, duplicates, observability, rates and intervals on cases small enough to count."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation import bootstrap, coverage, figures
from services.evaluation.matching import TOLERANCE_S, match
from services.evaluation.nouns import Alarm, Label, Verdict

pytestmark = pytest.mark.unit
TRUE, DUPLICATE, FALSE = Verdict.TRUE, Verdict.DUPLICATE, Verdict.FALSE


def label(resident: int = 0, onset: float = 1000.0, observable: bool = True) -> Label:
    return Label(resident, "fall", onset - 100.0, onset, onset + 50.0, onset + 200.0, observable)


def alarm(opened: float, tier: int = 2, resident: int = 0, lasts: float = 10.0) -> Alarm:
    return Alarm(resident, opened, tier, opened + lasts)


def test_it_finds_an_episode_once_and_counts_further_alarms_as_duplicates() -> None:
    made = match([alarm(899.0), alarm(900.0), alarm(1100.0, 1), alarm(1200.0 + TOLERANCE_S + 1)], [label()])
    assert made.verdicts == (FALSE, TRUE, DUPLICATE, FALSE)
    assert made.found == (1,)
    assert made.episodes == (-1, 0, 0, -1)


def test_it_counts_the_bounds_of_an_episode_as_inside() -> None:
    assert match([alarm(900.0)], [label()]).verdicts == (TRUE,)
    assert match([alarm(1200.0 + TOLERANCE_S)], [label()]).verdicts == (TRUE,)


def test_it_gives_an_alarm_in_two_episodes_to_the_first_that_was_not_found() -> None:
    first, second = label(onset=1000.0), label(onset=1250.0)
    made = match([alarm(1160.0), alarm(1170.0), alarm(1180.0)], [second, first])
    assert made.verdicts == (TRUE, TRUE, DUPLICATE)
    assert made.found == (1, 0), "the earlier episode was found first"


def test_it_never_matches_another_residents_episode() -> None:
    assert match([alarm(1000.0, resident=1)], [label(resident=0)]).verdicts == (FALSE,)


def test_it_takes_alarms_in_the_order_of_time_whatever_the_order_of_telling() -> None:
    made = match([alarm(1100.0), alarm(950.0)], [label()])
    assert made.verdicts == (DUPLICATE, TRUE)


def test_it_refuses_a_label_whose_times_are_out_of_order() -> None:
    with pytest.raises(ValueError, match="expected them in order"):
        Label(0, "fall", 10.0, 5.0, 6.0, 7.0)


def test_it_calls_an_episode_observable_from_sixty_percent_on() -> None:
    seconds = np.zeros(2000, bool)
    seconds[700 : 700 + 210] = True
    assert coverage.marked([label()], [seconds])[0].observable, "210 of 350 seconds"
    seconds[700] = False
    assert not coverage.marked([label()], [seconds])[0].observable


def test_it_counts_what_lies_before_the_recording_as_unseen() -> None:
    early = Label(0, "fall", 20.0, 60.0, 70.0, 80.0)
    assert not coverage.marked([early], [np.ones(100, bool)])[0].observable


def test_it_does_not_take_sound_in_an_empty_room_for_a_person() -> None:
    values = np.array([[1.0, np.nan, np.nan], [1.0, np.nan, 0.2], [np.nan, np.nan, np.nan]])
    assert coverage.covered(("audio.loudness", "pose.speed", "emotion.fear"), values).tolist() == [False, True, False]
    assert coverage.covered(("weight",), values[:, :1]).tolist() == [True, True, False], "nothing else is there"


def test_it_counts_rates_by_hand() -> None:
    labels = (label(0), label(0, 5000.0), label(1), label(1, 9000.0, observable=False))
    alarms = [
        alarm(950.0, 2), alarm(1010.0, 1), alarm(3000.0, 2), alarm(4000.0, 1), alarm(1020.0, 1, 1), alarm(9000.0, 2, 1),
    ]  # fmt: skip
    observed = figures.Observed(np.array([1.0, 3.0]), labels)
    both, first = figures.judge(alarms, observed), figures.judge(alarms, observed, (1,))
    assert figures.recall(both).value == pytest.approx(2 / 3)
    assert figures.recall(first).value == pytest.approx(2 / 3), "a tier-1 alarm after a tier-2 alarm is found by itself"
    assert figures.recall_of_all(both).value == pytest.approx(3 / 4)
    assert figures.precision(both).value == pytest.approx(3 / 5), "the duplicate is neither true nor false"
    assert figures.false_per_day(both).value == pytest.approx(2 / 4)
    assert figures.false_per_day(both, (1,)).value == pytest.approx(1 / 4)
    assert figures.before_onset(both).value == pytest.approx(1 / 3)
    assert figures.in_alarm(both).value == pytest.approx(60.0 / (4 * 86_400))
    assert figures.per_shift(both).value == pytest.approx(6 / 4 * 8 / 3)
    named = {figure.name: figure.interval.value for figure in figures.table(alarms, observed)}
    assert named["lead before the peak, median"] == pytest.approx((100.0 + 30.0) / 2)
    assert named["delay after onset, median"] == pytest.approx((-50.0 + 20.0) / 2)


def test_it_gives_no_number_where_there_is_nothing_to_count() -> None:
    judged = figures.judge([], figures.Observed(np.ones(2), ()))
    assert math.isnan(figures.recall(judged).value)
    assert math.isnan(figures.precision(judged).value)
    assert figures.false_per_day(judged).value == 0.0


def test_it_holds_the_true_rate_in_its_interval_nineteen_times_in_twenty() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        found, there = rng.binomial(8, 0.7, 40).astype(float), np.full(40, 8.0)
        made = bootstrap.ratio(found, there, rng)
        held += made.low <= 0.7 <= made.high
    assert 0.88 <= held / 200 <= 0.99


def test_it_draws_persons_and_not_episodes() -> None:
    rng = np.random.default_rng(2)
    alike = bootstrap.ratio(np.full(20, 5.0), np.full(20, 10.0), rng)
    apart = bootstrap.ratio(np.tile([10.0, 0.0], 10), np.full(20, 10.0), rng)
    assert alike.high - alike.low == 0.0
    assert apart.high - apart.low > 0.3, "persons that differ make the figure unsure"


times = st.floats(0.0, 5000.0)
alarms_of_two = st.lists(
    st.builds(alarm, opened=times, tier=st.sampled_from([1, 2]), resident=st.integers(0, 1)), max_size=20
)
labels_of_two = st.lists(st.builds(label, resident=st.integers(0, 1), onset=st.floats(100.0, 4000.0)), max_size=8)


@settings(max_examples=80, deadline=None)
@given(alarms_of_two, labels_of_two)
def test_it_matches_one_to_one_and_forgets_nobody(alarms: list[Alarm], labels: list[Label]) -> None:
    made = match(alarms, labels)
    true = [place for place, verdict in enumerate(made.verdicts) if verdict is TRUE]
    assert sorted(found for found in made.found if found >= 0) == true
    assert len({made.episodes[place] for place in true}) == len(true)
    for place, verdict in enumerate(made.verdicts):
        inside = [one for one in labels if one.resident == alarms[place].resident
                  and one.prodrome_s <= alarms[place].opened_s <= one.end_s + TOLERANCE_S]  # fmt: skip
        assert (verdict is FALSE) == (not inside)


@settings(max_examples=30, deadline=None)
@given(alarms_of_two, labels_of_two)
def test_it_never_finds_less_with_more_alarms(alarms: list[Alarm], labels: list[Label]) -> None:
    fewer, more = match(alarms[: len(alarms) // 2], labels), match(alarms, labels)
    assert sum(found >= 0 for found in more.found) >= sum(found >= 0 for found in fewer.found)
