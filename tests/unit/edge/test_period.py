"""Seconds become samples of a few seconds: means where a mean is honest, and nothing that may be an alarm waits."""

import math
from collections.abc import Iterable

import pytest

from edge_agent.camera import SecondOfRoom
from edge_agent.period import Period
from services.vocabulary import Absence, Cue, CueName, Gap, Sense

pytestmark = pytest.mark.unit

NAN = math.nan
CHANNELS = ("motion.ratio", "pose.fall", "conflict.face-voice", "quality.pose")
FALL, STRANGER = Cue(CueName.FALL, 0.9), Gap(Sense.POSE, Absence.NOT_CONFIRMED)


def second(at: float, motion: float = 0.1, quality: float = 1.0, **more: object) -> SecondOfRoom:
    return SecondOfRoom(at, (motion, 0.0, 0.0, quality), **more)  # type: ignore[arg-type]


def told(period: Period, seconds: Iterable[SecondOfRoom]) -> list[SecondOfRoom]:
    return [sample for one in seconds for sample in period.add(one)]


def test_it_passes_every_second_on_as_it_is_where_nothing_was_set() -> None:
    seconds = [second(float(k)) for k in range(3)]
    assert told(Period(1, CHANNELS), seconds) == seconds


def test_it_tells_the_mean_of_the_seconds_that_were_there_and_the_largest_evidence() -> None:
    [one] = told(
        Period(3, CHANNELS),
        [
            SecondOfRoom(1.0, (0.1, 0.2, 0.9, 1.0), 1.0, 1),
            SecondOfRoom(2.0, (0.3, 0.6, 0.1, 0.5), 0.5, 2, gaps=(STRANGER,)),
            SecondOfRoom(3.0, (NAN, NAN, NAN, NAN), 0.0, -1),
        ],
    )
    assert one.time == 3.0
    assert one.values == pytest.approx((0.2, 0.6, 0.9, 0.5))
    assert (one.quality, one.persons, one.gaps) == (0.5, 2, (STRANGER,))


def test_it_leaves_absent_what_no_second_had() -> None:
    [one] = told(Period(2, CHANNELS), [SecondOfRoom(float(k), (NAN,) * 4, 0.0) for k in (1, 2)])
    assert all(map(math.isnan, one.values))


def test_it_keeps_no_second_waiting_in_which_a_cue_was_heard() -> None:
    samples = told(Period(10, CHANNELS), [second(1.0), second(2.0), second(3.0, cues=(FALL,)), second(4.0)])
    assert [(one.time, one.cues) for one in samples] == [(3.0, (FALL,))]


def test_it_spans_no_hole_in_time() -> None:
    period = Period(5, CHANNELS)
    samples = told(period, [second(1.0, 0.1), second(2.0, 0.3), second(60.0, 0.9), second(50.0, 0.5)])
    assert [(one.time, one.values[0]) for one in samples] == [(2.0, pytest.approx(0.2)), (60.0, 0.9)]
    assert [one.time for one in period.rest()] == [50.0]
    assert period.rest() == []
