"""The life of an event and the rules that speak, without any statistics behind them."""

import numpy as np
import pytest

from services.vocabulary import Budget, PriorEpisodes, Reason, Tier, Timing
from threshold_service.judgement import rules
from threshold_service.judgement.watch import GUARD_S, RELEARN_S, Change, Finding, Watch, follow
from threshold_service.statistics.calibration import BLOCKS_PER_WEEK

pytestmark = pytest.mark.unit
TIMING = Timing()


def told(time: float, tier: Tier | None, lasting: Tier | None = None) -> Finding:
    return Finding(time, tier, None if tier is None else Reason.COMPOSITE, lasting)


def lived(findings: list[Finding]) -> tuple[Watch, list[Change]]:
    watch, changes = Watch(), []
    for finding in findings:
        watch, change = follow(watch, finding, TIMING)
        changes.append(change)
    return watch, changes


def test_it_opens_once_and_groups_what_follows() -> None:
    watch, changes = lived([told(float(t), Tier.URGENT) for t in range(30)])
    assert changes == [Change.OPENED] + [Change.NONE] * 29
    assert watch.opened_at == 0.0


def test_it_becomes_more_urgent_but_never_less() -> None:
    tiers = [Tier.MONITOR, Tier.IMMEDIATE, Tier.URGENT, Tier.MONITOR]
    watch, changes = lived([told(float(t), tier) for t, tier in enumerate(tiers)])
    assert changes == [Change.OPENED, Change.RAISED, Change.NONE, Change.NONE]
    assert watch.tier is Tier.IMMEDIATE


def test_it_ends_after_a_minute_of_quiet_and_not_while_it_lasts() -> None:
    findings = [told(0.0, Tier.IMMEDIATE)]
    findings += [told(float(t), None, Tier.IMMEDIATE) for t in range(1, 100)]
    findings += [told(float(t), None, Tier.MONITOR) for t in range(100, 170)]
    _, changes = lived(findings)
    assert changes.index(Change.ENDED) == 99 + int(TIMING.quiet_to_end_s)


def test_it_stays_quiet_in_the_cooldown_except_for_something_more_urgent() -> None:
    quiet = [told(float(t), None) for t in range(1, 62)]
    after = [told(0.0, Tier.URGENT), *quiet]
    _, changes = lived([*after, told(70.0, Tier.URGENT), told(71.0, Tier.MONITOR), told(72.0, Tier.IMMEDIATE)])
    assert changes[-3:] == [Change.NONE, Change.NONE, Change.OPENED]
    _, later = lived([*after, told(61.0 + TIMING.cooldown_s, Tier.URGENT)])
    assert later[-1] is Change.OPENED


def test_it_does_not_learn_during_a_serious_event_and_shortly_after() -> None:
    serious, _ = lived([told(1000.0, Tier.URGENT)])
    mild, _ = lived([told(1000.0, Tier.MONITOR)])
    assert serious.learns_after == 1000.0 + RELEARN_S
    assert mild.learns_after == 0.0
    over, _ = lived([told(1000.0, Tier.URGENT), told(1061.0, None)])
    assert over.learns_after == 1061.0 + GUARD_S


def test_it_remembers_the_events_of_the_last_day() -> None:
    watch, _ = lived([told(0.0, Tier.IMMEDIATE), told(61.0, None), told(500.0, Tier.URGENT), told(561.0, None)])
    assert watch.prior(600.0) == PriorEpisodes(1, 1, 0)
    assert watch.prior(86_600.0) == PriorEpisodes(0, 1, 0)


def test_it_lets_nothing_that_is_only_logged_keep_an_alert_open() -> None:
    """Else the next episode would find the alert of the last one still open, and nobody would be told."""
    _, changes = lived([told(0.0, Tier.URGENT), *(told(float(t), Tier.MONITOR) for t in range(1, 61))])
    assert changes[-2:] == [Change.NONE, Change.ENDED]
    _, mild = lived([told(0.0, Tier.MONITOR), *(told(float(t), Tier.MONITOR) for t in range(1, 200))])
    assert Change.ENDED not in mild


def test_it_forgets_a_technical_event() -> None:
    blind = Finding(0.0, Tier.MONITOR, Reason.BLIND)
    watch, changes = lived([blind, told(61.0, None), told(62.0, Tier.MONITOR)])
    assert changes == [Change.OPENED, Change.ENDED, Change.OPENED]
    assert watch.prior(62.0) == PriorEpisodes()


def test_it_spends_each_tiers_budget_and_no_more() -> None:
    rates = rules.rates(Budget(tier1=2.0, tier2=8.0, tier3=40.0))
    weekly = dict.fromkeys(Tier, 0.0)
    for rule, per_block in zip(rules.RULES, rates.per_block, strict=True):
        weekly[rule.tier] += per_block * BLOCKS_PER_WEEK
    assert weekly[Tier.IMMEDIATE] + rules.CUE.share * 2.0 == pytest.approx(2.0)
    assert weekly[Tier.URGENT] == pytest.approx(8.0)
    assert weekly[Tier.MONITOR] == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("heard", "held"), [((1, 1), True), ((1, 0, 1), True), ((1, 0, 0, 1), False), ((1,), False), ((0, 0, 0), False)]
)
def test_it_needs_a_cue_in_two_of_three_samples(heard: tuple[int, ...], held: bool) -> None:
    bits = np.array([0])
    for one in heard:
        bits = rules.cue_bits(bits, np.array([bool(one)]), np.array([0]))
    assert bool(rules.HELD[bits][0]) is held


def test_it_lets_the_most_urgent_rule_speak() -> None:
    over = np.array([rule.reason in (Reason.SUSTAINED, Reason.MILD) for rule in rules.RULES])
    spoken = rules.verdict(over, False, False)
    assert spoken is not None and spoken.reason is Reason.SUSTAINED
    assert rules.verdict(over, True, False) is rules.CUE
    assert rules.verdict(over & False, False, True) is rules.BLIND
    assert rules.verdict(over & False, False, False) is None


def test_it_knows_how_urgent_an_event_is_at_present() -> None:
    urgent, _ = lived([told(0.0, Tier.IMMEDIATE), told(1.0, None, Tier.URGENT)])
    assert (urgent.tier, urgent.now, urgent.eased) == (Tier.IMMEDIATE, Tier.URGENT, True)
    waiting, _ = lived([told(0.0, Tier.URGENT), told(1.0, None)])
    assert (waiting.tier, waiting.now, waiting.eased) == (Tier.URGENT, None, True)
    again, _ = lived([told(0.0, Tier.IMMEDIATE), told(1.0, None), told(2.0, Tier.IMMEDIATE)])
    assert (again.now, again.eased) == (Tier.IMMEDIATE, False)
