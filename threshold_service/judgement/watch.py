"""The life of an event: it opens, becomes more urgent, goes on, ends, and leaves a cooldown behind."""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.vocabulary import PriorEpisodes, Reason, Seconds, Tier, Timing, UnixSeconds

MEMORY_S: Seconds = 86_400.0
RELEARN_S: Seconds = 900.0
"""An event that goes on longer no longer keeps the baseline from learning: a moved camera must not alarm for ever."""
GUARD_S: Seconds = 120.0
"""Nothing is learned this long after an event (source: guess)."""


class Change(StrEnum):
    """What this second did to the event."""

    NONE = "none"
    OPENED = "opened"
    RAISED = "raised"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules say of one second: the most urgent rule that spoke (`tier` None: none did), and the most urgent
    tier whose rules still hold by hysteresis."""

    time: UnixSeconds
    tier: Tier | None = None
    reason: Reason | None = None
    lasting: Tier | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """One resident's event and memory. `tier` is the highest of the open event, None while none is open; `now` the one
    whose rules speak or hold at present, less urgent once the event eases, None while it only waits for its end. What
    eases stays told as it was: nobody's notification is taken back.

    `ended` remembers the events of the last day as (opened at, highest tier), without technical ones.
    """

    tier: Tier | None = None
    reason: Reason | None = None
    opened_at: UnixSeconds = 0.0
    active_at: UnixSeconds = 0.0
    ended_at: UnixSeconds = 0.0
    ended_tier: Tier | None = None
    ended: tuple[tuple[UnixSeconds, Tier], ...] = ()
    now: Tier | None = None

    @property
    def eased(self) -> bool:
        """Whether the open event has become less urgent than it was."""
        return self.tier is not None and (self.now is None or self.tier.more_urgent_than(self.now))

    @property
    def learns_after(self) -> UnixSeconds:
        """When the baseline may learn (again): not during tiers 1 and 2 and shortly after."""
        if self.tier is not None and self.tier is not Tier.MONITOR:
            return self.opened_at + RELEARN_S
        serious = self.ended_tier is not None and self.ended_tier is not Tier.MONITOR
        return self.ended_at + GUARD_S if serious else 0.0

    def prior(self, time: UnixSeconds) -> PriorEpisodes:
        """How many events ended in the 24 hours before `time`, by tier."""
        recent = [tier for opened, tier in self.ended if time - opened <= MEMORY_S]
        return PriorEpisodes(*(recent.count(tier) for tier in Tier))


def follow(watch: Watch, finding: Finding, timing: Timing) -> tuple[Watch, Change]:
    """One second in the life of a resident's event.

    During the cooldown after an event only something more urgent opens another. An event ends when for
    `quiet_to_end_s` no rule of its tier (or tier 2, for a tier-1 event) spoke or held by hysteresis, and at once after
    a silence of `restart_gap_s`: what is only logged keeps no alert open, so that the next episode is told anew.

    >>> opened, change = follow(Watch(), Finding(0.0, Tier.URGENT, Reason.SUSTAINED), Timing())
    >>> change.value, opened.tier.name
    ('opened', 'URGENT')
    """
    if watch.tier is None:
        return _maybe_opened(watch, finding, timing)
    if finding.time - watch.active_at >= timing.restart_gap_s:
        return _ended(watch, finding.time), Change.ENDED
    if finding.tier is not None and finding.tier.more_urgent_than(watch.tier):
        raised = replace(
            watch, tier=finding.tier, reason=finding.reason, active_at=finding.time, now=finding.tier
        )  # fmt: skip
        return raised, Change.RAISED
    now = _present(finding)
    if _goes_on(watch.tier, finding.tier) or _goes_on(watch.tier, finding.lasting):
        return replace(watch, active_at=finding.time, now=now), Change.NONE
    if finding.time - watch.active_at < timing.quiet_to_end_s:
        return (watch if watch.now is now else replace(watch, now=now)), Change.NONE
    return _ended(watch, finding.time), Change.ENDED


def _maybe_opened(watch: Watch, finding: Finding, timing: Timing) -> tuple[Watch, Change]:
    if finding.tier is None:
        return watch, Change.NONE
    cooling = watch.ended_tier is not None and finding.time - watch.ended_at < timing.cooldown_s
    if cooling and watch.ended_tier is not None and not finding.tier.more_urgent_than(watch.ended_tier):
        return watch, Change.NONE
    opened = replace(
        watch, tier=finding.tier, reason=finding.reason, opened_at=finding.time, active_at=finding.time,
        now=finding.tier,
    )  # fmt: skip
    return opened, Change.OPENED


def _present(finding: Finding) -> Tier | None:
    """The most urgent tier that speaks or holds in this second."""
    tiers = [tier for tier in (finding.tier, finding.lasting) if tier is not None]
    return min(tiers, key=lambda tier: tier.value, default=None)


def _goes_on(tier: Tier, lasting: Tier | None) -> bool:
    return lasting is not None and lasting.value <= max(tier.value, Tier.URGENT.value)


def _ended(watch: Watch, time: UnixSeconds) -> Watch:
    assert watch.tier is not None
    if watch.reason is Reason.BLIND:
        return Watch(ended_at=watch.ended_at, ended_tier=watch.ended_tier, ended=watch.ended)
    kept = tuple(entry for entry in watch.ended if time - entry[0] <= MEMORY_S)
    return Watch(ended_at=time, ended_tier=watch.tier, ended=(*kept, (watch.opened_at, watch.tier)))
