"""Says who is told, by the alert's tier and by who was told before."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting.chains import Chains
from services.alerting.stage import Stage, Telling
from services.ledger import DeliveryRepository
from services.vocabulary import Notice, UnixSeconds


def route(chains: Chains) -> Stage:
    """One telling for every receiver outside of chains that takes the alert's tier, and, of what follows an opening,
    for everybody who was told of it. A telling that names its receiver goes on as it is."""

    def stage(connection: Connection, _: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
        return [routed for telling in tellings for routed in _routed(connection, telling, chains)]

    return stage


def _routed(connection: Connection, telling: Telling, chains: Chains) -> list[Telling]:
    if telling.receiver:
        return [telling]
    takers = chains.technical if telling.alert.technical else chains.outside(telling.alert.tier)
    if telling.notice is not Notice.OPENED:
        takers += _told(connection, telling, takers)
    return [replace(telling, receiver=receiver) for receiver in takers]


def _told(connection: Connection, telling: Telling, besides: Collection[str]) -> list[str]:
    kept = DeliveryRepository(connection).dispatches_of(telling.alert.id)
    return list(dict.fromkeys(d.receiver for d in kept if d.receiver not in besides))
