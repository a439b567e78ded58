"""Holds an alert's states to their promises under every order of what can happen to it."""

import doctest
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting import headline, lateness, message, retry, standing
from services.alerting.retry import Schedule, next_attempt
from services.vocabulary import Alert, AlertStatus, Tier, Timing
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit
TIMING = Timing()

STEPS = st.lists(
    st.sampled_from(["raise", "assess", "end", "acknowledge", "deliver", "fail", "judge"]), max_size=12
)  # fmt: skip


def step(alert: Alert, what: str, now: float) -> Alert:
    match what:
        case "raise":
            return standing.raised(alert, event(tier=Tier.IMMEDIATE, revision=2, updated_at=now))
        case "assess":
            return standing.assessed(alert, "a1", now)
        case "end":
            return standing.ended(alert, now)
        case "acknowledge":
            return standing.acknowledged(alert, f"by {now}", now)
        case "deliver":
            return standing.delivered(alert, now) if standing.may_be_told(alert) else alert
        case "fail":
            return standing.undelivered(alert)
        case _:
            return standing.judged_late(alert, now, TIMING)


@given(STEPS, st.floats(0.1, 1000.0), st.sampled_from([Tier.IMMEDIATE, Tier.URGENT]))
def test_it_never_loses_an_alert_nor_tells_after_somebody_took_it(steps: list[str], gap: float, tier: Tier) -> None:
    alert = standing.opened(event(tier=tier), "12", NOON, TIMING)
    for number, what in enumerate(steps, 1):
        before, alert = alert, step(alert, what, NOON + gap * number)
        assert alert.id == before.id
        assert not before.tier.more_urgent_than(alert.tier)
        for kept in ("acknowledged_at", "notified_at", "resolved_at"):
            assert getattr(before, kept) in (None, getattr(alert, kept))
        if before.acknowledged_at is not None:
            assert not standing.may_be_told(alert)
            assert alert.notified_at == before.notified_at
            assert alert.acknowledged_by == before.acknowledged_by
        if alert.status is AlertStatus.RESOLVED:
            assert alert.resolved_at is not None
            assert alert.notified_at is not None or alert.acknowledged_at is not None
        if alert.status is AlertStatus.NOTIFIED:
            assert alert.notified_at is not None
    told = alert.notified_at is not None or alert.acknowledged_at is not None
    waits = alert.status in (AlertStatus.PENDING, AlertStatus.UNDELIVERED, AlertStatus.MISSED)
    assert told or waits


def test_it_waits_with_tier_two_and_not_with_tier_one() -> None:
    assert standing.opened(event(tier=Tier.IMMEDIATE), "", NOON, TIMING).notify_not_before == NOON
    urgent = standing.opened(event(), "", NOON, TIMING)
    assert urgent.notify_not_before == NOON + 20
    assert standing.assessed(urgent, "a", NOON + 6).notify_not_before == NOON + 6
    assert standing.assessed(urgent, "a", NOON + 60).notify_not_before == NOON + 20


def test_it_counts_the_age_of_a_raised_event_from_when_it_was_raised() -> None:
    later = event(tier=Tier.IMMEDIATE, revision=4, updated_at=NOON + 7200)
    assert standing.opened(later, "", NOON + 7201, TIMING).opened_at == NOON + 7200
    missed = replace(standing.opened(event(), "", NOON, TIMING), status=AlertStatus.MISSED)
    raised = standing.raised(missed, later)
    assert (raised.status, raised.opened_at) == (AlertStatus.PENDING, NOON + 7200)


@given(st.integers(1, 500), st.floats(0, 100_000))
def test_it_tries_again_ever_later_and_not_for_ever(attempts: int, age: float) -> None:
    again = next_attempt(attempts, NOON, NOON + age, 900.0, Schedule())
    if again is None:
        assert age + 300 > 86_400
    else:
        assert 2 <= again - (NOON + age) <= 300 + 1e-3


@pytest.mark.parametrize("module", [headline, lateness, message, retry, standing])
def test_it_shows_examples_that_run(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.failed == 0
