"""Hours of the day in which something else is ordinary: spans such as 21:30-06:30, over midnight too."""

import re
from collections.abc import Sequence

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
EXAMPLE = "21:30-06:30"


def minutes(span: str) -> tuple[int, int]:
    """First minute of the day that is in, and first that is not any more.

    Raises:
        ValueError: it is no span, or an empty one.

    >>> minutes("21:30-06:30")
    (1290, 390)
    """
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r}: expected hours such as {EXAMPLE}")
    first, last = (60 * int(found[i]) + int(found[i + 1]) for i in (1, 3))
    if first == last:
        raise ValueError(f"{span!r}: expected an end that is not the beginning")
    return first, last


def within(minute: int, spans: Sequence[str]) -> bool:
    """Whether a minute of the day lies in one of `spans`.

    >>> within(10, ("21:30-06:30",)), within(390, ("21:30-06:30",)), within(420, ("07:00-07:30",))
    (True, False, True)
    """
    for first, last in map(minutes, spans):
        if (first <= minute < last) if first < last else (minute >= first or minute < last):
            return True
    return False
