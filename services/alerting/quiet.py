"""Leaves out receivers in their quiet hours: they hear of tier 1 only, unless nobody else would hear of a tier 2."""

from collections.abc import Sequence

from sqlalchemy import Connection

from services.alerting.chains import Chains
from services.alerting.stage import Stage, Telling
from services.vocabulary import Notice, Tier, UnixSeconds


def quiet(chains: Chains) -> Stage:
    """The tellings without the openings that would wake somebody for a tier 2 of which another one hears."""

    def stage(_: Connection, now: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
        asleep = chains.quiet(now)
        loud = [one for one in tellings if one.receiver not in asleep or not _may_wait(one)]
        return loud or list(tellings)

    return stage


def _may_wait(telling: Telling) -> bool:
    return telling.alert.tier is not Tier.IMMEDIATE and telling.notice is Notice.OPENED
