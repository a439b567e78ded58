"""Which chain an alert goes along, and which of its channels somebody answers now."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.alerting.chain_settings import ChainSettings, StepSettings
from services.alerting.escalation import Chain, Step
from services.alerting.settings import AppriseReceiver, Told
from services.alerting.shifts import EMPTY, ShiftRoster
from services.vocabulary import Seconds, Tier, UnixSeconds
from services.vocabulary.hours import within

EVERYBODY = "everybody"
"""Name of the chain that stands in where none is configured: all receivers of the tier, asked again and again."""
REPEAT_S: Seconds = 300.0
EXPIRE_S: Seconds = 3600.0
"""How often, and for how long, everybody is asked again where no chain is configured (source: guess)."""


@dataclass(frozen=True, slots=True)
class Chains:
    """The chains of a facility and the hours of its receivers, in the facility's time zone, and who is on shift."""

    receivers: tuple[Told, ...]
    configured: tuple[ChainSettings, ...]
    zone: tzinfo
    shifts: Callable[[], ShiftRoster] = lambda: EMPTY

    def of(self, tier: Tier, now: UnixSeconds) -> Chain | None:
        """The chain of a tier, with whoever is on shift now; None where nobody takes it."""
        for chosen in self.configured:
            if tier.value in chosen.tiers:
                return self._chain(chosen, tier, now)
        takers = tuple(receiver.name for receiver in self.receivers if tier.value in receiver.tiers)
        if not takers:
            return None
        answer_s, failover_s = PATIENCE[tier]
        everybody = Step("whoever is told", takers, answer_s, failover_s, together=True)
        return Chain(EVERYBODY, (everybody,), REPEAT_S, EXPIRE_S, until_over=tier is not Tier.IMMEDIATE)

    def outside(self, tier: Tier) -> list[str]:
        """The receivers that take a tier and stand in no chain: they are told at once, whoever else is."""
        roster = self.shifts()
        steps = [step for chain in self.configured for step in chain.steps]
        inside = {name for s in steps for name in (roster.channels(s.roster) if s.roster else s.channels)}
        return [r.name for r in self.receivers if tier.value in r.tiers and r.name not in inside]

    def people(self, tier: Tier, now: UnixSeconds) -> list[tuple[str, ...]]:
        """Who has the shift at each step of a configured chain; nobody by name where no roster says so."""
        roster = self.shifts()
        steps = next((chain.steps for chain in self.configured if tier.value in chain.tiers), ())
        return [roster.now(step.roster, now).people if step.roster else () for step in steps]

    @property
    def technical(self) -> list[str]:
        """The receivers that hear of cameras."""
        return [r.name for r in self.receivers if r.technical]

    @property
    def tests(self) -> list[str]:
        """The receivers that take canaries: those that are marked so or, where none is, the first webhook. Never by
        itself a chat or a phone."""
        marked = [r.name for r in self.receivers if r.tests]
        return marked or [r.name for r in self.receivers if not isinstance(r, AppriseReceiver)][:1]

    def usable(self, now: UnixSeconds, disabled: Collection[str]) -> frozenset[str]:
        """The receivers that are on shift and not disabled."""
        local = datetime.fromtimestamp(now, self.zone)
        minute = 60 * local.hour + local.minute
        return frozenset(
            r.name for r in self.receivers if r.name not in disabled and (not r.hours or within(minute, r.hours))
        )

    def quiet(self, now: UnixSeconds) -> frozenset[str]:
        """The receivers that want no tier 2 at this hour."""
        local = datetime.fromtimestamp(now, self.zone)
        return frozenset(r.name for r in self.receivers if within(60 * local.hour + local.minute, r.quiet_hours))

    def _chain(self, chosen: ChainSettings, tier: Tier, now: UnixSeconds) -> Chain:
        steps = tuple(self._step(step, tier, now) for step in chosen.steps)
        over = tier is not Tier.IMMEDIATE if chosen.until is None else chosen.until == "over"
        return Chain(chosen.name, steps, chosen.repeat_s, chosen.expire_s, over)

    def _step(self, step: StepSettings, tier: Tier, now: UnixSeconds) -> Step:
        role, channels = step.role, step.channels
        if step.roster:
            there = self.shifts().now(step.roster, now)
            role, channels = there.role if there.gap else role, there.channels
        answer_s, failover_s = PATIENCE[tier]
        return Step(role, channels, step.answer_s or answer_s, step.failover_s or failover_s, step.together)


PATIENCE: dict[Tier, tuple[Seconds, Seconds]] = {
    Tier.IMMEDIATE: (120.0, 20.0), Tier.URGENT: (600.0, 60.0), Tier.MONITOR: (600.0, 60.0),
}  # fmt: skip
"""By tier: seconds in which a person should take an alert, and in which a channel should have delivered it, unless a
step says otherwise (source: guess)."""


def missed_by(chain: Chain | None) -> Sequence[str]:
    """Who hears of an alert that was found too late: the last person of a configured chain."""
    return () if chain is None or chain.name == EVERYBODY else chain.steps[-1].channels
