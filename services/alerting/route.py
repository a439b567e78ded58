"""Stage 1: who is told, by the alert's tier."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting.settings import Receiver
from services.alerting.stage import Stage, Telling
from services.vocabulary import UnixSeconds


def route(receivers: Sequence[Receiver]) -> Stage:
    """One telling for every receiver that takes the alert's tier; one that already names its receiver goes on as is."""

    def stage(_: Connection, __: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
        return [routed for telling in tellings for routed in _routed(telling, receivers)]

    return stage


def _routed(telling: Telling, receivers: Sequence[Receiver]) -> list[Telling]:
    if telling.receiver:
        return [telling]
    takers = [receiver for receiver in receivers if telling.alert.tier.value in receiver.tiers]
    return [replace(telling, receiver=receiver.name) for receiver in takers]
