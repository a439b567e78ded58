"""Weeks in the life of one resident: what is said of a usual that moves, and of one that does not."""

import copy

import numpy as np
import pytest

from services.vocabulary import Event, Mode, Policy, Reason, Tier
from tests.stories.life import CHANNELS, USUAL, Life, serious
from threshold_service.engine import Engine
from threshold_service.judgement.rules import MOVED

pytestmark = pytest.mark.story
IN_VIEW_S, DAY_S = 8 * 3600, 86_400
KNOWN_DAYS, MOVING_DAYS = 8, 13
A_DAY = 0.35
"""Spreads by which the usual moves from day to day."""
LIVELY = np.array([name.startswith(("motion.", "pose.")) for name in CHANNELS])
SPREAD = np.array([spread for _, spread, _ in USUAL.values()])


def weeks(life: Life, days: range, a_day: float) -> list[Event]:
    """Some hours of each day in view; every day is livelier than the day before by so many spreads."""
    told: list[Event] = []
    for day in days:
        told += life.pass_through(life.ordinary(IN_VIEW_S) + SPREAD * LIVELY * a_day * day)
        life.skip(DAY_S - IN_VIEW_S)
    return told


def notes(told: list[Event]) -> list[Event]:
    return [event for event in told if event.detector == MOVED.detector and event.revision == 1]


@pytest.fixture(scope="module")
def resident() -> Life:
    """Somebody who has been there for a week."""
    life = Life(Mode.OBSERVABLES, seed=11)
    assert notes(weeks(life, range(KNOWN_DAYS), 0.0)) == []
    return life


def again(resident: Life) -> Life:
    life = copy.copy(resident)
    life.rng, life.engine = copy.deepcopy(resident.rng), Engine.load(resident.engine.dump(), Policy())
    return life


def test_it_says_calmly_that_his_usual_has_been_moving_for_days(resident: Life) -> None:
    life = again(resident)
    told = weeks(life, range(MOVING_DAYS - 2), A_DAY)
    restarted = again(life)
    at_once, later = (weeks(one, range(MOVING_DAYS - 2, MOVING_DAYS), A_DAY) for one in (life, restarted))
    assert str(at_once) == str(later)
    assert life.engine.dump() == restarted.engine.dump()
    told += at_once
    assert notes(told)
    first = notes(told)[0]
    assert (first.reason, first.tier) == (Reason.DRIFT, MOVED.tier)
    assert first.score > first.threshold
    assert first.deviations
    assert {one.channel for one in first.deviations} <= set(np.array(CHANNELS)[LIVELY].tolist())
    assert all(one.value > one.usual + one.spread / 2 for one in first.deviations)
    urgent = {event.id for event in serious(told)}
    assert not [event for event in told if event.tier is Tier.IMMEDIATE]
    assert len(urgent) <= Policy().budget.tier2 * MOVING_DAYS / 7, "no more than of anybody whose usual stays"
    assert [event.open for event in told if event.id == first.id] == [True, False]
    days = [event.opened_at // DAY_S for event in notes(told)]
    assert len(set(days)) == len(days), "one note a day at most"


def test_it_says_nothing_of_an_ordinary_fortnight(resident: Life) -> None:
    life = again(resident)
    assert notes(weeks(life, range(14), 0.0)) == []
    assert np.isfinite(life.engine._state.drift.origin).any(), "though it watched"
