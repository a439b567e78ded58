"""Who answers an event, and who answers beside it unheard: pure."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from services.vocabulary import AdapterRole, AdapterState, AdapterVersion, Event
from services.vocabulary.adapter import BASE


@dataclass(frozen=True, slots=True)
class Cast:
    """Who stands where; `active` is empty while the base model answers. `seeing` are the served names of those that
    were trained with pictures."""

    active: str = BASE
    canary: AdapterVersion | None = None
    shadow: str = ""
    seeing: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Every adapter that the servers must hold."""
        canary = self.canary.served_name if self.canary else ""
        return tuple(name for name in (self.active, canary, self.shadow) if name)

    def sees(self, served_name: str) -> bool:
        """Whether it may be shown pictures: the base model may, an adapter where it was trained with them.

        >>> Cast().sees(""), Cast().sees("words@0"), Cast(seeing=frozenset({"both@1"})).sees("both@1")
        (True, False, True)
        """
        return served_name == BASE or served_name in self.seeing


@dataclass(frozen=True, slots=True)
class Part:
    """Who is heard about one event (empty: the base model), as what, and who answers beside it (None: nobody)."""

    served_name: str
    role: AdapterRole
    beside: str | None = None


def cast_of(versions: Sequence[AdapterVersion], sees: Callable[[str], bool]) -> Cast:
    """Who stands where among all versions; `sees` says of a served name whether it was trained with pictures."""
    held = {version.state: version for version in versions}
    active, shadow = held.get(AdapterState.ACTIVE), held.get(AdapterState.SHADOW)
    made = Cast(
        active.served_name if active else BASE, held.get(AdapterState.CANARY), shadow.served_name if shadow else ""
    )
    return replace(made, seeing=frozenset(name for name in made.names if sees(name)))


def part_of(cast: Cast, event: Event) -> Part:
    """Every revision of an event is answered by the same one as long as nobody moves."""
    if cast.canary is not None and _is_for(cast.canary, event):
        return Part(cast.canary.served_name, AdapterRole.CANARY, cast.active)
    return Part(cast.active, AdapterRole.ACTIVE, cast.shadow or None)


def place_in_line(served_name: str, event_id: str) -> float:
    """Where an event falls between 0 and 1 for this version: even over events, the same for ever.

    >>> place_in_line("a@0", "e1") == place_in_line("a@0", "e1") != place_in_line("a@0", "e2")
    True
    """
    digest = hashlib.sha256(f"{served_name}\x1f{event_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


def _is_for(canary: AdapterVersion, event: Event) -> bool:
    if canary.rooms:
        return event.evidence.place in canary.rooms
    return place_in_line(canary.served_name, event.id) < canary.share
