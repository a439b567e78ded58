"""Which step an adapter's version may take: pure."""

from collections.abc import Mapping
from types import MappingProxyType

from services.vocabulary import AdapterState

S = AdapterState

STEPS: Mapping[AdapterState | None, frozenset[AdapterState]] = MappingProxyType(
    {
        None: frozenset({S.UPLOADED}),
        S.UPLOADED: frozenset({S.VERIFIED, S.REFUSED}),
        S.VERIFIED: frozenset({S.PROBED, S.REFUSED, S.RETIRED}),
        S.PROBED: frozenset({S.SHADOW, S.CANARY, S.ACTIVE, S.RETIRED, S.REFUSED}),
        S.SHADOW: frozenset({S.SHADOW, S.CANARY, S.ACTIVE, S.RETIRED}),
        S.CANARY: frozenset({S.CANARY, S.SHADOW, S.ACTIVE, S.RETIRED}),
        S.ACTIVE: frozenset({S.RETIRED}),
        S.RETIRED: frozenset({S.SHADOW, S.CANARY, S.ACTIVE}),
        S.REFUSED: frozenset({S.UPLOADED}),
    }
)
"""From where to where. A refused version begins anew when it is pushed again; a retired one was proven and may return.
"""
SINGLE = (S.SHADOW, S.CANARY, S.ACTIVE)
"""States that one version holds at a time."""
HEARD = (S.CANARY, S.ACTIVE)
"""States in which a version speaks to caregivers: it needs gates that it passed."""
JUDGED = (S.PROBED, S.SHADOW, S.CANARY, S.ACTIVE, S.RETIRED)
"""States in which a version's gates may be judged: the first two always, the others where somebody asks."""
SERVED = SINGLE
"""States in which the servers hold a version."""


class IllegalStep(ValueError):
    """A step that a version may not take from where it stands; the message says which it may."""


def check_step(served_name: str, before: AdapterState | None, after: AdapterState) -> None:
    """
    Raises:
        IllegalStep: `after` does not follow on `before`.

    >>> check_step("a@0", AdapterState.PROBED, AdapterState.ACTIVE)
    """
    if after in STEPS[before]:
        return
    stands = "is new" if before is None else f"is {before.value}"
    may = ", ".join(sorted(state.value for state in STEPS[before]))
    raise IllegalStep(f"{served_name} {stands} and cannot become {after.value}: expected {may}")
