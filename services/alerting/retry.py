"""When a failed delivery is tried again: within seconds at first, steadily while it is urgent, then for the record."""

from dataclasses import dataclass

from services.vocabulary import Seconds, UnixSeconds


@dataclass(frozen=True, slots=True)
class Schedule:
    """Source of each: guess; common webhook schedules stretch over a day, a fall cannot."""

    fast_s: tuple[Seconds, ...] = (2.0, 5.0, 10.0, 20.0)
    steady_s: Seconds = 30.0
    slow_s: Seconds = 300.0
    give_up_s: Seconds = 86_400.0


def next_attempt(
    attempts: int, since: UnixSeconds, now: UnixSeconds, urgent_s: Seconds, schedule: Schedule
) -> UnixSeconds | None:
    """When to try again after `attempts` failed attempts at a notice made at `since`; None: never again.

    >>> [next_attempt(n, 0.0, 0.0, 900.0, Schedule()) for n in (1, 2, 5)]
    [2.0, 5.0, 30.0]
    >>> next_attempt(40, 0.0, 1000.0, 900.0, Schedule()), next_attempt(300, 0.0, 86_300.0, 900.0, Schedule())
    (1300.0, None)
    """
    if attempts <= len(schedule.fast_s):
        wait = schedule.fast_s[attempts - 1]
    else:
        wait = schedule.steady_s if now - since < urgent_s else schedule.slow_s
    at = now + wait
    return at if at - since <= schedule.give_up_s else None
