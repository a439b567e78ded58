"""Compares a facility that was killed with one that was not: what was lost, what came twice, what differs."""

from collections import Counter
from dataclasses import dataclass

from services.runtime.codec import to_json
from services.vocabulary import AlertStatus, Event, Tier
from tests.bench.killing.house import House

TOLD = (AlertStatus.NOTIFIED, AlertStatus.ACKNOWLEDGED, AlertStatus.RESOLVED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` and `invented` events, events that `differ`, `conflicts`; of those that carers must hear of, how many were
    `silent` and how many were told `twice` under different idempotency keys; deliveries that came `again` under the
    same key, which a receiver that honours it passes over; and whether the last snapshots are `equal`."""

    events: int
    urgent: int
    lost: int
    invented: int
    differ: int
    conflicts: int
    silent: int
    twice: int
    again: int
    equal: bool


def compare(killed: House, calm: House) -> Verdict:
    """Both must have come to rest over the same samples."""
    found, expected = killed.events(), calm.events()
    both = found.keys() & expected.keys()
    opened, again = _openings(killed)
    urgent = [event for event in expected.values() if event.tier is not Tier.MONITOR]
    told = [_told(killed, event, opened) for event in urgent]
    return Verdict(
        events=len(expected),
        urgent=len(urgent),
        lost=len(expected.keys() - found.keys()),
        invented=len(found.keys() - expected.keys()),
        differ=sum(to_json(found[one]) != to_json(expected[one]) for one in both),
        conflicts=killed.conflicts(),
        silent=sum(times == 0 for times in told),
        twice=sum(times > 1 for times in told) + _others_twice(killed),
        again=again,
        equal=killed.snapshot() == calm.snapshot(),
    )


def all_told(house: House) -> bool:
    """Whether nothing that carers must hear of is still on its way."""
    alerts = [house.alert_of(event) for event in house.events().values() if event.tier is not Tier.MONITOR]
    return all(alert is not None and alert.status in TOLD for alert in alerts)


def _openings(house: House) -> tuple[dict[str, set[str]], int]:
    """Idempotency keys of the openings of each alert, and messages that came again under their key."""
    keys: dict[str, set[str]] = {}
    again = 0
    for line in house.received():
        assert line["verified"], line
        again += bool(line["duplicate"])
        if line["type"] == "alert.opened":
            keys.setdefault(str(line["alert"]), set()).add(str(line["message"]))
    return keys, again


def _told(house: House, event: Event, opened: dict[str, set[str]]) -> int:
    alert = house.alert_of(event)
    return 0 if alert is None else len(opened.get(alert.id, ()))


def _others_twice(house: House) -> int:
    """Alerts whose end was told under two keys."""
    ends = {(line["alert"], line["message"]) for line in house.received() if line["type"] == "alert.resolved"}
    return sum(times > 1 for times in Counter(alert for alert, _ in ends).values())
